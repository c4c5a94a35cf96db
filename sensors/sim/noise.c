#include "sensors/sim/noise.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define BURST_NS    1000000L
#define BURST_EDGES 20

struct sim_noise {
    pthread_t thread;
    atomic_bool ending;
    struct sim_pin *pin;
    enum sim_drive drives[2];
};

static void *run(void *user)
{
    struct sim_noise *noise = user;
    const struct timespec burst = { .tv_nsec = BURST_NS };
    while (!atomic_load(&noise->ending)) {
        for (unsigned i = 0; i < BURST_EDGES; i++)
            sim_pin_drive(noise->pin, noise->drives[i % 2]);
        (void)nanosleep(&burst, NULL);
    }
    return NULL;
}

int sim_noise_start(struct sim_pin *pin, enum sim_drive one, enum sim_drive other,
                    struct sim_noise **ret_noise)
{
    struct sim_noise *noise = calloc(1, sizeof(*noise));
    if (!noise)
        return -ENOMEM;
    noise->pin = pin;
    noise->drives[0] = one;
    noise->drives[1] = other;
    int r = pthread_create(&noise->thread, NULL, run, noise);
    if (r != 0) {
        free(noise);
        return -r;
    }
    *ret_noise = noise;
    return 0;
}

void sim_noise_stop(struct sim_noise *noise)
{
    if (!noise)
        return;
    atomic_store(&noise->ending, true);
    pthread_join(noise->thread, NULL);
    free(noise);
}
