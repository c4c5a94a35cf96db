// people.key: one line of 64 hex digits, the master key. Hex, so that it can be printed and kept in a safe.
// The keys that are used are derived from it.
#include "gateway/people/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE (2 * KEY_SIZE + 1) // and the end of the line

_Static_assert(crypto_kdf_KEYBYTES == KEY_SIZE, "the master key");
_Static_assert(crypto_auth_hmacsha256_KEYBYTES == KEY_SIZE, "the key for cards");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_SIZE, "the key for rows");

static void derive(const uint8_t master[static KEY_SIZE], struct keys *ret_keys)
{
    static const char context[crypto_kdf_CONTEXTBYTES] = { 'c', 'r', 'p', 'e', 'o', 'p', 'l', 'e' };
    crypto_kdf_derive_from_key(ret_keys->cards, KEY_SIZE, 1, context, master);
    crypto_kdf_derive_from_key(ret_keys->rows, KEY_SIZE, 2, context, master);
    crypto_kdf_derive_from_key(ret_keys->check, CHECK_SIZE, 3, context, master);
}

static int read_up_to(int fd, char *buf, size_t size, size_t *ret_length)
{
    size_t length = 0;
    while (length < size) {
        ssize_t n = read(fd, buf + length, size - length);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        length += n > 0 ? (size_t)n : 0;
    }
    *ret_length = length;
    return 0;
}

// Nothing but the digits and one end of line.
static int decode(const char *text, size_t length, uint8_t ret_master[static KEY_SIZE])
{
    if (length == FILE_SIZE && text[length - 1] == '\n') {
        length--;
    }
    size_t n = 0;
    bool good = length == 2 * KEY_SIZE &&
                sodium_hex2bin(ret_master, KEY_SIZE, text, length, NULL, &n, NULL) == 0 && n == KEY_SIZE;
    return good ? 0 : -EBADMSG;
}

// own: in the state directory, where the mode is ours to keep; systemd sets the one of a credential.
static int read_key(const char *file, bool own, uint8_t ret_master[static KEY_SIZE])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return errno == ELOOP ? -EBADMSG : -errno;
    }
    struct stat st;
    char text[FILE_SIZE + 1];
    size_t length = 0;
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && !S_ISREG(st.st_mode)) {
        r = -EBADMSG;
    } else if (r == 0 && own && (st.st_mode & 077) != 0) {
        r = -EPERM;
    } else if (r == 0) {
        r = read_up_to(fd, text, sizeof text, &length);
    }
    close(fd);
    r = r < 0 ? r : decode(text, length, ret_master);
    sodium_memzero(text, sizeof text);
    return r;
}

static int write_synced(const char *file, const char *text, size_t length)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = fchmod(fd, 0600) == 0 ? write(fd, text, length) : -1;
    int r = n < 0 ? -errno : n != (ssize_t)length ? -ENOSPC : fsync(fd) < 0 ? -errno : 0;
    if (close(fd) < 0 && r == 0) {
        r = -errno;
    }
    return r;
}

static int sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return r;
}

// Whole and on the disk before it has its name: a power cut leaves no half a key. link() refuses to replace.
static int make_key(const char *directory, const char *file, uint8_t ret_master[static KEY_SIZE])
{
    char fresh[PATH_MAX], text[FILE_SIZE + 1];
    if (snprintf(fresh, sizeof fresh, "%s.new", file) >= (int)sizeof fresh) {
        return -ENAMETOOLONG;
    }
    uint8_t master[KEY_SIZE];
    crypto_kdf_keygen(master);
    sodium_bin2hex(text, sizeof text, master, sizeof master);
    text[FILE_SIZE - 1] = '\n';
    int r = unlink(fresh) < 0 && errno != ENOENT ? -errno : 0; // of a start that was cut short; never used
    r = r < 0 ? r : write_synced(fresh, text, FILE_SIZE);
    if (r == 0 && link(fresh, file) < 0) {
        r = -errno;
    }
    unlink(fresh);
    r = r < 0 ? r : sync_directory(directory);
    if (r == 0) {
        memcpy(ret_master, master, sizeof master);
    }
    sodium_memzero(master, sizeof master);
    sodium_memzero(text, sizeof text);
    return r;
}

static int find_master(const char *state_dir, bool create, uint8_t ret_master[static KEY_SIZE])
{
    char file[PATH_MAX];
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials && credentials[0] == '/') {
        if (snprintf(file, sizeof file, "%s/people.key", credentials) >= (int)sizeof file) {
            return -ENAMETOOLONG;
        }
        int r = read_key(file, false, ret_master);
        if (r != -ENOENT) {
            return r;
        }
    }
    if (snprintf(file, sizeof file, "%s/people.key", state_dir) >= (int)sizeof file) {
        return -ENAMETOOLONG;
    }
    int r = read_key(file, true, ret_master);
    if (r == -ENOENT) {
        return create ? make_key(state_dir, file, ret_master) : -ENOKEY;
    }
    return r;
}

int keys_load(const char *state_dir, bool create, struct keys *ret_keys)
{
    uint8_t master[KEY_SIZE];
    int r = find_master(state_dir, create, master);
    if (r == 0) {
        derive(master, ret_keys);
    }
    sodium_memzero(master, sizeof master);
    return r;
}
