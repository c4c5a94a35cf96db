// The world around the simulated parts of a configuration, changed by lines of text: what the programs that
// put these parts behind devices of the emulated board have in common.
#ifndef CAREROOM_TESTS_BOARD_WORLD_H
#define CAREROOM_TESTS_BOARD_WORLD_H

#include "gateway/common/config.h"

// The parts of a configuration. It is read here, and lives as long as the program. 0 or a negative errno;
// what is wrong is told on stderr.
int world_build(const char *path, struct config **ret_config);

// Carry out one line, which is taken apart. 0, -EINVAL or what the simulation says.
//     set ROOM/SENSOR QUANTITY VALUE
//     fault ROOM/PART none|nack|crc|stuck|hang
//     show ROOM/READER CARD
int world_change(char *line);

// For ever: lines from standard input, each carried out by `change`; what can't be done is told on stderr.
void world_obey(const char *program, int (*change)(char *line));

#endif
