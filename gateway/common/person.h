// People, as events and the core know them: a pseudonym, a kind, and nothing that names anybody.
#ifndef CAREROOM_COMMON_PERSON_H
#define CAREROOM_COMMON_PERSON_H

// "p-" and 16 hex digits, with room to spare.
#define PSEUDONYM_SIZE 24

enum person_kind { PERSON_CHILD, PERSON_STAFF, PERSON_GUARDIAN, PERSON_KIND_COUNT };
extern const char *const person_kind_names[PERSON_KIND_COUNT]; // "child", "staff", "guardian"

#endif
