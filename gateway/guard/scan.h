// What an installer wants to know: which buses and lines this machine has, and which parts are on them. As
// JSON
// {"buses":[{"path","name","devices":[…]}],"lines":[{"chip","offset","name","used"}]}; a device has "address"
// and "answers", and "part" where it is known which it is. Allocates and blocks: never on the main thread.
#ifndef CAREROOM_GUARD_SCAN_H
#define CAREROOM_GUARD_SCAN_H

#include <jansson.h>
#include <stdio.h>

#include "gateway/common/config.h"
#include "gateway/guard/guard.h"

// List buses, without devices, and lines. 0 and a new reference, or a negative errno.
int scan_list(json_t **ret_scan);

// Look for the parts of the tables on every bus, at their addresses alone. Only where no guard runs: a
// question between two steps of a driver takes its answer away. Devices further have "parts", those that it
// may be, "kernel", where a driver of the kernel has the address; a bus that can't be used has "error".
void scan_probe(json_t *scan);

// A configuration of what was found, in which roles, names and what is doubtful are left to be filled in.
// `config`: the one that is in use, or NULL. Free with free(); NULL: out of memory.
char *scan_yaml(const json_t *scan, const struct config *config);

// For people.
void scan_print(const json_t *scan, FILE *out);

// The program's --scan, as --yaml or for people, where `file` need not be there yet. Returns the exit status:
// 0 done, 1 not possible, which has been said.
int scan_main(const char *file, bool yaml, const struct guard_extension *extension);

#endif
