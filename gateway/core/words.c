// The core's words, as events, topics and people see them.
#include "gateway/core/core.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

const char *const trouble_names[] = {
    [TROUBLE_NONE] = "none",       [TROUBLE_NO_ANSWER] = "no-answer",
    [TROUBLE_BAD_CRC] = "bad-crc", [TROUBLE_TIMED_OUT] = "timed-out",
    [TROUBLE_STUCK] = "stuck",     [TROUBLE_IMPLAUSIBLE] = "implausible",
    [TROUBLE_GONE] = "gone",       [TROUBLE_UNREADABLE] = "unreadable",
    [TROUBLE_STORAGE] = "storage", [TROUBLE_UPLINK] = "uplink",
    [TROUBLE_STALE] = "stale",     [TROUBLE_WRONG_PART] = "wrong-part",
    [TROUBLE_BROKEN] = "broken",   [TROUBLE_OPEN] = "open",
    [TROUBLE_SHORT] = "short",     [TROUBLE_DAMAGED] = "damaged",
};
_Static_assert(LENGTH(trouble_names) == TROUBLE_COUNT, "a trouble without a name");

const char *const core_pattern_names[] = {
    [PATTERN_OFF] = "off",           [PATTERN_ON] = "on",
    [PATTERN_TROUBLE] = "trouble",   [PATTERN_WARNING] = "warning",
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
    [CORE_ANSWER_REMOTE_FIRE] =
        "Fire is acknowledged and reset in the room only; go there, or call somebody who is there.",
};
_Static_assert(LENGTH(core_answer_sentences) == CORE_ANSWER_COUNT, "an answer without a sentence");
