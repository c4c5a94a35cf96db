#include "gateway/core/presence.h"

#include <string.h>

#include "gateway/core/inside.h"

enum { RECORD_PRESENT = 1 << 0, RECORD_ON_ROLL = 1 << 1 };

static const struct person_cell nobody = { .room = NO_INDEX, .tapped_at = NO_INDEX, .roll_room = NO_INDEX };

void presence_begin(struct core *core)
{
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        core->people[i] = nobody;
    }
}

// ---- Places

struct person_cell *presence_find(const struct core *core, const char *pseudonym)
{
    for (size_t i = 0; *pseudonym && i < CORE_PEOPLE; i++) {
        if (core_same_text(core->people[i].pseudonym, pseudonym)) {
            return &core->people[i];
        }
    }
    return NULL;
}

// Nobody's, or of somebody who is neither in the house nor on a roll, and whose last tap was the longest ago.
static struct person_cell *free_place(const struct core *core)
{
    struct person_cell *found = NULL;
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        struct person_cell *person = &core->people[i];
        if (!person->pseudonym[0]) {
            return person;
        }
        if (person->room == NO_INDEX && person->roll_room == NO_INDEX &&
            (!found || person->tapped_ns < found->tapped_ns)) {
            found = person;
        }
    }
    return found;
}

// NULL: there is no place, or this is no pseudonym.
static struct person_cell *place_for(const struct core *core, const char *pseudonym)
{
    struct person_cell *person = presence_find(core, pseudonym);
    size_t length = 0;
    while (length < PSEUDONYM_SIZE && pseudonym[length]) {
        length++;
    }
    if (person || length == 0 || length == PSEUDONYM_SIZE) {
        return person;
    }
    person = free_place(core);
    if (person) {
        *person = nobody;
        memcpy(person->pseudonym, pseudonym, length);
    }
    return person;
}

// ---- Taps and corrections

struct state_record presence_record(const struct core *core, const struct person_cell *person, size_t r)
{
    bool rolled = person->roll_room == r;
    return (struct state_record){
        .kind = RECORD_PERSON,
        .room = core_room_name(core, r),
        .state = (uint8_t)((person->room == r ? RECORD_PRESENT : 0) | (rolled ? RECORD_ON_ROLL : 0)),
        .occurrence = rolled ? person->roll_number : core->rolls,
        .since_boottime_ns = person->since_ns,
        .since_wall_ms = person->since_wall_ms,
        .rest_ns = rolled ? (int64_t)person->marked_ns : 0,
        .number = { person->kind, rolled ? person->mark : ROLL_UNMARKED },
    };
}

// The reader is named where it is in the room that the event is about.
static struct event *tell(struct step *step, enum event_type type, const struct person_cell *person, size_t r,
                          const struct core_input *input)
{
    const struct core *core = step->core;
    const struct core_plan *plan = core->plan;
    bool there = input->point < plan->n_points && plan->points[input->point].room_index == r;
    struct event *event = change_event(step, type, CLASS_ATTENDANCE, core_room_name(core, r),
                                       there ? plan->points[input->point].id : NULL);
    if (event) { // an input is the first to tell something in its step
        memcpy(event->person, person->pseudonym, sizeof event->person);
        event_add_word(event, FIELD_KIND, person_kind_names[person->kind]);
        event->record = presence_record(core, person, r);
    }
    return event;
}

static void leave(struct step *step, struct person_cell *person, bool moves, const struct core_input *input)
{
    size_t from = person->room;
    person->room = NO_INDEX;
    struct event *event = tell(step, EVENT_ATTENDANCE_LEFT, person, from, input);
    if (event && moves) {
        event_add_word(event, FIELD_REASON, "moved");
    }
}

static void enter(struct step *step, struct person_cell *person, const struct core_input *input)
{
    if (person->room != NO_INDEX) {
        leave(step, person, true, input);
    }
    person->room = input->room;
    person->since_ns = step->now->boottime_ns;
    person->since_wall_ms = step->now->wall_ms;
}

// Held, or tapped again too soon.
static bool tapped_again(const struct step *step, struct person_cell *person, size_t reader)
{
    uint64_t now_ns = step->now->boottime_ns;
    bool again = person->tapped_at == reader && now_ns - person->tapped_ns < PRESENCE_TAP_NS;
    person->tapped_at = reader;
    person->tapped_ns = now_ns;
    return again;
}

static void tap(struct step *step, struct person_cell *person, const struct core_input *input)
{
    bool present = input->toggle ? person->room != input->room : input->present;
    if (tapped_again(step, person, input->point)) {
        return;
    }
    if (!present && person->room != NO_INDEX) {
        leave(step, person, false, input);
    } else if (present && person->room != input->room) {
        enter(step, person, input);
        (void)tell(step, EVENT_ATTENDANCE_ARRIVED, person, input->room, input);
    }
}

// It is told in any case: somebody has said so.
static void correct(struct step *step, struct person_cell *person, const struct core_input *input)
{
    size_t room = input->present || person->room == NO_INDEX ? input->room : person->room;
    if (!input->present) {
        person->room = NO_INDEX;
    } else if (person->room != input->room) {
        enter(step, person, input);
    }
    struct event *event = tell(step, EVENT_ATTENDANCE_CORRECTED, person, room, input);
    if (event) {
        event_add_word(event, FIELD_DIRECTION,
                       direction_names[input->present ? DIRECTION_IN : DIRECTION_OUT]);
        change_asker(event, input);
    }
}

enum core_answer presence_answer(struct step *step, const struct core_input *input)
{
    const char *room = core_room_name(step->core, input->room);
    if (!room || !input->person || (unsigned)input->person_kind >= PERSON_KIND_COUNT) {
        return CORE_ANSWER_NO_POINT; // there is nothing that an event could name
    }
    struct person_cell *person = place_for(step->core, input->person);
    if (!person) {
        change_refused_in(step, room, "presence", input, CORE_ANSWER_FULL);
        return CORE_ANSWER_FULL;
    }
    person->kind = input->person_kind;
    if (input->point == NO_INDEX) {
        correct(step, person, input);
    } else {
        tap(step, person, input);
    }
    return CORE_ANSWER_DONE;
}

// ---- Rolls

static void put_on_roll(struct person_cell *person, size_t room, uint64_t number)
{
    person->roll_room = room;
    person->roll_number = number;
    person->mark = ROLL_UNMARKED;
    person->marked_ns = 0;
}

void presence_freeze(struct core *core, uint64_t number)
{
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        struct person_cell *person = &core->people[i];
        if (person->room != NO_INDEX && core->rooms[person->room].roll.number == number) {
            put_on_roll(person, person->room, number);
            core->rooms[person->room].roll.frozen.kinds[person->kind]++;
            core->rooms[person->room].roll.frozen.marks[ROLL_UNMARKED]++;
        }
    }
}

void presence_thaw(struct core *core, size_t r)
{
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        if (core->people[i].roll_room == r) {
            core->people[i].roll_room = NO_INDEX;
        }
    }
}

struct core_roll_count presence_count(const struct core *core, size_t r, uint64_t *ret_last_ns)
{
    struct core_roll_count count = { .kinds = { 0 } };
    *ret_last_ns = 0;
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        const struct person_cell *person = &core->people[i];
        if (person->roll_room != r) {
            continue;
        }
        count.kinds[person->kind]++;
        count.marks[person->mark]++;
        if (person->mark == ROLL_SAFE && person->marked_ns > *ret_last_ns) {
            *ret_last_ns = person->marked_ns;
        }
    }
    return count;
}

// ---- After a restart
//
// A freeze writes no record of each person, so who is on a roll follows from the records there are. One that
// was written before the freeze (the newest roll had a lower number then) and says "in the room" means: on
// the roll. One that was written since says itself whether the person is, by the roll's number.

static bool valid(const struct core *core, size_t r, const struct state_record *record)
{
    return r < core->plan->n_rooms && record->item && record->number[0] >= 0 &&
           record->number[0] < PERSON_KIND_COUNT && record->number[1] >= 0 &&
           record->number[1] < ROLL_MARK_COUNT;
}

bool presence_restore(struct core *core, size_t r, const struct state_record *record)
{
    if (!valid(core, r, record)) {
        return false;
    }
    core->rolls = record->occurrence > core->rolls ? record->occurrence : core->rolls;
    if (!(record->state & (RECORD_PRESENT | RECORD_ON_ROLL))) {
        return true;
    }
    struct person_cell *person = place_for(core, record->item);
    if (!person) {
        return false;
    }
    person->kind = (enum person_kind)record->number[0];
    if ((record->state & RECORD_PRESENT) &&
        (person->room == NO_INDEX || person->since_wall_ms < record->since_wall_ms)) {
        person->room = r;
        person->since_ns = record->since_boottime_ns;
        person->since_wall_ms = record->since_wall_ms;
        person->seen_roll = record->occurrence;
    }
    if ((record->state & RECORD_ON_ROLL) &&
        (person->roll_room == NO_INDEX || person->roll_number < record->occurrence)) {
        put_on_roll(person, r, record->occurrence);
        person->mark = (enum roll_mark)record->number[1];
        person->marked_ns = record->rest_ns > 0 ? (uint64_t)record->rest_ns : 0;
    }
    return true;
}

// The number of the roll that runs there; 0: none does.
static uint64_t running(const struct core *core, size_t r)
{
    return r != NO_INDEX && core->rooms[r].roll.of != CORE_ROLL_NONE ? core->rooms[r].roll.number : 0;
}

void presence_settle(struct core *core)
{
    for (size_t i = 0; i < CORE_PEOPLE && !core->begun; i++) {
        struct person_cell *person = &core->people[i];
        if (running(core, person->roll_room) != person->roll_number) {
            person->roll_room = NO_INDEX; // of one that has ended
        }
        uint64_t here = running(core, person->room);
        if (person->seen_roll < here && (person->roll_room == NO_INDEX || person->roll_number < here)) {
            put_on_roll(person, person->room, here);
        }
        if (person->room == NO_INDEX && person->roll_room == NO_INDEX) {
            *person = nobody;
        }
    }
}

bool core_view_person(const struct core *core, size_t index, struct core_person_view *ret_view)
{
    const struct person_cell *person = &core->people[index];
    if (!person->pseudonym[0]) {
        return false;
    }
    *ret_view = (struct core_person_view){ .kind = person->kind,
                                           .room = person->room,
                                           .since_ns = person->since_ns,
                                           .since_wall_ms = person->since_wall_ms,
                                           .roll_room = person->roll_room,
                                           .mark = person->mark };
    memcpy(ret_view->pseudonym, person->pseudonym, sizeof ret_view->pseudonym);
    return true;
}
