// LD_PRELOAD library: from the moment a thread tells the service manager READY=1, that thread may not
// allocate nor free; it aborts with the name of the function that it called. STOPPING=1 ends the rule. Other
// threads are left alone.
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

void *memalign(size_t alignment, size_t size);
int sd_notify(int unset_environment, const char *state);
int sd_notifyf(int unset_environment, const char *format, ...);

static __thread int watched;

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void refuse(const char *function)
{
    if (!watched) {
        return;
    }
    watched = 0; // abort() may allocate
    say("nomalloc: the main thread called ");
    say(function);
    say(" after READY=1\n");
    void *frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    abort();
}

void *malloc(size_t size)
{
    refuse("malloc");
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    refuse("calloc");
    return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    refuse("realloc");
    return __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t n, size_t size)
{
    refuse("reallocarray");
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t size)
{
    refuse("memalign");
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    refuse("aligned_alloc");
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    refuse("posix_memalign");
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    if (memory) {
        refuse("free");
    }
    __libc_free(memory);
}

static int pass_on(int unset_environment, const char *state)
{
    static int (*next)(int, const char *);
    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "sd_notify");
    }
    if (strstr(state, "STOPPING=1")) {
        watched = 0;
    }
    int r = next ? next(unset_environment, state) : 0;
    if (strstr(state, "READY=1")) {
        say("nomalloc: watching\n");
        watched = 1;
    }
    return r;
}

int sd_notify(int unset_environment, const char *state)
{
    return pass_on(unset_environment, state);
}

int sd_notifyf(int unset_environment, const char *format, ...)
{
    char state[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(state, sizeof state, format, arguments);
    va_end(arguments);
    return pass_on(unset_environment, state);
}
