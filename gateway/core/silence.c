// The sounders of a room rest for a while. That is no acknowledgement: no alarm changes its state, and the
// beacons go on. It ends by itself, and at once where something new is to be heard.
#include "gateway/core/inside.h"

#include <string.h>

bool silence_rests(const struct room_cell *room, uint64_t now_ns)
{
    return now_ns < room->silent_until_ns;
}

static void note_news(struct core *core, size_t r, enum silence_news news)
{
    core->rooms[r].news = news;
    core->news = true;
    follow_note(core, r);
}

static void end_silence(struct core *core, size_t r, enum silence_news why)
{
    if (core->rooms[r].silent_until_ns != 0) {
        core->rooms[r].silent_until_ns = 0;
        note_news(core, r, why);
    }
}

// A trouble or an advisory has no sound, so it sounds over nothing. Whoever silenced the siren knew of one
// fire: another one, or a detector that begins to suspect one, is to be heard everywhere.
void silence_occurrence(struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    if (alarm->class == CLASS_FIRE) {
        for (size_t r = 0; r < core->plan->n_rooms; r++) {
            end_silence(core, r, SILENCE_NEW_ALARM);
        }
    } else if (alarm->severity >= SEVERITY_WARNING) {
        end_silence(core, alarm->room_index, SILENCE_NEW_ALARM);
    }
}

void silence_tick(struct step *step)
{
    struct core *core = step->core;
    for (size_t r = 0; r < core->plan->n_rooms; r++) {
        if (!silence_rests(&core->rooms[r], step->now->boottime_ns)) {
            end_silence(core, r, SILENCE_EXPIRED);
        }
    }
}

// ---- What people ask

// Something sounds, would but for a silence, or will once light alone has had its time.
static bool has_sound(const struct core *core, const struct room_cell *room)
{
    bool asked = core->fire || (room->asks & (ASK_CRITICAL_SOUND | ASK_WARNING_SOUND | ASK_SOUND_LATER));
    for (size_t o = room->first_output; asked && o != NO_INDEX; o = core->outputs[o].next_in_room) {
        if (core->plan->outputs[o].role == OUTPUT_SOUNDER) {
            return true;
        }
    }
    return false;
}

// The rooms that are meant: from first up to below end.
struct span {
    size_t first, end;
};

static struct span rooms_meant(const struct core *core, const struct core_input *input)
{
    bool all = input->room == core->plan->n_rooms;
    return (struct span){ all ? 0 : input->room, all ? core->plan->n_rooms : input->room + 1 };
}

static enum core_answer may_silence(const struct step *step, const struct core_input *input, struct span span)
{
    const struct core *core = step->core;
    if (input->remote && core->fire_class) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (input->for_ns > (core->fire_class ? CORE_SILENCE_FIRE_MAX_NS : CORE_SILENCE_MAX_NS)) {
        return CORE_ANSWER_TOO_LONG;
    }
    for (size_t r = span.first; r < span.end; r++) {
        if (has_sound(core, &core->rooms[r])) {
            return CORE_ANSWER_DONE;
        }
    }
    return CORE_ANSWER_NOTHING_SOUNDS;
}

static enum core_answer may_end(const struct step *step, struct span span)
{
    for (size_t r = span.first; r < span.end; r++) {
        if (silence_rests(&step->core->rooms[r], step->now->boottime_ns)) {
            return CORE_ANSWER_DONE;
        }
    }
    return CORE_ANSWER_NOT_SILENCED;
}

static void silence(struct step *step, const struct core_input *input, struct span span)
{
    struct core *core = step->core;
    uint64_t now_ns = step->now->boottime_ns;
    for (size_t r = span.first; r < span.end; r++) {
        struct room_cell *room = &core->rooms[r];
        if (input->for_ns == 0) {
            end_silence(core, r, silence_rests(room, now_ns) ? SILENCE_ENDED : SILENCE_EXPIRED);
        } else if (has_sound(core, room)) {
            room->silent_until_ns = now_ns + input->for_ns;
            note_news(core, r, SILENCE_BEGUN);
        }
    }
    // More rooms may be silenced than events fit: the rest is told at the calls that follow at once.
    memset(core->silencer, 0, sizeof core->silencer);
    change_copy_actor(core->silencer, input->actor ? input->actor : "");
    core->silencer_remote = input->remote;
}

enum core_answer silence_answer(struct step *step, const struct core_input *input)
{
    if (input->room > step->core->plan->n_rooms) {
        return CORE_ANSWER_NOTHING_SOUNDS; // no such room: there is nothing that an event could name
    }
    struct span span = rooms_meant(step->core, input);
    enum core_answer answer = input->for_ns == 0 ? may_end(step, span) : may_silence(step, input, span);
    if (answer == CORE_ANSWER_DONE) {
        silence(step, input, span);
    } else {
        change_refused_in(step, core_room_name(step->core, input->room), "silence", input, answer);
    }
    return answer;
}

// ---- What is told

static const char *const reasons[] = {
    [SILENCE_TOLD] = NULL,         [SILENCE_BEGUN] = NULL,
    [SILENCE_EXPIRED] = "expired", [SILENCE_NEW_ALARM] = "new-alarm",
    [SILENCE_ENDED] = "ended",
};
_Static_assert(sizeof reasons / sizeof reasons[0] == SILENCE_NEWS_COUNT, "an end without a reason");

static void add_begun(const struct step *step, const struct room_cell *room, struct event *event)
{
    uint64_t rest_ns = room->silent_until_ns - step->now->boottime_ns;
    int64_t until_ms = step->now->wall_ms + (int64_t)(rest_ns / NS_PER_MS);
    event_add_number(event, FIELD_UNTIL_MS, until_ms);
    event->record.state = 1;
    event->record.since_boottime_ns = step->now->boottime_ns;
    event->record.since_wall_ms = step->now->wall_ms;
    event->record.until_boottime_ns = room->silent_until_ns;
    event->record.until_wall_ms = step->now->clock == CLOCK_UNSYNCHRONISED ? 0 : until_ms;
    event->record.rest_ns = (int64_t)rest_ns;
}

static bool tell(struct step *step, size_t r)
{
    struct core *core = step->core;
    struct room_cell *room = &core->rooms[r];
    bool begun = room->news == SILENCE_BEGUN;
    struct event *event =
        change_event(step, begun ? EVENT_ALARM_SILENCED : EVENT_ALARM_RESOUNDED,
                     core->fire_class ? CLASS_FIRE : CLASS_SAFETY, core_room_name(core, r), NULL);
    if (!event) {
        return false;
    }
    event->record = (struct state_record){ .kind = RECORD_SILENCE, .room = event->room, .item = "" };
    if (begun) {
        add_begun(step, room, event);
    } else {
        event_add_word(event, FIELD_REASON, reasons[room->news]);
    }
    if (begun || room->news == SILENCE_ENDED) {
        change_asker(event, &(struct core_input){ .actor = core->silencer, .remote = core->silencer_remote });
    }
    room->news = SILENCE_TOLD;
    return true;
}

void silence_tell(struct step *step)
{
    struct core *core = step->core;
    for (size_t r = 0; core->news && r < core->plan->n_rooms; r++) {
        if (core->rooms[r].news != SILENCE_TOLD && !tell(step, r)) {
            step->actions->more = true;
            return;
        }
    }
    core->news = false;
}

// ---- After a restart

// What is left of it; 0: nothing, or nobody can know. No clock makes it longer than it was asked for.
static uint64_t rest_ns(const struct state_record *record, const struct core_now *now)
{
    int64_t rest = 0;
    if (record->until_boottime_ns != 0) {
        rest = (int64_t)(record->until_boottime_ns - now->boottime_ns); // of this boot
    } else if (record->until_wall_ms != 0 && now->clock != CLOCK_UNSYNCHRONISED) {
        int64_t rest_ms = record->until_wall_ms - now->wall_ms;
        rest = rest_ms > 0 && rest_ms <= INT64_MAX / (int64_t)NS_PER_MS ? rest_ms * (int64_t)NS_PER_MS : 0;
    }
    return rest <= 0 ? 0 : (uint64_t)(rest < record->rest_ns ? rest : record->rest_ns);
}

bool silence_restore(struct core *core, size_t r, const struct state_record *record,
                     const struct core_now *now)
{
    if (r >= core->plan->n_rooms) {
        return false;
    }
    if (record->state == 0) {
        return true;
    }
    uint64_t left_ns = rest_ns(record, now);
    if (left_ns == 0) {
        note_news(core, r, SILENCE_EXPIRED); // told at the first step, so that the journal forgets it
    } else {
        core->rooms[r].silent_until_ns = now->boottime_ns + left_ns;
    }
    return true;
}
