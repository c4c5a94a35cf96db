#include "gateway/common/person.h"

const char *const person_kind_names[PERSON_KIND_COUNT] = {
    [PERSON_CHILD] = "child",
    [PERSON_STAFF] = "staff",
    [PERSON_GUARDIAN] = "guardian",
};
