#include "gateway/ctl/words.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "gateway/common/config.h"
#include "gateway/common/event.h"
#include "gateway/common/quantity.h"
#include "gateway/ctl/json_text.h"

static const struct {
    const char *code, *words;
} reasons[] = {
    { "no-answer", "does not answer" },
    { "bad-crc", "answers arrive damaged" },
    { "timed-out", "the bus or the device hangs" },
    { "stuck", "answers, but never with a new value" },
    { "implausible", "value outside what a room can be" },
    { "gone", "the adapter or chip has disappeared" },
    { "unreadable", "sends frames that can't be read" },
    { "storage", "the journal's disk is in trouble" },
    { "uplink", "the broker refuses what must be delivered" },
    { "stale", "no value for too long" },
    { "wrong-part", "another part answers" },
    { "broken", "says itself that it is broken" },
    { "open", "its cable is cut" },
    { "short", "its cable is shorted" },
    { "damaged", "its cable is damaged" },
    { "not-standing", "the alarm did not stand" },
    { "other-occurrence", "it had been raised again since" },
    { "already", "it was acknowledged before" },
    { "still-true", "the condition still held" },
    { "unacknowledged", "nobody had acknowledged it" },
    { "not-latched", "it needs no reset" },
    { "remote-fire", "fire is answered in the room only" },
    { "no-sound", "the sound card or a phrase is missing" },
    { "no-feedback", "does not do as it is told" },
    { "latches", "it can't be shelved" },
    { "not-shelved", "it was not shelved" },
    { "not-silenced", "nothing was silenced" },
    { "set-aside", "it was suppressed or out of service" },
    { "too-long", "that was longer than may be asked for" },
    { "nothing-sounds", "nothing sounded" },
    { "stands", "its alarm stood unanswered" },
    { "not-isolated", "it was in service" },
    { "no-point", "it can't be isolated" },
    { "fire", "fire stood" },
    { "drill-runs", "a drill was under way" },
    { "moved", "into another room" },
    { "full", "there was no room for another person" },
    { "no-drill", "there was no drill" },
    { "not-on-roll", "this person was not in the house" },
    { "expired", "its time was over" },
    { "new-alarm", "something new is to be heard" },
    { "ended", "somebody ended it" },
    { "lost", "events were lost" },
    { "remote", "that is done in the room only" },
    { "no-calibration", "this part can't be calibrated" },
    { "in-trouble", "it was in trouble" },
    { "busy", "another one was under way" },
    { "bad-reference", "it does not take this reference" },
    { "too-early", "it had not measured for 3 minutes yet" },
    { "part-refused", "the part itself refused" },
    { "failed", "it failed on the way" },
    { "stopping", "the guard was stopped meanwhile" },
};

const char *words_of_reason(const char *code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].code, code) == 0)
            return reasons[i].words;
    return code;
}

static const char *const verbs[EVENT_TYPE_COUNT] = {
    [EVENT_ALARM_RAISED] = "alarm raised",
    [EVENT_ALARM_ACKNOWLEDGED] = "alarm acknowledged",
    [EVENT_ALARM_CLEARED] = "condition gone",
    [EVENT_ALARM_RESET] = "alarm reset",
    [EVENT_ALARM_SILENCED] = "sounders silenced",
    [EVENT_ALARM_RESOUNDED] = "silence over",
    [EVENT_ALARM_SHELVED] = "alarm shelved",
    [EVENT_ALARM_UNSHELVED] = "alarm no longer shelved",
    [EVENT_ALARM_SUPPRESSED] = "alarm suppressed",
    [EVENT_ALARM_RELEASED] = "alarm no longer suppressed",
    [EVENT_ALARM_ESCALATED] = "nobody has answered",
    [EVENT_POINT_ISOLATED] = "taken out of service",
    [EVENT_POINT_REINSTATED] = "back in service",
    [EVENT_POINT_CHATTERING] = "chatters",
    [EVENT_POINT_SETTLED] = "has settled",
    [EVENT_ATTENDANCE_ARRIVED] = "arrived",
    [EVENT_ATTENDANCE_LEFT] = "left",
    [EVENT_ATTENDANCE_CORRECTED] = "attendance corrected",
    [EVENT_EVACUATION_STARTED] = "evacuation",
    [EVENT_EVACUATION_MARKED] = "marked",
    [EVENT_EVACUATION_ENDED] = "evacuation ended",
    [EVENT_DRILL_STARTED] = "drill",
    [EVENT_DRILL_ENDED] = "drill ended",
    [EVENT_POINT_TROUBLE] = "trouble",
    [EVENT_POINT_RESTORED] = "works again",
    [EVENT_DOOR_OPENED] = "opened",
    [EVENT_DOOR_CLOSED] = "closed",
    [EVENT_ACCESS_PRESENTED] = "card presented",
    [EVENT_COMMAND_ACCEPTED] = "command accepted",
    [EVENT_COMMAND_REFUSED] = "command refused",
    [EVENT_GATEWAY_STARTED] = "gateway started",
    [EVENT_GATEWAY_STOPPED] = "gateway stopped",
    [EVENT_GATEWAY_CLOCK] = "clock set",
    [EVENT_GATEWAY_STORAGE] = "storage",
};

static const char *verb_of(const char *type)
{
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++)
        if (strcmp(event_type_names[i], type) == 0 && verbs[i] != NULL)
            return verbs[i];
    // Of a later version: its own name says what it is.
    return strncmp(type, "careroom.", 9) == 0 ? type + 9 : type;
}

static const struct quantity_info *quantity_of_key(const char *key)
{
    for (unsigned i = 0; i < QUANTITY_COUNT; i++)
        if (strcmp(quantities[i].key, key) == 0)
            return &quantities[i];
    return NULL;
}

// Fixed point with its unit; a value that no int32 holds is shown as it is.
static void put_value(FILE *out, const struct quantity_info *quantity, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    char text[32];
    if (number < INT32_MIN || number > INT32_MAX)
        snprintf(text, sizeof text, "%lld", (long long)number);
    else
        quantity_format((enum quantity)(quantity - quantities), (int32_t)number, text, sizeof text);
    fprintf(out, "%s%s%s", text, *quantity->unit == '\0' ? "" : " ", quantity->unit);
}

// The unit of a threshold is that of the value beside it.
static const struct quantity_info *measured(const json_t *data)
{
    for (unsigned i = 0; i < QUANTITY_COUNT; i++)
        if (json_object_get(data, quantities[i].key) != NULL)
            return &quantities[i];
    return NULL;
}

static void put_plain(FILE *out, const json_t *value)
{
    if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value))
        fputs(json_string_value(value), out);
    else
        fputs("?", out);
}

static void put_offset(FILE *out, const json_t *value)
{
    long long ms = json_integer_value(value);
    unsigned long long size = ms < 0 ? 0ULL - (unsigned long long)ms : (unsigned long long)ms;
    fprintf(out, "moved by %c%llu.%03llu s", ms < 0 ? '-' : '+', size / 1000, size % 1000);
}

static void put_until(FILE *out, const json_t *value)
{
    time_t second = (time_t)(json_integer_value(value) / 1000);
    struct tm tm;
    char text[32] = "?";
    if (localtime_r(&second, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    fprintf(out, "until %s", text);
}

static void put_correction(FILE *out, const json_t *value)
{
    fprintf(out, "readings change by %+lld ppm", (long long)json_integer_value(value));
}

// A number in the unit of the value that stands beside it.
static void put_beside(FILE *out, const char *what, const json_t *data, const json_t *value)
{
    const struct quantity_info *quantity = measured(data);
    fputs(what, out);
    if (quantity != NULL && json_is_integer(value))
        put_value(out, quantity, value);
    else
        put_plain(out, value);
}

// Words around a field that is shown as it is; NULL: none.
static const struct {
    const char *before, *after;
} frames[FIELD_COUNT] = {
    [FIELD_BITS] = { "", " bits" },
    [FIELD_LOST] = { "", " lost" },
    [FIELD_LOST_CLASS] = { "of class ", "" },
    [FIELD_OCCURRENCE] = { "occurrence ", "" },
    [FIELD_STATE] = { "now ", "" },
    [FIELD_CHANGES] = { "", " changes" },
    [FIELD_CHILDREN] = { "children ", "" },
    [FIELD_STAFF] = { "staff ", "" },
    [FIELD_SAFE] = { "safe ", "" },
    [FIELD_MISSING] = { "missing ", "" },
    [FIELD_DURATION_S] = { "after ", " s" },
    [FIELD_EVACUATED_S] = { "all safe after ", " s" },
    [FIELD_GUARDIANS] = { "guardians ", "" },
    [FIELD_UNMARKED] = { "unmarked ", "" },
    [FIELD_NOTE] = { "note ", "" },
    [FIELD_VERSION] = { "version ", "" },
    [FIELD_VIA] = { "via ", "" },
};

// The type says whether a contact is active, the actor has a column of its own, and the alarm is the subject.
static bool hidden(enum event_field field, const json_t *value)
{
    static const enum event_field shown_otherwise[] = { FIELD_ACTIVE, FIELD_ACTOR, FIELD_ALARM };
    for (size_t i = 0; i < sizeof shown_otherwise / sizeof *shown_otherwise; i++)
        if (field == shown_otherwise[i])
            return true;
    // What goes without saying: somebody in the house asked, and a trouble is a trouble.
    const char *text = json_string_value(value);
    return text != NULL && ((field == FIELD_VIA && strcmp(text, "local") == 0) ||
                            (field == FIELD_SEVERITY && strcmp(text, severity_names[SEVERITY_TROUBLE]) == 0));
}

// Fields whose unit is that of the value beside them.
static const char *const beside[FIELD_COUNT] = {
    [FIELD_THRESHOLD] = "limit ",
    [FIELD_MEAN] = "mean ",
    [FIELD_RISE] = "changed by ",
    [FIELD_OTHER] = "the other says ",
};

static void put_field(FILE *out, enum event_field field, const json_t *data, const json_t *value)
{
    const struct quantity_info *quantity = quantity_of_key(event_field_names[field]);
    if (quantity != NULL && json_is_integer(value)) {
        fprintf(out, "%s ", quantity->name);
        put_value(out, quantity, value);
    } else if (beside[field] != NULL) {
        put_beside(out, beside[field], data, value);
    } else if (field == FIELD_REASON && json_is_string(value)) {
        fputs(words_of_reason(json_string_value(value)), out);
    } else if (field == FIELD_FIRST_OUT) {
        fputs("the first of all", out);
    } else if (field == FIELD_UNTIL_MS && json_is_integer(value)) {
        put_until(out, value);
    } else if (field == FIELD_CORRECTION && json_is_integer(value)) {
        put_correction(out, value);
    } else if (field == FIELD_OFFSET_MS && json_is_integer(value)) {
        put_offset(out, value);
    } else if (frames[field].before != NULL) {
        fputs(frames[field].before, out);
        put_plain(out, value);
        fputs(frames[field].after, out);
    } else {
        put_plain(out, value);
    }
}

static bool known_field(const char *key)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (strcmp(event_field_names[i], key) == 0)
            return true;
    return false;
}

// What was measured comes first, then what it means.
static const enum event_field order[] = {
    FIELD_COMMAND,    FIELD_REASON,      FIELD_CO2_PPM,    FIELD_CORRECTION,  FIELD_TEMP_MC,
    FIELD_RH_MPCT,    FIELD_PRESSURE_PA, FIELD_PM1_NGM3,   FIELD_PM25_NGM3,   FIELD_PM10_NGM3,
    FIELD_VOLTAGE_UV, FIELD_THRESHOLD,   FIELD_MEAN,       FIELD_RISE,        FIELD_OTHER,
    FIELD_ROLE,       FIELD_LOST,        FIELD_LOST_CLASS, FIELD_BITS,        FIELD_OFFSET_MS,
    FIELD_VERSION,    FIELD_SEVERITY,    FIELD_STATE,      FIELD_OCCURRENCE,  FIELD_VIA,
    FIELD_FIRST_OUT,  FIELD_UNTIL_MS,    FIELD_CHANGES,    FIELD_KIND,        FIELD_PERSON,
    FIELD_DIRECTION,  FIELD_MARK,        FIELD_CHILDREN,   FIELD_STAFF,       FIELD_GUARDIANS,
    FIELD_SAFE,       FIELD_MISSING,     FIELD_UNMARKED,   FIELD_EVACUATED_S, FIELD_DURATION_S,
    FIELD_NOTE,
};
// All but the three that hidden() names: a new field wants its place here.
_Static_assert(sizeof order / sizeof *order == FIELD_COUNT - 3, "every field is shown or hidden");

void words_of_event(FILE *out, const json_t *event)
{
    json_t *data = json_object_get(event, "data");
    fputs(verb_of(text_of(event, "type")), out);
    const char *between = ": ";
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const json_t *field = json_object_get(data, event_field_names[order[i]]);
        if (field == NULL || hidden(order[i], field))
            continue;
        fputs(between, out);
        put_field(out, order[i], data, field);
        between = ", ";
    }
    const char *key;
    json_t *value;
    json_object_foreach(data, key, value)
    {
        if (known_field(key))
            continue;
        fprintf(out, "%s%s ", between, key);
        put_plain(out, value);
        between = ", ";
    }
}

// Contacts that stand at their rest or not, as people say it of each.
static const struct {
    const char *rest, *active;
} contacts[ROLE_COUNT] = {
    [ROLE_NONE] = { "inactive", "active" },
    [ROLE_SMOKE] = { "no smoke", "SMOKE" },
    [ROLE_HEAT] = { "no heat", "HEAT" },
    [ROLE_CALL_POINT] = { "not pressed", "PRESSED" },
    [ROLE_GAS] = { "no gas", "GAS" },
    [ROLE_CARBON_MONOXIDE] = { "no carbon monoxide", "CARBON MONOXIDE" },
    [ROLE_HELP] = { "not pressed", "PRESSED" },
    [ROLE_DOOR] = { "closed", "open" },
    [ROLE_WINDOW] = { "closed", "open" },
    [ROLE_WATER] = { "dry", "WATER" },
    [ROLE_TAMPER] = { "closed", "TAMPERED WITH" },
    [ROLE_MAINS] = { "mains there", "MAINS LOST" },
    [ROLE_BATTERY] = { "battery good", "BATTERY LOW" },
};
_Static_assert(ROLE_COUNT == 13, "a new role wants its words");

static const char *contact_words(const char *role, bool active)
{
    unsigned known = ROLE_NONE;
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        if (strcmp(contact_role_names[i], role) == 0)
            known = i;
    return active ? contacts[known].active : contacts[known].rest;
}

void words_of_values(FILE *out, json_t *values, const char *role)
{
    const char *between = "";
    const char *key;
    json_t *value;
    json_object_foreach(values, key, value)
    {
        const struct quantity_info *quantity = quantity_of_key(key);
        fputs(between, out);
        between = ", ";
        if (quantity == &quantities[QUANTITY_CONTACT] && json_is_integer(value)) {
            fputs(contact_words(role, json_integer_value(value) != 0), out);
        } else if (quantity != NULL && json_is_integer(value)) {
            fprintf(out, "%s ", quantity->name);
            put_value(out, quantity, value);
        } else {
            fprintf(out, "%s ", key);
            put_plain(out, value);
        }
    }
}
