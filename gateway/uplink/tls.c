#include "gateway/uplink/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct tls {
    SSL_CTX *context;
    int refusal; // X509_V_…
};

// Runs in the handshake: only remembers, the verdict stays OpenSSL's.
static int remember_refusal(int good, X509_STORE_CTX *store)
{
    if (good)
        return good;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    tls->refusal = X509_STORE_CTX_get_error(store);
    return good;
}

static int explain(const char *what, const char *file, char *why, size_t why_size)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(why, why_size, "%s%s%s: %s", what, file ? " " : "", file ? file : "",
             reason ? reason : "not usable");
    ERR_clear_error();
    return -EINVAL;
}

static int expect_host(SSL_CTX *context, const char *host)
{
    X509_VERIFY_PARAM *expected = SSL_CTX_get0_param(context);
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(expected, host);
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(expected, host, 0);
}

static int fill(struct tls *tls, const struct config_mqtt *mqtt, char *why, size_t why_size)
{
    SSL_CTX *context = tls->context;
    SSL_CTX_set_app_data(context, tls);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, remember_refusal);
    if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
        return explain("TLS 1.2", NULL, why, why_size);
    if (!expect_host(context, mqtt->host))
        return explain("host name", mqtt->host, why, why_size);
    if (mqtt->ca ? !SSL_CTX_load_verify_locations(context, mqtt->ca, NULL)
                 : !SSL_CTX_set_default_verify_paths(context))
        return explain("CA certificates", mqtt->ca, why, why_size);
    if (!mqtt->cert)
        return 0;
    if (SSL_CTX_use_certificate_chain_file(context, mqtt->cert) != 1)
        return explain("client certificate", mqtt->cert, why, why_size);
    if (SSL_CTX_use_PrivateKey_file(context, mqtt->key, SSL_FILETYPE_PEM) != 1)
        return explain("client key", mqtt->key, why, why_size);
    if (SSL_CTX_check_private_key(context) != 1)
        return explain("client key does not belong to the certificate", mqtt->key, why, why_size);
    return 0;
}

int tls_new(const struct config_mqtt *mqtt, struct tls **ret_tls, char *why, size_t why_size)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    ERR_clear_error();
    tls->context = SSL_CTX_new(TLS_client_method());
    int r = tls->context ? fill(tls, mqtt, why, why_size) : explain("OpenSSL", NULL, why, why_size);
    if (r < 0) {
        tls_free(tls);
        return r;
    }
    *ret_tls = tls;
    return 0;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

void *tls_context(struct tls *tls)
{
    return tls->context;
}

const char *tls_refusal(const struct tls *tls)
{
    return tls->refusal ? X509_verify_cert_error_string(tls->refusal) : NULL;
}
