// Simulated hardware behind the real drivers, linked into careroomd-sim only. It takes the place of
// the files in sensors/bus that talk to the kernel: chips and modules that answer byte by byte, lines with
// edges, card pulses, keys, faults. Driven from another thread than the guard's main thread and its bus
// workers; everything here locks for itself.
#ifndef CAREROOM_SENSORS_SIM_SIM_H
#define CAREROOM_SENSORS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/common/config.h"

enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_NACK,
    SIM_FAULT_CRC,
    SIM_FAULT_STUCK,
    SIM_FAULT_HANG,
    SIM_FAULT_COUNT
};
extern const char *const sim_fault_names[SIM_FAULT_COUNT];

enum sim_contact {
    SIM_CONTACT_INACTIVE,
    SIM_CONTACT_ACTIVE,
    SIM_CONTACT_OPEN,     // wire cut
    SIM_CONTACT_CHATTERS, // active and inactive, 20,000 changes a second, until another state
    SIM_CONTACT_COUNT
};
extern const char *const sim_contact_names[SIM_CONTACT_COUNT];

// Build the world that a configuration describes: a chip at each bus address (once for all parts that are
// channels of it), a line for each name, contacts and loops at rest, readers silent. Before any bus or line
// is opened. 0, -ENOTSUP where a driver has no simulated chip (the kernel's have none), -EADDRINUSE or
// -EEXIST where two parts share an address or a line, -ENOMEM. The config must outlive it. Build and destroy
// are not called beside anything else here. What is still open afterwards finds nobody at home: buses say
// -EREMOTEIO, lines -ENODEV.
int sim_build(const struct config *config);
void sim_destroy(void);

// All return 0, -ENOENT (no such room, point, reader or output) or -EINVAL (it has no such quantity, state or
// fault). None blocks.
//
// A chip measures what sim_set() says, without noise, as exactly as its words can tell; a contact's or a
// loop's quantity is 0 or 1, and sim_line() cuts either's wire. Faults of a chip: nack, it has no supply, and
// comes back without its memory; crc, the last CRC of every answer is damaged; stuck, it answers but measures
// no more; hang, it holds the bus and every transfer of that adapter times out after a second, or goes on as
// soon as the fault is lifted; a bus's scl and sda lines, or its power line, lift it. A module on a serial
// port is the same, but that stuck means frames that never end, and hang that the port is pulled out; so it
// is for a card reader that types, which has no other fault. A chip whose answers have no check has no crc.
// What hangs on an output with a feedback can be stuck: it stays as it is, and says so. A loop can't chatter.
int sim_set(const char *room, const char *sensor, enum quantity quantity, int32_t value);
int sim_fault(const char *room, const char *id, enum sim_fault fault);
int sim_line(const char *room, const char *sensor, enum sim_contact state);
// Raw pulses as the cable would carry them: a string of '0' and '1' of at most 64. Pulses 50 us wide, 2 ms
// apart, the last one now. -EBUSY: it is not yet as long ago that the cable was busy as these pulses and 60
// ms take.
int sim_pulses(const char *room, const char *reader, const char *bits);
// A well-formed frame of 26, 34 or 37 bits, parity added. 26: facility 0-255, card 0-65535; 34: facility,
// card 0-65535; 37: facility 0-65535, card 0-524287. Errors of sim_pulses().
int sim_badge(const char *room, const char *reader, unsigned format, uint32_t facility, uint32_t card);
// A card's number as text, shown to a reader of another kind: pn532, 8, 14 or 20 hex digits, for 0.4 s;
// rdm6300, 10 hex digits, for 0.3 s; wedge, what it types, 1 to 24 hex digits. -EINVAL: no card of its kind;
// -ENOTSUP: it is a Wiegand reader, for sim_badge(); -EBUSY: nobody reads the keyboard.
int sim_show(const char *room, const char *reader, const char *uid);
// The level that the guard drives (electrical) and when it was last changed (boottime).
int sim_output(const char *room, const char *output, bool *ret_level, uint64_t *ret_changed_ns);
// When the world last changed this contact's line (boottime; 0: never): the other end of a latency
// measurement.
int sim_line_changed(const char *room, const char *sensor, uint64_t *ret_changed_ns);

#endif
