// The table of card readers.
#include "sensors/readers/readers.h"

#include <string.h>

static const struct reader *const table[] = { &wiegand_reader, &pn532_reader, &rdm6300_reader,
                                              &wedge_reader };

const struct reader *reader_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? table[index] : NULL;
}

const struct reader *reader_find(const char *name)
{
    for (size_t i = 0; reader_at(i); i++)
        if (strcmp(reader_at(i)->info.name, name) == 0)
            return reader_at(i);
    return NULL;
}
