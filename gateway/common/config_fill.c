// The draft's good values into the structures of config.h, by the key table alone.
#include "gateway/common/config_work.h"

#include <stdio.h>
#include <string.h>

static void store_text(struct work *work, const char *text, void *to)
{
    size_t size = strlen(text) + 1;
    char *copy = work_keep(work, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
        memcpy(to, &copy, sizeof copy);
    }
}

// The table's ranges fit the fields; the field's size says which kind of integer it is.
static void store_number(int64_t number, size_t size, void *to)
{
    uint8_t byte = (uint8_t)number;
    uint16_t half = (uint16_t)number;
    uint32_t word = (uint32_t)number;
    const void *from = size == sizeof byte   ? (const void *)&byte
                       : size == sizeof half ? (const void *)&half
                                             : &word;
    memcpy(to, from, size);
}

static void store_list(struct work *work, const struct key *key, const struct draft_value *value,
                       char *structure)
{
    char *entries = work_keep(work, value->n_items * key->inner->size);
    if (entries == NULL) {
        return;
    }
    for (size_t i = 0; i < value->n_items; i++) {
        fill_structure(work, value->items[i], entries + i * key->inner->size);
    }
    memcpy(structure + key->offset, &entries, sizeof entries);
    memcpy(structure + key->count_offset, &value->n_items, sizeof value->n_items);
}

void fill_structure(struct work *work, const struct draft *draft, void *structure)
{
    for (size_t i = 0; i < draft->section->n_keys; i++) {
        const struct key *key = &draft->section->keys[i];
        const struct draft_value *value = &draft->values[i];
        if (key->offset == NOWHERE || !value->good) {
            continue;
        }
        char *to = (char *)structure + key->offset;
        switch (key->type) {
        case KEY_ID:
            (void)snprintf(to, ID_SIZE, "%s", value->text);
            break;
        case KEY_TEXT:
        case KEY_WORD:
        case KEY_HOST:
        case KEY_PATH:
        case KEY_LINE:
        case KEY_DECIMAL:
            store_text(work, value->text, to);
            break;
        case KEY_NAME:
        case KEY_NUMBER:
        case KEY_RATIO:
        case KEY_ADDRESS:
        case KEY_BOOL:
            store_number(value->number, key->size, to);
            break;
        case KEY_MAP:
            fill_structure(work, value->items[0], to);
            break;
        case KEY_LIST:
            store_list(work, key, value, structure);
            break;
        case KEY_IDS:
        case KEY_TYPE_COUNT:
            break;
        }
    }
}
