// The reader rows, for the table in readers.c. Everybody else asks reader_find().
#ifndef CAREROOM_SENSORS_READERS_READERS_H
#define CAREROOM_SENSORS_READERS_READERS_H

#include "sensors/reader.h"

extern const struct reader wiegand_reader;
extern const struct reader pn532_reader;
extern const struct reader rdm6300_reader;
extern const struct reader wedge_reader;

#endif
