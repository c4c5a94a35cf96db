// The rules of a room as alarms of the plan.
#include "gateway/guard/plan_build.h"

// What a kind of rule is to the core.
static const enum core_alarm_kind kinds[RULE_KIND_COUNT] = {
    [RULE_THRESHOLD] = CORE_ALARM_THRESHOLD,
    [RULE_MEAN] = CORE_ALARM_MEAN,
    [RULE_RISE] = CORE_ALARM_RISE,
    [RULE_UNCHANGED] = CORE_ALARM_UNCHANGED,
    [RULE_APART] = CORE_ALARM_APART,
    [RULE_HELD] = CORE_ALARM_CONTACT,
    [RULE_COMBINATION] = CORE_ALARM_COMBINATION,
    [RULE_CONFIRM] = CORE_ALARM_CONFIRM,
};
_Static_assert(RULE_KIND_COUNT == 8, "a new kind of rule wants its kind of alarm");

static enum event_class class_of(const struct config_rule *rule)
{
    if (rule->kind == RULE_CONFIRM) {
        return CLASS_FIRE;
    }
    return rule->kind == RULE_UNCHANGED || rule->kind == RULE_APART ? CLASS_FAULT : CLASS_SAFETY;
}

static enum alarm_ending ending_of(const struct config_rule *rule)
{
    return rule->kind == RULE_CONFIRM            ? ALARM_LATCHES
           : rule->severity >= SEVERITY_CRITICAL ? ALARM_WANTS_ANSWER
                                                 : ALARM_CLEARS_ITSELF;
}

// ---- Members

size_t plan_count_members(const struct config_room *room)
{
    size_t n = 0;
    for (size_t i = 0; i < room->n_rules; i++) {
        n += room->rules[i].n_members + room->rules[i].n_unless;
    }
    return n;
}

static size_t add_members(struct plan_builder *b, const struct config_member *members, size_t n,
                          size_t first_point, size_t first_alarm)
{
    size_t first = b->n_members;
    for (size_t i = 0; i < n; i++) {
        b->members[b->n_members++] = (struct core_member){
            .contact = members[i].contact,
            .index = members[i].index + (members[i].contact ? first_point : first_alarm),
        };
    }
    return first;
}

// A detector's own alarm.
static size_t alarm_of_detector(const struct plan_builder *b, size_t point)
{
    size_t a = 0;
    while (b->alarms[a].kind != CORE_ALARM_CONTACT || b->alarms[a].point != point) {
        a++; // the configuration has judged that the contact has a role of fire, so that it is there
    }
    return a;
}

// What is confirmed is the detectors' alarms, which stand until somebody answers, and not the contacts, which
// may have gone back. One alone is no fire yet.
static void confirm(struct plan_builder *b, const struct core_alarm *alarm)
{
    for (size_t i = 0; i < alarm->n_members; i++) {
        struct core_member *member = &b->members[alarm->first_member + i];
        *member = (struct core_member){ .index = alarm_of_detector(b, member->index) };
        struct core_alarm *detector = &b->alarms[member->index];
        detector->severity = SEVERITY_CRITICAL;
        detector->confirmed = true;
    }
}

// ---- Rules

static void add_rule(struct plan_builder *b, const struct config_room *room, size_t r, size_t first_point,
                     size_t first_alarm, const struct config_rule *rule)
{
    bool of_sensor = rule->kind != RULE_COMBINATION && rule->kind != RULE_CONFIRM;
    struct core_alarm *alarm = plan_next_alarm(b, rule, of_sensor ? &room->sensors[rule->sensor] : NULL);
    *alarm = (struct core_alarm){
        .room = room->id,
        .id = rule->id,
        .room_index = r,
        .kind = kinds[rule->kind],
        .point = first_point + (of_sensor ? rule->sensor : 0),
        .severity = rule->severity,
        .class = class_of(rule),
        .ending = ending_of(rule),
        .on_delay_ns = rule->for_s * NS_PER_S,
        .off_delay_ns = rule->off_s * NS_PER_S,
        .quantity = rule->quantity,
        .above = rule->above,
        .threshold = rule->threshold,
        .deadband = rule->deadband,
        .window_ns = rule->window_s * NS_PER_S,
        .other_point = first_point + rule->other_sensor,
        .first_member = add_members(b, rule->members, rule->n_members, first_point, first_alarm),
        .n_members = rule->n_members,
        .at_least = rule->at_least,
        .prealarm_ns = rule->prealarm_s * NS_PER_S,
        .first_suppressor = add_members(b, rule->unless, rule->n_unless, first_point, first_alarm),
        .n_suppressors = rule->n_unless,
        .not_in_fire = rule->kind == RULE_HELD && room->sensors[rule->sensor].role == ROLE_DOOR,
    };
    if (rule->kind == RULE_CONFIRM) {
        confirm(b, alarm);
    }
}

void plan_add_rules(struct plan_builder *b, const struct config_room *room, size_t r, size_t first_point)
{
    size_t first_alarm = b->n_alarms;
    for (size_t i = 0; i < room->n_rules; i++) {
        add_rule(b, room, r, first_point, first_alarm, &room->rules[i]);
    }
}
