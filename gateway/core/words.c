// The core's words, as events, topics and people see them.
#include "gateway/core/core.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

const char *const trouble_names[] = {
    [TROUBLE_NONE] = "none",
    [TROUBLE_NO_ANSWER] = "no-answer",
    [TROUBLE_BAD_CRC] = "bad-crc",
    [TROUBLE_TIMED_OUT] = "timed-out",
    [TROUBLE_STUCK] = "stuck",
    [TROUBLE_IMPLAUSIBLE] = "implausible",
    [TROUBLE_GONE] = "gone",
    [TROUBLE_UNREADABLE] = "unreadable",
    [TROUBLE_STORAGE] = "storage",
    [TROUBLE_UPLINK] = "uplink",
    [TROUBLE_STALE] = "stale",
    [TROUBLE_WRONG_PART] = "wrong-part",
    [TROUBLE_BROKEN] = "broken",
    [TROUBLE_OPEN] = "open",
    [TROUBLE_SHORT] = "short",
    [TROUBLE_DAMAGED] = "damaged",
    [TROUBLE_NO_FEEDBACK] = "no-feedback",
    [TROUBLE_NO_SOUND] = "no-sound",
};
_Static_assert(LENGTH(trouble_names) == TROUBLE_COUNT, "a trouble without a name");

const char *const core_pattern_names[] = {
    [PATTERN_OFF] = "off",           [PATTERN_ON] = "on",
    [PATTERN_TROUBLE] = "trouble",   [PATTERN_WARNING] = "warning",
    [PATTERN_CRITICAL] = "critical", [PATTERN_DRILL] = "drill",
    [PATTERN_EVACUATE] = "evacuate",
};
_Static_assert(LENGTH(core_pattern_names) == PATTERN_COUNT, "a pattern without a name");

const char *const core_answer_words[] = {
    [CORE_ANSWER_DONE] = "done",
    [CORE_ANSWER_NOT_STANDING] = "not-standing",
    [CORE_ANSWER_OTHER_OCCURRENCE] = "other-occurrence",
    [CORE_ANSWER_ALREADY] = "already",
    [CORE_ANSWER_STILL_TRUE] = "still-true",
    [CORE_ANSWER_UNACKNOWLEDGED] = "unacknowledged",
    [CORE_ANSWER_NOT_LATCHED] = "not-latched",
    [CORE_ANSWER_REMOTE_FIRE] = "remote-fire",
    [CORE_ANSWER_LATCHES] = "latches",
    [CORE_ANSWER_NOT_SHELVED] = "not-shelved",
    [CORE_ANSWER_SET_ASIDE] = "set-aside",
    [CORE_ANSWER_TOO_LONG] = "too-long",
    [CORE_ANSWER_NOTHING_SOUNDS] = "nothing-sounds",
    [CORE_ANSWER_NOT_SILENCED] = "not-silenced",
    [CORE_ANSWER_STANDS] = "stands",
    [CORE_ANSWER_NOT_ISOLATED] = "not-isolated",
    [CORE_ANSWER_NO_POINT] = "no-point",
    [CORE_ANSWER_FIRE] = "fire",
    [CORE_ANSWER_NO_DRILL] = "no-drill",
    [CORE_ANSWER_NOT_ON_ROLL] = "not-on-roll",
    [CORE_ANSWER_FULL] = "full",
    [CORE_ANSWER_DRILL_RUNS] = "drill-runs",
};
_Static_assert(LENGTH(core_answer_words) == CORE_ANSWER_COUNT, "an answer without a word");

const char *const core_answer_sentences[] = {
    [CORE_ANSWER_DONE] = "Done.",
    [CORE_ANSWER_NOT_STANDING] = "This alarm does not stand; look at the list of alarms.",
    [CORE_ANSWER_OTHER_OCCURRENCE] =
        "The alarm has been raised again since; look at it, then answer the occurrence that stands now.",
    [CORE_ANSWER_ALREADY] = "This alarm has been acknowledged before; nothing is left to acknowledge.",
    [CORE_ANSWER_STILL_TRUE] = "The condition still holds; remove its cause, then reset.",
    [CORE_ANSWER_UNACKNOWLEDGED] = "Nobody has acknowledged this alarm yet; acknowledge it, then reset.",
    [CORE_ANSWER_NOT_LATCHED] = "This alarm needs no reset; it goes by itself once its condition has gone.",
    [CORE_ANSWER_REMOTE_FIRE] = "Fire is answered in the room only; go there, or call somebody who is there.",
    [CORE_ANSWER_LATCHES] =
        ("Fire, gas, carbon monoxide, help, and troubles of fire detectors can't be shelved; "
         "isolate the point, with a reason."),
    [CORE_ANSWER_NOT_SHELVED] = "This alarm is not shelved.",
    [CORE_ANSWER_SET_ASIDE] = "This alarm is suppressed, or its point is out of service.",
    [CORE_ANSWER_TOO_LONG] = "That is longer than may be asked for; ask for less, and again when it is over.",
    [CORE_ANSWER_NOTHING_SOUNDS] = "No sounder of the room is active; there is nothing to silence.",
    [CORE_ANSWER_NOT_SILENCED] = "This room is not silenced.",
    [CORE_ANSWER_STANDS] =
        "An alarm of this point stands unanswered; acknowledge it, then isolate the point.",
    [CORE_ANSWER_NOT_ISOLATED] = "This point is in service.",
    [CORE_ANSWER_NO_POINT] = "Only sensors, readers and outputs of a room can be isolated.",
    [CORE_ANSWER_FIRE] = "A fire alarm stands; this is no time for a drill.",
    [CORE_ANSWER_NO_DRILL] = "There is no drill and no roll-call; look at careroomctl status.",
    [CORE_ANSWER_NOT_ON_ROLL] = "This person was not in the house when the roll-call was frozen.",
    [CORE_ANSWER_FULL] = "There is no room for another person.",
    [CORE_ANSWER_DRILL_RUNS] = "A drill is under way; stop it first.",
};
_Static_assert(LENGTH(core_answer_sentences) == CORE_ANSWER_COUNT, "an answer without a sentence");

const char *const roll_mark_names[] = {
    [ROLL_UNMARKED] = "unmarked",
    [ROLL_SAFE] = "safe",
    [ROLL_MISSING] = "missing",
};
_Static_assert(LENGTH(roll_mark_names) == ROLL_MARK_COUNT, "a mark without a name");

const char *const core_roll_names[] = {
    [CORE_ROLL_NONE] = "none",
    [CORE_ROLL_DRILL] = "drill",
    [CORE_ROLL_FIRE] = "fire",
};
_Static_assert(LENGTH(core_roll_names) == CORE_ROLL_COUNT, "a roll without a name");
