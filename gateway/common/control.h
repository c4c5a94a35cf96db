// The control socket as its clients see it: run_dir/control.sock, a unix stream, one JSON object a line each way.
//
// Requests have "op" and may have "seq" (echoed in the answer). Answers have "ok": true, or
// "ok": false with "error" (a sentence: what is wrong, and what to do) and "code" (one of control_codes).
// Lines longer than CONTROL_LINE_MAX are refused and the connection is closed.
//
//   {"op":"status"}                                  -> {"ok":true,"status":{…}}     as careroomctl status --json prints it
//   {"op":"alarms"}                                  -> {"ok":true,"alarms":[…]}
//   {"op":"ack","alarm":"butterfly/smoke-1","occurrence":3}   occurrence optional: the one that stands now
//   {"op":"reset","alarm":"butterfly/smoke-1","occurrence":3}
//                                                    -> {"ok":true,"alarm":…,"occurrence":3,"recorded":"18231"} after the
//                                                       commit: sequence of the event; "recorded":null with "storage":"…"
//                                                       where the disk is in trouble
//   {"op":"test","output":"butterfly/siren","for_ms":2000}   1000 to 10000, 2000 where it is left out
//                                                    -> {"ok":true,"output":…,"for_ms":2000,"recorded":"18231"}: it is
//                                                       driven and goes back; never while fire stands, never for a
//                                                       remote request, and a fire ends it
//   {"op":"calibrate","sensor":"butterfly/air","co2_ppm":420}   the CO2 around the sensor, for 3 minutes at least
//                                                    -> {"ok":true,"sensor":…,"co2_ppm":420,"correction_ppm":-35,
//                                                       "recorded":"18231"} within seconds: its readings change by so much;
//                                                       never for a remote request
//   {"op":"drill-start","room":"butterfly","for_ms":1800000}   a room or "all"; for_ms optional, 2 h at most
//   {"op":"drill-stop","room":"butterfly"}           -> {"ok":true,"room":…,"recorded":"18231"}
//   {"op":"rollcall","room":"butterfly"}             -> {"ok":true,"rollcall":{"room","of":"fire"|"drill","children","staff",
//                                                       "guardians","safe","missing","unmarked","people":[{"person":"p-…",
//                                                       "id":"c12","kind":"child","mark":"unmarked"}]}}; "no-drill" where
//                                                       none runs; never for a remote request
//   {"op":"mark","room":"butterfly","person":"c12","mark":"safe"}   safe | missing; person: an id or a pseudonym
//                                                    -> {"ok":true,"person":…,"recorded":"18231"}; remote: of a drill alone
//   {"op":"presence","room":"butterfly","person":"c12","present":true,"reason":"…"}   a correction; reason optional
//                                                    -> {"ok":true,"person":…,"recorded":"18231"}; never for a remote request
//   {"op":"people-import","data":"…"}                a piece of the file, base64; on one connection, then its end:
//   {"op":"people-import","end":true,"dry_run":false}   -> {"ok":true,"done":true,"rows","added","updated","unchanged",
//                                                       "mistakes","notices","messages":[…]}; with mistakes nothing was
//                                                       changed; never for a remote request
//   {"op":"follow"}                                  -> {"ok":true,"recorded":"18231"} now and again after every commit:
//                                                       all events up to this sequence are on the disk
//   {"op":"uplink","state":"online","held":["fire"],"parked":0,"delivered":"18200","why":"…"}   from careroom-uplink alone: its
//                                                       health; why: what keeps it from the broker, "" where nothing does
//   {"op":"voice","state":"ok"|"trouble","why":"…"}  from careroom-voice: whether it can be heard
//   {"op":"scan"}                                    -> {"ok":true,"scan":{"buses":[…],"lines":[…]}}; with "yaml":true
//                                                       also "yaml", the beginning of a configuration
//   {"op":"sim-set","point":"butterfly/air","quantity":"co2","value":"1800"}   careroomd-sim only, as the next four
//   {"op":"sim-line","point":"butterfly/door","state":"active"}      active | inactive | open (wire cut)
//   {"op":"sim-badge","reader":"butterfly/entry","uid":"57:12345"}   or "format":26|34|37, "pulses":"0101…" for raw pulses,
//                                                                  "text":"04A1B2C3" for readers other than Wiegand
//   {"op":"sim-fault","point":"butterfly/air","fault":"nack"}        none | nack | crc | stuck | hang
//   {"op":"sim-outputs"}                             -> {"ok":true,"outputs":[{"id":…,"on":…,"level":…,"pattern":…}]}
//
// "via":"mqtt" on ack, reset, test, calibrate, drill-start, mark marks a request as remote; what comes from the uplink's user is remote in any case.
// Remote requests never acknowledge or reset fire.
#ifndef CAREROOM_COMMON_CONTROL_H
#define CAREROOM_COMMON_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_LINE_MAX    65536
#define CONTROL_SOCKET_NAME "control.sock"

struct control_client;

// Connect to run_dir/control.sock. 0 and *ret_client; -ENOENT or -ECONNREFUSED: the guard is not there (exit status 3);
// -EACCES: not allowed; -ENAMETOOLONG. Blocks at most for the connect of a local socket. Free with control_close().
int control_connect(const char *run_dir, struct control_client **ret_client);

// Send one line (terminator added). Blocks until taken. 0 or negative errno (-EPIPE: the guard went away).
int control_send(struct control_client *client, const char *line);

// Receive one line without its terminator; *ret_line belongs to the client and is good until the next call.
// Waits at most timeout_ms (-1: for ever). 0; -ETIMEDOUT; -ECONNRESET: the guard closed; -EMSGSIZE: a line over the limit.
int control_receive(struct control_client *client, int timeout_ms, const char **ret_line);

int control_fd(const struct control_client *client); // for poll(); owned by the client

void control_close(struct control_client *client); // NULL is fine

#endif
