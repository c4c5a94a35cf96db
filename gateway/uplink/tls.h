// The TLS side of the connection: our own OpenSSL context, so that the minimum version is 1.2 whatever the
// library's default, 1.3 is allowed, the chain and the host name are always verified, and a refusal can be
// explained.
#ifndef CAREROOM_UPLINK_TLS_H
#define CAREROOM_UPLINK_TLS_H

#include <stddef.h>

#include "gateway/common/config.h"

struct tls;

// Read the files and make a context. 0 and *ret_tls; -EINVAL: a file can't be read or doesn't fit the others,
// and `why` holds a sentence. Blocks on the file system.
int tls_new(const struct config_mqtt *mqtt, struct tls **ret_tls, char *why, size_t why_size);
void tls_free(struct tls *tls); // NULL is fine

void *tls_context(struct tls *tls); // SSL_CTX *, owned by tls

// Why the broker's certificate was refused, or NULL where it was not.
const char *tls_refusal(const struct tls *tls);

#endif
