#include "gateway/core/evacuation.h"

#include <string.h>

#include "gateway/core/inside.h"

// ---- Beginning and end

// The rooms that are meant: from first up to below end.
struct span {
    size_t first, end;
};

static struct span all_rooms(const struct core *core)
{
    return (struct span){ 0, core->plan->n_rooms };
}

static struct span rooms_meant(const struct core *core, const struct core_input *input)
{
    bool all = input->room == core->plan->n_rooms;
    return all ? all_rooms(core) : (struct span){ input->room, input->room + 1 };
}

// A room without any part has no name that an event could have, nor a reader that could put anybody into it.
static bool may_begin(const struct core *core, size_t r)
{
    return core->rooms[r].roll.of == CORE_ROLL_NONE && core_room_name(core, r);
}

// Where none runs. Who is on them is known at once, and told as soon as there is room for the events.
static void freeze(struct step *step, struct span span, enum core_roll of, uint64_t for_ns)
{
    struct core *core = step->core;
    bool trusted = step->now->clock != CLOCK_UNSYNCHRONISED;
    core->rolls++;
    for (size_t r = span.first; r < span.end; r++) {
        if (!may_begin(core, r)) {
            continue;
        }
        core->rooms[r].roll = (struct roll){ .of = of,
                                             .number = core->rolls,
                                             .since_ns = step->now->boottime_ns,
                                             .timed = true,
                                             .since_wall_ms = trusted ? step->now->wall_ms : 0,
                                             .begun = true,
                                             .ended = core->rooms[r].roll.ended };
        if (of == CORE_ROLL_DRILL) {
            core->rooms[r].roll.until_ns = step->now->boottime_ns + for_ns;
            core->rooms[r].roll.until_wall_ms = life_wall_end(step->now, for_ns);
            core->rooms[r].drill_since_ns = step->now->boottime_ns + (step->now->boottime_ns == 0);
            follow_note(core, r);
        }
        core->roll_news = true;
    }
    presence_freeze(core, core->rolls);
}

static uint64_t age_ns(const struct roll *roll, uint64_t now_ns)
{
    return roll->before_ns + (now_ns - roll->since_ns);
}

static void end(struct step *step, size_t r, enum roll_ending why)
{
    struct core *core = step->core;
    struct roll *roll = &core->rooms[r].roll;
    if (!roll->begun) { // else fire came at the very moment in which a drill began: there was none
        roll->ended = (struct roll_end){ .of = roll->of,
                                         .why = why,
                                         .number = roll->number,
                                         .timed = roll->timed,
                                         .took_ns = age_ns(roll, step->now->boottime_ns) };
        roll->ended.count = presence_count(core, r, &roll->ended.evacuated_ns);
        core->roll_news = true;
    }
    presence_thaw(core, r);
    if (roll->of == CORE_ROLL_DRILL) {
        core->rooms[r].drill_since_ns = 0;
        follow_note(core, r);
    }
    roll->of = CORE_ROLL_NONE;
    roll->begun = false;
    roll->until_ns = 0;
}

static void end_all(struct step *step, enum core_roll of, enum roll_ending why)
{
    for (size_t r = 0; r < step->core->plan->n_rooms; r++) {
        if (step->core->rooms[r].roll.of == of) {
            end(step, r, why);
        }
    }
}

void evacuation_tick(struct step *step)
{
    for (size_t r = 0; r < step->core->plan->n_rooms; r++) {
        uint64_t until_ns = step->core->rooms[r].roll.until_ns;
        if (until_ns != 0 && until_ns <= step->now->boottime_ns) {
            end(step, r, ROLL_EXPIRED);
        }
    }
}

// After a restart a room may be without its roll, since its event did not reach the disk: it has one at the
// first step, which looks at all of them for that reason.
void evacuation_follow(struct step *step)
{
    struct core *core = step->core;
    bool fire = core->n_fire != 0;
    if (core->begun && fire == core->evacuating) {
        return;
    }
    core->begun = true;
    core->evacuating = fire;
    if (!fire) {
        end_all(step, CORE_ROLL_FIRE, ROLL_ENDED);
        return;
    }
    end_all(step, CORE_ROLL_DRILL, ROLL_FIRE);
    freeze(step, all_rooms(core), CORE_ROLL_FIRE, 0);
}

// ---- What people ask

static enum core_answer may_stop(const struct core *core, struct span span)
{
    for (size_t r = span.first; r < span.end; r++) {
        if (core->rooms[r].roll.of == CORE_ROLL_DRILL) {
            return CORE_ANSWER_DONE;
        }
    }
    return CORE_ANSWER_NO_DRILL;
}

// One at a time: people walk from room to room, and nobody is to be looked for on two lists.
static enum core_answer may_start(const struct core *core, const struct core_input *input, struct span span)
{
    if (core->n_fire != 0) {
        return CORE_ANSWER_FIRE;
    }
    if (input->for_ns > CORE_DRILL_MAX_NS) {
        return CORE_ANSWER_TOO_LONG;
    }
    if (may_stop(core, all_rooms(core)) == CORE_ANSWER_DONE) {
        return CORE_ANSWER_DRILL_RUNS;
    }
    for (size_t r = span.first; r < span.end; r++) {
        if (may_begin(core, r)) {
            return CORE_ANSWER_DONE;
        }
    }
    return CORE_ANSWER_NO_DRILL; // none of them has a part
}

enum core_answer evacuation_drill(struct step *step, const struct core_input *input)
{
    struct core *core = step->core;
    if (input->room > core->plan->n_rooms) {
        return CORE_ANSWER_NO_DRILL; // no such room: there is nothing that an event could name
    }
    struct span span = rooms_meant(core, input);
    enum core_answer answer = input->for_ns == 0 ? may_stop(core, span) : may_start(core, input, span);
    if (answer != CORE_ANSWER_DONE) {
        change_refused_in(step, core_room_name(core, input->room), "drill", input, answer);
        return answer;
    }
    // More rooms may be meant than events fit: the rest is told at the calls that follow at once.
    memset(core->driller, 0, sizeof core->driller);
    change_copy_actor(core->driller, input->actor ? input->actor : "");
    core->driller_remote = input->remote;
    if (input->for_ns != 0) {
        freeze(step, span, CORE_ROLL_DRILL, input->for_ns);
        return answer;
    }
    for (size_t r = span.first; r < span.end; r++) {
        if (core->rooms[r].roll.of == CORE_ROLL_DRILL) {
            end(step, r, ROLL_ENDED);
        }
    }
    return answer;
}

static bool any_roll(const struct core *core)
{
    for (size_t r = 0; r < core->plan->n_rooms; r++) {
        if (core->rooms[r].roll.of != CORE_ROLL_NONE) {
            return true;
        }
    }
    return false;
}

static enum core_answer may_mark(const struct core *core, const struct core_input *input)
{
    const struct person_cell *person = input->person ? presence_find(core, input->person) : NULL;
    if (!any_roll(core)) {
        return CORE_ANSWER_NO_DRILL;
    }
    if (!person || person->roll_room == NO_INDEX || (unsigned)input->mark >= ROLL_MARK_COUNT) {
        return CORE_ANSWER_NOT_ON_ROLL;
    }
    bool of_fire = core->rooms[person->roll_room].roll.of == CORE_ROLL_FIRE;
    return input->remote && of_fire ? CORE_ANSWER_REMOTE_FIRE : CORE_ANSWER_DONE;
}

enum core_answer evacuation_mark(struct step *step, const struct core_input *input)
{
    struct core *core = step->core;
    enum core_answer answer = may_mark(core, input);
    if (answer != CORE_ANSWER_DONE) {
        change_refused_in(step, core_room_name(core, input->room), "mark", input, answer);
        return answer;
    }
    struct person_cell *person = presence_find(core, input->person);
    size_t r = person->roll_room;
    if (person->mark != input->mark) { // said once more, it was so before
        person->mark = input->mark;
        person->marked_ns = age_ns(&core->rooms[r].roll, step->now->boottime_ns);
    }
    struct event *event =
        change_event(step, EVENT_EVACUATION_MARKED, CLASS_ATTENDANCE, core_room_name(core, r), NULL);
    if (event) { // an input is the first to tell something in its step
        memcpy(event->person, person->pseudonym, sizeof event->person);
        event_add_word(event, FIELD_KIND, person_kind_names[person->kind]);
        event_add_word(event, FIELD_MARK, roll_mark_names[person->mark]);
        event->record = presence_record(core, person, r);
        change_asker(event, input);
    }
    return answer;
}

// ---- What is told

static void add_kinds(struct event *event, const struct core_roll_count *count)
{
    event_add_number(event, FIELD_CHILDREN, count->kinds[PERSON_CHILD]);
    event_add_number(event, FIELD_STAFF, count->kinds[PERSON_STAFF]);
    event_add_number(event, FIELD_GUARDIANS, count->kinds[PERSON_GUARDIAN]);
}

static void add_driller(struct event *event, const struct core *core)
{
    change_asker(event, &(struct core_input){ .actor = core->driller, .remote = core->driller_remote });
}

static bool tell_begun(struct step *step, size_t r)
{
    struct roll *roll = &step->core->rooms[r].roll;
    bool drill = roll->of == CORE_ROLL_DRILL;
    struct event *event = change_event(step, drill ? EVENT_DRILL_STARTED : EVENT_EVACUATION_STARTED,
                                       CLASS_FIRE, core_room_name(step->core, r), NULL);
    if (!event) {
        return false;
    }
    roll->begun = false;
    add_kinds(event, &roll->frozen);
    event->record = (struct state_record){ .kind = drill ? RECORD_DRILL : RECORD_EVACUATION,
                                           .room = event->room,
                                           .item = "",
                                           .state = 1,
                                           .occurrence = roll->number,
                                           .since_boottime_ns = roll->since_ns,
                                           .since_wall_ms = roll->since_wall_ms };
    if (drill) {
        event->record.until_boottime_ns = roll->until_ns;
        event->record.until_wall_ms = roll->until_wall_ms;
        event->record.rest_ns = (int64_t)(roll->until_ns - step->now->boottime_ns);
        if (roll->until_wall_ms != 0) {
            event_add_number(event, FIELD_UNTIL_MS, roll->until_wall_ms);
        }
        add_driller(event, step->core);
    }
    return true;
}

static void add_times(struct event *event, const struct roll_end *ended)
{
    unsigned safe = ended->count.marks[ROLL_SAFE];
    bool all = safe > 0 && !ended->count.marks[ROLL_MISSING] && !ended->count.marks[ROLL_UNMARKED];
    if (ended->timed) {
        event_add_number(event, FIELD_DURATION_S, (int64_t)(ended->took_ns / NS_PER_S));
    }
    if (ended->timed && all) {
        event_add_number(event, FIELD_EVACUATED_S, (int64_t)(ended->evacuated_ns / NS_PER_S));
    }
}

static bool tell_ended(struct step *step, size_t r)
{
    static const char *const reasons[] = {
        [ROLL_ENDED] = "ended",
        [ROLL_EXPIRED] = "expired",
        [ROLL_FIRE] = "fire",
    };
    _Static_assert(sizeof reasons / sizeof reasons[0] == ROLL_ENDING_COUNT, "an end without a reason");
    struct roll_end *ended = &step->core->rooms[r].roll.ended;
    bool drill = ended->of == CORE_ROLL_DRILL;
    struct event *event = change_event(step, drill ? EVENT_DRILL_ENDED : EVENT_EVACUATION_ENDED, CLASS_FIRE,
                                       core_room_name(step->core, r), NULL);
    if (!event) {
        return false;
    }
    add_kinds(event, &ended->count);
    event_add_number(event, FIELD_SAFE, ended->count.marks[ROLL_SAFE]);
    event_add_number(event, FIELD_MISSING, ended->count.marks[ROLL_MISSING]);
    event_add_number(event, FIELD_UNMARKED, ended->count.marks[ROLL_UNMARKED]);
    add_times(event, ended);
    event->record = (struct state_record){ .kind = drill ? RECORD_DRILL : RECORD_EVACUATION,
                                           .room = event->room,
                                           .item = "",
                                           .occurrence = ended->number };
    if (drill) {
        event_add_word(event, FIELD_REASON, reasons[ended->why]);
    }
    if (drill && ended->why == ROLL_ENDED) {
        add_driller(event, step->core);
    }
    ended->of = CORE_ROLL_NONE;
    return true;
}

void evacuation_tell(struct step *step)
{
    struct core *core = step->core;
    for (size_t r = 0; core->roll_news && r < core->plan->n_rooms; r++) {
        const struct roll *roll = &core->rooms[r].roll;
        if ((roll->ended.of != CORE_ROLL_NONE && !tell_ended(step, r)) ||
            (roll->begun && !tell_begun(step, r))) {
            step->actions->more = true;
            return;
        }
    }
    core->roll_news = false;
}

// ---- After a restart

// How long it had run when this boot began to look; false: nobody can know.
static bool age_before(const struct state_record *record, const struct core_now *now, uint64_t *ret_ns)
{
    int64_t most_ms = INT64_MAX / (int64_t)NS_PER_MS;
    if (record->since_wall_ms == 0 || now->clock == CLOCK_UNSYNCHRONISED ||
        now->wall_ms < record->since_wall_ms || now->wall_ms - record->since_wall_ms > most_ms) {
        return false;
    }
    *ret_ns = (uint64_t)(now->wall_ms - record->since_wall_ms) * NS_PER_MS;
    return true;
}

bool evacuation_restore(struct core *core, size_t r, const struct state_record *record,
                        const struct core_now *now)
{
    if (r >= core->plan->n_rooms) {
        return false;
    }
    core->rolls = record->occurrence > core->rolls ? record->occurrence : core->rolls;
    struct room_cell *room = &core->rooms[r];
    bool drill = record->kind == RECORD_DRILL;
    if (record->state == 0 || (drill && room->roll.of == CORE_ROLL_FIRE)) {
        return true; // fire had ended the drill, whatever became of that event
    }
    struct roll roll = { .of = drill ? CORE_ROLL_DRILL : CORE_ROLL_FIRE,
                         .number = record->occurrence,
                         .since_ns = record->since_boottime_ns,
                         .since_wall_ms = record->since_wall_ms,
                         .timed = true };
    if (record->since_boottime_ns == 0) { // of an earlier boot
        roll.since_ns = now->boottime_ns;
        roll.timed = age_before(record, now, &roll.before_ns);
    }
    room->drill_since_ns = 0;
    if (drill) {
        roll.until_ns = life_restored_end(record, now, 0);
        roll.until_wall_ms = record->until_wall_ms;
        room->drill_since_ns = roll.since_ns + (roll.since_ns == 0);
        follow_note(core, r);
    }
    core->evacuating |= !drill;
    room->roll = roll;
    return true;
}

void core_view_roll(const struct core *core, size_t r, struct core_roll_view *ret_view)
{
    const struct roll *roll = &core->rooms[r].roll;
    uint64_t last_ns;
    *ret_view = (struct core_roll_view){ .of = roll->of };
    if (roll->of != CORE_ROLL_NONE) {
        ret_view->since_ns = roll->since_ns;
        ret_view->until_ns = roll->until_ns;
        ret_view->count = presence_count(core, r, &last_ns);
    }
}
