// Random buildings: two rooms with all that a room can have, and the gateway.
#include "tests/unit/model.h"

#define NAME_BYTES 40

struct core_point house_points[POINTS];
struct core_alarm house_alarms[ALARMS];
struct core_output house_outputs[OUTPUTS];
struct core_room house_rooms[ROOMS];
struct core_member house_members[MEMBERS];
const char *const room_names[ROOMS + 1] = { "butterfly", "ladybird", "gateway" };
struct core_plan house = { .points = house_points,
                           .n_points = POINTS,
                           .alarms = house_alarms,
                           .outputs = house_outputs,
                           .n_outputs = OUTPUTS,
                           .rooms = house_rooms,
                           .n_rooms = ROOMS,
                           .members = house_members };
unsigned smoke_percent, calm_percent, pace;
bool may_be_late;
size_t rhythm;

uint64_t random_state, first_seed, step_number;
static char names[POINTS + ALARMS][NAME_BYTES];

uint64_t random64(void) // splitmix64
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

unsigned below(unsigned n)
{
    return (unsigned)((random64() >> 32) * n >> 32);
}

bool chance(unsigned percent)
{
    return below(100) < percent;
}

bool polled(size_t p)
{
    return !house_points[p].contact && house_points[p].room_index < ROOMS;
}

bool of_fire(size_t p)
{
    return house_points[p].role == ROLE_SMOKE || house_points[p].role == ROLE_HEAT ||
           house_points[p].role == ROLE_CALL_POINT;
}

static const char *name(size_t slot, const char *word, size_t number)
{
    (void)snprintf(names[slot], NAME_BYTES, "%s-%zu", word, number);
    return names[slot];
}

static struct core_alarm *make_alarm(size_t point, enum core_alarm_kind kind, const char *word)
{
    size_t a = house.n_alarms++;
    CHECK(a < ALARMS);
    house_alarms[a] = (struct core_alarm){ .room = house_points[point].room,
                                           .id = name(POINTS + a, word, a),
                                           .room_index = house_points[point].room_index,
                                           .kind = kind,
                                           .point = point,
                                           .class = CLASS_SAFETY };
    return &house_alarms[a];
}

static void make_own(size_t point, enum core_alarm_kind kind, const char *word)
{
    struct core_alarm *alarm = make_alarm(point, kind, word);
    alarm->severity = chance(80) ? SEVERITY_TROUBLE : SEVERITY_WARNING;
    alarm->class = CLASS_FAULT;
    alarm->ending = chance(80) ? ALARM_CLEARS_ITSELF : ALARM_WANTS_ANSWER;
}

static void make_contact(size_t point, bool confirmed)
{
    static const struct {
        enum contact_role role;
        enum severity severity;
        enum alarm_ending ending;
    } others[] = { { ROLE_GAS, SEVERITY_CRITICAL, ALARM_LATCHES },
                   { ROLE_HELP, SEVERITY_CRITICAL, ALARM_LATCHES },
                   { ROLE_WATER, SEVERITY_WARNING, ALARM_WANTS_ANSWER },
                   { ROLE_MAINS, SEVERITY_WARNING, ALARM_CLEARS_ITSELF },
                   { ROLE_TAMPER, SEVERITY_ADVISORY, ALARM_WANTS_ANSWER } };
    size_t i = below(5), slot = point % PER_ROOM;
    bool fire = slot != IN_OTHER;
    static const enum contact_role detectors[] = { ROLE_SMOKE, ROLE_HEAT, ROLE_CALL_POINT };
    house_points[point].role = !fire ? others[i].role : slot == IN_SMOKE ? ROLE_SMOKE : detectors[below(3)];
    struct core_alarm *alarm = make_alarm(point, CORE_ALARM_CONTACT, "contact");
    alarm->severity = !fire ? others[i].severity : confirmed ? SEVERITY_CRITICAL : SEVERITY_FIRE;
    alarm->class = fire ? CLASS_FIRE : CLASS_SAFETY;
    alarm->ending = fire ? ALARM_LATCHES : others[i].ending;
    alarm->confirmed = fire && confirmed;
    if (fire && chance(20)) { // no configuration can have this; if one did, nothing would come of it
        alarm->not_in_fire = true;
        alarm->first_suppressor = house.n_members;
        alarm->n_suppressors = 1;
        house_members[house.n_members++] =
            (struct core_member){ .contact = true, .index = point - slot + IN_DOOR };
    }
}

static uint64_t some_delay(void)
{
    return chance(40) ? 0 : (1 + below(60)) * S;
}

static void judge_so(struct core_alarm *alarm)
{
    alarm->severity = below(SEVERITY_FIRE);
    alarm->ending = alarm->severity >= SEVERITY_CRITICAL ? ALARM_WANTS_ANSWER : below(ALARM_ENDING_COUNT);
    alarm->on_delay_ns = some_delay();
    alarm->off_delay_ns = some_delay();
}

static void make_rule(size_t point, enum core_alarm_kind kind, const char *word)
{
    struct core_alarm *alarm = make_alarm(point, kind, word);
    judge_so(alarm);
    bool co2 = chance(60);
    alarm->quantity = co2 ? QUANTITY_CO2 : QUANTITY_TEMPERATURE;
    alarm->above = kind == CORE_ALARM_APART || chance(70);
    bool difference = kind == CORE_ALARM_APART || kind == CORE_ALARM_RISE;
    alarm->threshold = difference ? 20 : co2 ? 1500 : 26000;
    alarm->deadband = chance(70) ? 10 : 0;
    alarm->window_ns = (1 + below(4)) * 60 * S;
}

// A member or suppressor: a contact of the room, or a rule that stands before.
static struct core_member some_member(size_t room, size_t first_rule)
{
    static const size_t contacts[] = { IN_SMOKE, IN_HEAT, IN_OTHER, IN_DOOR };
    bool contact = first_rule == house.n_alarms || chance(40);
    return (struct core_member){
        .contact = contact,
        .index = contact ? room * PER_ROOM + contacts[below(4)]
                         : first_rule + below((unsigned)(house.n_alarms - first_rule)),
    };
}

static size_t some_members(size_t room, size_t first_rule, size_t n)
{
    size_t first = house.n_members;
    CHECK(first + n <= MEMBERS);
    for (size_t i = 0; i < n; i++) {
        house_members[house.n_members++] = some_member(room, first_rule);
    }
    return first;
}

static void suppress_some(size_t first_rule, bool not_in_fire)
{
    size_t a = --house.n_alarms; // the last one made; it does not suppress itself
    house_alarms[a].n_suppressors = chance(60) ? 1 + below(2) : 0;
    house_alarms[a].first_suppressor =
        some_members(house_alarms[a].room_index, first_rule, house_alarms[a].n_suppressors);
    house_alarms[a].not_in_fire = not_in_fire;
    house.n_alarms++;
}

static void make_confirm(size_t room, const size_t detectors[2])
{
    struct core_alarm *alarm = make_alarm(room * PER_ROOM, CORE_ALARM_CONFIRM, "confirm");
    alarm->point = 0;
    alarm->severity = SEVERITY_FIRE;
    alarm->class = CLASS_FIRE;
    alarm->ending = ALARM_LATCHES;
    alarm->first_member = house.n_members;
    alarm->n_members = 2;
    alarm->at_least = 1 + below(2);
    alarm->at_least = chance(80) ? 2 : alarm->at_least;
    alarm->prealarm_ns = chance(10) ? 0 : (1 + below(120)) * S;
    alarm->off_delay_ns = chance(80) ? 0 : some_delay();
    CHECK(house.n_members + 2 <= MEMBERS);
    house_members[house.n_members++] = (struct core_member){ .index = detectors[0] };
    house_members[house.n_members++] = (struct core_member){ .index = detectors[1] };
}

static void make_combination(size_t room, size_t first_rule)
{
    size_t n = 2 + below(2), first = some_members(room, first_rule, n);
    struct core_alarm *alarm = make_alarm(room * PER_ROOM, CORE_ALARM_COMBINATION, "combination");
    judge_so(alarm);
    alarm->point = 0;
    alarm->first_member = first;
    alarm->n_members = n;
    alarm->at_least = 1 + below((unsigned)n);
}

static void make_rules(size_t room, const size_t detectors[2], bool confirmed)
{
    static const enum core_alarm_kind kinds[] = { CORE_ALARM_THRESHOLD, CORE_ALARM_MEAN, CORE_ALARM_RISE,
                                                  CORE_ALARM_UNCHANGED };
    size_t first = house.n_alarms, air = room * PER_ROOM + IN_AIR, air2 = room * PER_ROOM + IN_AIR2;
    make_rule(air, CORE_ALARM_THRESHOLD, "rule");
    make_rule(air, kinds[below(4)], "rule");
    make_rule(air2, kinds[1 + below(3)], "rule");
    suppress_some(first, false);
    struct core_alarm *door = make_alarm(room * PER_ROOM + IN_DOOR, CORE_ALARM_CONTACT, "held");
    judge_so(door);
    suppress_some(first, !may_be_late);
    make_rule(air, CORE_ALARM_APART, "apart");
    house_alarms[house.n_alarms - 1].other_point = air2;
    suppress_some(first, false);
    make_combination(room, first);
    suppress_some(first, !may_be_late && chance(20));
    make_rule(air2, CORE_ALARM_THRESHOLD, "rule");
    suppress_some(first, false);
    if (confirmed) {
        make_confirm(room, detectors);
    }
}

static void make_point(size_t p)
{
    static const char *const words[PER_ROOM] = { "smoke", "heat", "other", "air", "air2", "door", "reader" };
    size_t room = p / PER_ROOM; // the last two points fall to the gateway
    house_points[p] = (struct core_point){ .room = room_names[room],
                                           .id = name(p, room < ROOMS ? words[p % PER_ROOM] : "own", p),
                                           .room_index = room };
    make_own(p, CORE_ALARM_TROUBLE, "trouble");
    house_points[p].trouble_id = house_alarms[house.n_alarms - 1].id;
    if (room == ROOMS) {
        return;
    }
    if (chance(90)) {
        make_own(p, CORE_ALARM_ISOLATED, "isolated");
    }
    house_points[p].contact = p % PER_ROOM != IN_AIR && p % PER_ROOM != IN_AIR2;
    if (!house_points[p].contact) {
        house_points[p].stale_ns = chance(30) ? (5 + below(30)) * S : (60 + below(600)) * S;
        house_points[p].warm_up_ns = chance(50) ? 0 : below(60) * S;
    }
    if (p % PER_ROOM == IN_DOOR) {
        house_points[p].role = chance(50) ? ROLE_DOOR : ROLE_WINDOW;
    }
}

static void make_room(size_t room)
{
    size_t detectors[2] = { 0, 0 };
    bool confirmed = chance(60);
    for (size_t i = 0; i < PER_ROOM; i++) {
        size_t p = room * PER_ROOM + i;
        make_point(p);
        if (i == IN_SMOKE || i == IN_HEAT || i == IN_OTHER) {
            make_contact(p, confirmed);
        }
        if (i == IN_SMOKE || i == IN_HEAT) {
            detectors[i] = house.n_alarms - 1;
        }
    }
    make_rules(room, detectors, confirmed);
    house_rooms[room].type = chance(50) ? ROOM_SLEEP : ROOM_PLAY;
}

void make_building(void)
{
    house.n_alarms = house.n_members = 0;
    smoke_percent = (unsigned[]){ 0, 1, 1, 30 }[below(4)];
    calm_percent = (unsigned[]){ 30, 50, 97 }[below(3)];
    pace = chance(50) ? 1 : 10;
    may_be_late = chance(25);
    rhythm = chance(90) ? NONE : below(ROOMS) * PER_ROOM + (chance(50) ? IN_OTHER : IN_DOOR);
    for (size_t r = 0; r < ROOMS; r++) {
        make_room(r);
    }
    make_point(POINTS - 2);
    make_point(POINTS - 1);
    for (size_t o = 0; o < OUTPUTS; o++) {
        enum output_role role = o % OUTPUT_ROLE_COUNT;
        house_outputs[o] = (struct core_output){ .room = room_names[o / OUTPUT_ROLE_COUNT],
                                                 .id = "output",
                                                 .room_index = o / OUTPUT_ROLE_COUNT,
                                                 .role = chance(90) ? role : below(OUTPUT_ROLE_COUNT) };
        house_outputs[o].min_run_ns = house_outputs[o].role == OUTPUT_VENTILATION ? below(200) * S : 0;
    }
}
