// From the configuration to the core's plan: which points, alarms and outputs there are, and which part feeds
// which point.
#ifndef CAREROOM_GUARD_PLAN_H
#define CAREROOM_GUARD_PLAN_H

#include "gateway/common/config.h"
#include "gateway/core/core.h"

// What feeds a point of the plan.
enum source_kind { SOURCE_SENSOR, SOURCE_READER, SOURCE_OUTPUT, SOURCE_JOURNAL, SOURCE_UPLINK, SOURCE_VOICE };

struct plan_source {
    enum source_kind kind;
    size_t room;                        // index in config.rooms; meaningless for the gateway's own
    const struct config_sensor *sensor; // SOURCE_SENSOR
    const struct config_reader *reader; // SOURCE_READER
};

struct plan_output {
    const struct config_output *config;
    size_t point; // an output is a point too: one that can't be driven is in trouble
};

// What an alarm comes from; its room is config.rooms[room_index].
struct plan_alarm {
    const struct config_rule *rule;     // NULL: from no rule
    const struct config_sensor *sensor; // that it is about; NULL: of a reader, an output, several sensors or
                                        // the gateway
};

struct plan {
    struct core_plan core;        // points to memory of this plan; a member comes before what names it
    struct plan_source *sources;  // one a point
    struct plan_output *outputs;  // one an output
    struct plan_alarm *alarms_of; // one an alarm
    size_t journal_point, uplink_point;
    size_t voice_point; // SIZE_MAX where no voice is configured
};

// Allocate the plan of a configuration that was loaded without a mistake. NULL: out of memory. Start-up only.
// The configuration must outlive it.
struct plan *plan_new(const struct config *config);
void plan_free(struct plan *plan);

// The alarm named "room/alarm", or SIZE_MAX. Any thread; never blocks.
size_t plan_find_alarm(const struct plan *plan, const char *name);

// The point named "room/point", or SIZE_MAX. Any thread; never blocks.
size_t plan_find_point(const struct plan *plan, const char *name);

// What the site's own words say is to be done about an alarm: its rule's, else those of the sensor whose
// value or contact it is, else the room's; NULL where there are none. Any thread; never blocks.
const char *plan_site_instruction(const struct plan *plan, const struct config *config, size_t alarm);

// "room/id" of an alarm into buf (NAME_SIZE). Any thread.
void plan_alarm_name(const struct plan *plan, size_t alarm, char *buf, size_t size);

#endif
