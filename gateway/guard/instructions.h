// What people are to do about an alarm, short, in the language of the house. The site's own words come first.
#ifndef CAREROOM_GUARD_INSTRUCTIONS_H
#define CAREROOM_GUARD_INSTRUCTIONS_H

#include "gateway/common/config.h"
#include "gateway/core/core.h"

enum instruction {
    INSTRUCTION_FIRE,
    INSTRUCTION_PRE_ALARM,
    INSTRUCTION_GAS,
    INSTRUCTION_CARBON_MONOXIDE,
    INSTRUCTION_HELP,
    INSTRUCTION_WATER,
    INSTRUCTION_TAMPER,
    INSTRUCTION_MAINS,
    INSTRUCTION_BATTERY,
    INSTRUCTION_DOOR,
    INSTRUCTION_WINDOW,
    INSTRUCTION_AIR,
    INSTRUCTION_HOT,
    INSTRUCTION_COLD,
    INSTRUCTION_DAMP,
    INSTRUCTION_DRY,
    INSTRUCTION_PARTICLES,
    INSTRUCTION_HEATING_UP,
    INSTRUCTION_LOOK,
    INSTRUCTION_SENSOR,
    INSTRUCTION_FLOOR,
    INSTRUCTION_TROUBLE,
    INSTRUCTION_FIRE_TROUBLE,
    INSTRUCTION_ISOLATED,
    INSTRUCTION_OWN_TROUBLE,
    INSTRUCTION_COUNT
};

enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGE_COUNT };

extern const char *const instruction_texts[LANGUAGE_COUNT][INSTRUCTION_COUNT];

extern const char *const instruction_names[INSTRUCTION_COUNT]; // "fire", "pre-alarm": names of spoken phrases

// Print language, name and text of each, one a line with tabs between, to a FILE *: what phrases are made of.
void instructions_print(void *file);

// The language of a configuration.
enum language language_of(const struct config *config);

// Which instruction an alarm has by itself.
enum instruction instruction_of(const struct core_plan *plan, const struct core_alarm *alarm);

#endif
