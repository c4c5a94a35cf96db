// The words of the enums, as people write and read them. Data alone: the pure core links this file.
#include "gateway/common/clock.h"
#include "gateway/common/config.h"

const char *const clock_quality_names[CLOCK_QUALITY_COUNT] = {
    [CLOCK_UNSYNCHRONISED] = "unsynchronised",
    [CLOCK_SYNCHRONISED] = "synchronised",
    [CLOCK_MANUAL] = "manual",
};

const char *const contact_role_names[ROLE_COUNT] = {
    [ROLE_NONE] = "none",       [ROLE_SMOKE] = "smoke",
    [ROLE_HEAT] = "heat",       [ROLE_CALL_POINT] = "call-point",
    [ROLE_GAS] = "gas",         [ROLE_CARBON_MONOXIDE] = "carbon-monoxide",
    [ROLE_HELP] = "help",       [ROLE_DOOR] = "door",
    [ROLE_WINDOW] = "window",   [ROLE_WATER] = "water",
    [ROLE_TAMPER] = "tamper",   [ROLE_MAINS] = "mains",
    [ROLE_BATTERY] = "battery",
};

const char *const room_type_names[ROOM_TYPE_COUNT] = {
    [ROOM_PLAY] = "play",
    [ROOM_SLEEP] = "sleep",
    [ROOM_FEEDING] = "feeding",
    [ROOM_WASH] = "wash",
};

const char *const output_role_names[OUTPUT_ROLE_COUNT] = {
    [OUTPUT_SOUNDER] = "sounder",
    [OUTPUT_BEACON] = "beacon",
    [OUTPUT_VENTILATION] = "ventilation",
    [OUTPUT_DOOR_RELEASE] = "door-release",
};

const char *const severity_names[SEVERITY_COUNT] = {
    [SEVERITY_TROUBLE] = "trouble",   [SEVERITY_ADVISORY] = "advisory", [SEVERITY_WARNING] = "warning",
    [SEVERITY_CRITICAL] = "critical", [SEVERITY_FIRE] = "fire",
};

const char *const wiring_names[WIRING_COUNT] = {
    [WIRING_NORMALLY_OPEN] = "normally-open",
    [WIRING_NORMALLY_CLOSED] = "normally-closed",
};

const char *const bias_names[BIAS_COUNT] = {
    [BIAS_AS_IS] = "as-is",
    [BIAS_PULL_UP] = "pull-up",
    [BIAS_PULL_DOWN] = "pull-down",
};

const char *const direction_names[DIRECTION_COUNT] = {
    [DIRECTION_BOTH] = "both",
    [DIRECTION_IN] = "in",
    [DIRECTION_OUT] = "out",
};

// A new enumerator wants its word here.
_Static_assert(CLOCK_QUALITY_COUNT == 3, "clock_quality_names");
_Static_assert(ROLE_COUNT == 13, "contact_role_names");
_Static_assert(ROOM_TYPE_COUNT == 4, "room_type_names");
_Static_assert(OUTPUT_ROLE_COUNT == 4, "output_role_names");
_Static_assert(SEVERITY_COUNT == 5, "severity_names");
_Static_assert(WIRING_COUNT == 2, "wiring_names");
_Static_assert(BIAS_COUNT == 3, "bias_names");
_Static_assert(DIRECTION_COUNT == 3, "direction_names");
