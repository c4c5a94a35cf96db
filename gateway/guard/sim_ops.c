#include "gateway/guard/sim_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/guard/cadence.h"
#include "sensors/sim/sim.h"

// "room/item" taken apart.
struct place {
    char room[ID_SIZE], item[ID_SIZE];
};

static bool split(const char *name, struct place *place)
{
    const char *slash = name ? strchr(name, '/') : NULL;
    if (!slash || slash - name > ID_LENGTH || strlen(slash + 1) > ID_LENGTH) {
        return false;
    }
    (void)snprintf(place->room, sizeof place->room, "%.*s", (int)(slash - name), name);
    (void)snprintf(place->item, sizeof place->item, "%s", slash + 1);
    return true;
}

static json_t *need_place(const char *key)
{
    return control_refuse("bad-request", "\"%s\" is missing; give it as \"room/id\"", key);
}

static json_t *outcome(int r, const char *name, const char *what)
{
    if (r == 0) {
        return json_pack("{s:b}", "ok", 1);
    }
    if (r == -ENOENT) {
        return control_refuse(
            "not-found", "there is no %s in the simulated world; `careroomctl status` lists what is there",
            name);
    }
    if (r == -EBUSY) {
        return control_refuse("busy",
                              "%s is still at the card before, or nobody reads it; try again in 0.2 s", name);
    }
    return control_refuse("bad-request", "%s has no such %s", name, what);
}

// Which of n names this is; n where it is none.
static size_t index_of(const char *const *names, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && (!name || strcmp(names[i], name) != 0)) {
        i++;
    }
    return i;
}

static json_t *op_set(struct control *control, const json_t *request)
{
    (void)control;
    const char *name = control_text(request, "point"), *quantity_name = control_text(request, "quantity");
    const char *text = control_text(request, "value");
    struct place place;
    enum quantity quantity;
    int32_t value;
    if (!split(name, &place)) {
        return need_place("point");
    }
    if (!quantity_name || quantity_find(quantity_name, &quantity) < 0) {
        return control_refuse("bad-request",
                              "\"quantity\" must be the name of one, such as temperature, co2 or pm25");
    }
    if (!text || quantity_parse(quantity, text, &value) < 0) {
        return control_refuse("bad-request", "\"value\" must be a decimal number in %s, as text",
                              quantities[quantity].unit);
    }
    return outcome(sim_set(place.room, place.item, quantity, value), name, "quantity");
}

static json_t *op_line(struct control *control, const json_t *request)
{
    (void)control;
    const char *name = control_text(request, "point");
    struct place place;
    if (!split(name, &place)) {
        return need_place("point");
    }
    size_t state = index_of(sim_contact_names, SIM_CONTACT_COUNT, control_text(request, "state"));
    if (state == SIM_CONTACT_COUNT) {
        return control_refuse("bad-request", "\"state\" must be active, inactive, open or chatters");
    }
    return outcome(sim_line(place.room, place.item, (enum sim_contact)state), name, "contact");
}

static json_t *op_fault(struct control *control, const json_t *request)
{
    (void)control;
    const char *name = control_text(request, "point");
    struct place place;
    if (!split(name, &place)) {
        return need_place("point");
    }
    size_t fault = index_of(sim_fault_names, SIM_FAULT_COUNT, control_text(request, "fault"));
    if (fault == SIM_FAULT_COUNT) {
        return control_refuse("bad-request", "\"fault\" must be none, nack, crc, stuck or hang");
    }
    return outcome(sim_fault(place.room, place.item, (enum sim_fault)fault), name, "fault");
}

// Readers other than Wiegand take the text as it is.
static json_t *show(const struct place *place, const char *name, const char *text)
{
    return outcome(sim_show(place->room, place->item, text), name,
                   "card: pn532 wants 8, 14 or 20 hex digits, rdm6300 10, wedge 1 to 24");
}

static bool is_wiegand(const struct place *place)
{
    return sim_show(place->room, place->item, "") == -ENOTSUP;
}

// "57:12345" (facility:card), or one number: the card of facility 0, or for 34 bits the whole 32-bit number.
static bool parse_uid(const char *uid, uint32_t *facility, uint32_t *card)
{
    char *end;
    errno = 0;
    unsigned long first = strtoul(uid, &end, 0);
    if (errno || end == uid || first > UINT32_MAX || uid[0] == '-') {
        return false;
    }
    if (*end == '\0') {
        *facility = (uint32_t)first >> 16;
        *card = (uint32_t)first & 0xFFFF;
        return true;
    }
    unsigned long second = *end == ':' ? strtoul(end + 1, &end, 10) : UINT32_MAX;
    if (errno || *end != '\0' || first > 0xFFFF || second > 0xFFFF) {
        return false;
    }
    *facility = (uint32_t)first;
    *card = (uint32_t)second;
    return true;
}

static json_t *op_badge(struct control *control, const json_t *request)
{
    (void)control;
    const char *name = control_text(request, "reader"), *uid = control_text(request, "uid");
    const char *pulses = control_text(request, "pulses"), *text = control_text(request, "text");
    const json_t *format = json_object_get(request, "format");
    json_int_t bits = format ? json_integer_value(format) : 26;
    struct place place;
    uint32_t facility, card;
    if (!split(name, &place)) {
        return need_place("reader");
    }
    if (pulses) {
        return outcome(sim_pulses(place.room, place.item, pulses), name, "pulses: at most 64 of 0 and 1");
    }
    if (!is_wiegand(&place) && (text || uid)) {
        return show(&place, name, text ? text : uid);
    }
    if (!uid || !parse_uid(uid, &facility, &card)) {
        return control_refuse("bad-request", "\"uid\" must be facility:card (\"57:12345\") or a number");
    }
    if (bits != 26 && bits != 34 && bits != 37) {
        return control_refuse("bad-request", "\"format\" must be 26, 34 or 37");
    }
    if (bits == 26 && facility > 255) {
        return control_refuse("bad-request", "a facility of more than 255 needs \"format\":34 or 37");
    }
    return outcome(sim_badge(place.room, place.item, (unsigned)bits, facility, card), name, "card");
}

static json_t *op_outputs(struct control *control, const json_t *request)
{
    (void)request;
    const struct core_snapshot *snapshot = control_snapshot(control);
    if (!snapshot) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    const struct plan *plan = control_plan(control);
    json_t *outputs = json_array();
    for (size_t i = 0; i < plan->core.n_outputs; i++) {
        const struct core_output *output = &plan->core.outputs[i];
        char name[NAME_SIZE];
        bool level = false;
        uint64_t changed_ns = 0;
        (void)snprintf(name, sizeof name, "%s/%s", output->room, output->id);
        (void)sim_output(output->room, output->id, &level, &changed_ns);
        // What the relay does, read from the line and not from the core; between two blinks it counts as on.
        uint64_t rest_ns = clock_boottime_ns() - changed_ns;
        bool blinks = snapshot->outputs[i] != PATTERN_OFF && changed_ns != 0 &&
                      rest_ns <= CADENCE_LONGEST_REST_MS * NS_PER_MS;
        bool on = level != plan->outputs[i].config->active_low || blinks;
        json_array_append_new(outputs,
                              json_pack("{s:s, s:b, s:i, s:s, s:I}", "id", name, "on", on, "level",
                                        (int)level, "pattern", core_pattern_names[snapshot->outputs[i]],
                                        "changed_ns", (json_int_t)changed_ns));
    }
    return json_pack("{s:b, s:o}", "ok", 1, "outputs", outputs);
}

const struct control_op sim_ops[] = {
    { "sim-set", op_set },     { "sim-line", op_line },       { "sim-fault", op_fault },
    { "sim-badge", op_badge }, { "sim-outputs", op_outputs }, { NULL, NULL },
};
