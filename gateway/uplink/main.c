// careroom-uplink: delivers the journal to the operator's broker and takes its commands. This file: options,
// the main loop, the watchdog and the stop.
#include <errno.h>
#include <getopt.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "gateway/common/config.h"
#include "gateway/common/log.h"
#include "gateway/uplink/delivery.h"
#include "gateway/uplink/exchange.h"
#include "gateway/uplink/guard_line.h"
#include "gateway/uplink/tls.h"

#define STOP_US 800000u // then we go without waiting for the network
#define STALLED_NS                                                                                           \
    (30 * NS_PER_S) // a delivery thread that turns at least once a second; a slow card is no hang
#define LOOKING_UP_NS (180 * NS_PER_S) // a name look-up with several dead servers

struct uplink {
    const struct config *config;
    sd_event *event;
    struct exchange *exchange;
    struct guard_line *guard;
    bool delivering; // there is a broker and a thread for it
    uint64_t watchdog_us;
    bool said_stalled;
};

// ---- Watchdog: fed because the delivery thread turned, never because the broker answered

static bool alive(const struct uplink *uplink)
{
    uint64_t beat_ns;
    bool blocking;
    if (!uplink->delivering)
        return true;
    exchange_last_beat(uplink->exchange, &beat_ns, &blocking);
    uint64_t now_ns = clock_boottime_ns();
    return beat_ns >= now_ns || now_ns - beat_ns < (blocking ? LOOKING_UP_NS : STALLED_NS);
}

static int on_watchdog(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct uplink *uplink = user;
    bool lives = alive(uplink);
    if (lives)
        (void)sd_notify(0, "WATCHDOG=1");
    else if (!uplink->said_stalled)
        log_error("the delivery thread does not turn any more; the watchdog is no longer fed");
    uplink->said_stalled = !lives;
    (void)sd_event_source_set_time_relative(source, uplink->watchdog_us / 3);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_watchdog(struct uplink *uplink)
{
    if (sd_watchdog_enabled(0, &uplink->watchdog_us) <= 0)
        return 0;
    return sd_event_add_time_relative(uplink->event, NULL, CLOCK_BOOTTIME, uplink->watchdog_us / 3, 0,
                                      on_watchdog, uplink);
}

// ---- Stop

// Whatever the delivery thread is waiting for: what is on the disk is right, so leaving it is safe.
static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec, (void)user;
    log_notice("stopped without a good-bye to the broker");
    _exit(0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct uplink *uplink = user;
    (void)sd_notify(0, "STOPPING=1");
    if (!uplink->delivering)
        return sd_event_exit(uplink->event, 0);
    exchange_ask_stop(uplink->exchange);
    int r =
        sd_event_add_time_relative(uplink->event, NULL, CLOCK_BOOTTIME, STOP_US, 0, on_stop_timeout, uplink);
    return r < 0 ? sd_event_exit(uplink->event, 0) : 0;
}

static int on_exchange(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source, (void)events;
    struct uplink *uplink = user;
    exchange_drain(fd);
    if (exchange_stopped(uplink->exchange))
        return sd_event_exit(uplink->event, 0);
    guard_line_look(uplink->guard);
    return 0;
}

// ---- The loop

static int add_sources(struct uplink *uplink)
{
    int r = sd_event_add_signal(uplink->event, NULL, SIGTERM, on_signal, uplink);
    if (r >= 0)
        r = sd_event_add_signal(uplink->event, NULL, SIGINT, on_signal, uplink);
    if (r >= 0)
        r = sd_event_add_io(uplink->event, NULL, exchange_main_fd(uplink->exchange), EPOLLIN, on_exchange,
                            uplink);
    if (r >= 0)
        r = add_watchdog(uplink);
    if (r >= 0)
        r = guard_line_new(uplink->event, uplink->config, uplink->exchange, &uplink->guard);
    return r;
}

static int set_up(struct uplink *uplink, pthread_t *ret_thread)
{
    int r = sd_event_new(&uplink->event);
    if (r >= 0)
        r = exchange_new(&uplink->exchange);
    if (r >= 0)
        r = add_sources(uplink);
    if (r < 0)
        return r;
    if (!uplink->config->mqtt.host) {
        log_notice("no broker is configured (mqtt.host); nothing to deliver");
        return 0;
    }
    exchange_beat(uplink->exchange, false);
    r = delivery_start(uplink->config, uplink->exchange, ret_thread);
    uplink->delivering = r == 0;
    return r;
}

static int run(const struct config *config)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); // before any thread: the loop takes them
    signal(SIGPIPE, SIG_IGN);
    srandom((unsigned)clock_boottime_ns() ^ (unsigned)getpid()); // for jitter alone
    mosquitto_lib_init();

    struct uplink uplink = { .config = config };
    pthread_t thread;
    int r = set_up(&uplink, &thread);
    if (r >= 0) {
        (void)sd_notify(0, "READY=1");
        r = sd_event_loop(uplink.event);
    }
    if (r < 0)
        log_error("careroom-uplink cannot run: %s", strerror(-r));
    if (uplink.delivering && exchange_stopped(uplink.exchange))
        pthread_join(thread, NULL);
    else if (uplink.delivering)
        _exit(r < 0);
    guard_line_free(uplink.guard);
    exchange_free(uplink.exchange);
    sd_event_unref(uplink.event);
    mosquitto_lib_cleanup();
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

// ---- Options

// What the file names must be usable too: a --check that passes with an unreadable certificate has checked
// nothing.
static int check_files(const struct config *config)
{
    const struct config_mqtt *mqtt = &config->mqtt;
    char why[256];
    struct tls *tls = NULL;
    int r = 0;
    if (mqtt->host && mqtt->tls) {
        r = tls_new(mqtt, &tls, why, sizeof why);
        tls_free(tls);
        if (r < 0)
            fprintf(stderr, "%s: mqtt.tls: %s\n", config->file, why);
    }
    if (mqtt->host && mqtt->password_file && access(mqtt->password_file, R_OK) < 0) {
        r = -errno;
        fprintf(stderr, "%s: mqtt.password_file: %s: %s\n", config->file, mqtt->password_file,
                strerror(errno));
    }
    return r;
}

static void help(FILE *to)
{
    fputs("Usage: careroom-uplink [--config FILE] [--check]\n"
          "Deliver careroom's journal to the operator's MQTT broker and take its commands.\n\n"
          "  --config FILE  the configuration (else $CAREROOM_CONFIG, else /etc/careroom/careroom.yaml)\n"
          "  --check        say every mistake in it and exit: 0 where all is well, 1 otherwise\n"
          "  --version      print the version and exit\n"
          "  --help         print this and exit\n",
          to);
}

int main(int argc, char *argv[])
{
    enum { OPTION_CONFIG = 1, OPTION_CHECK, OPTION_VERSION, OPTION_HELP };
    static const struct option options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "check", no_argument, NULL, OPTION_CHECK },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        { 0 },
    };
    const char *file = config_default_file();
    bool check = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == OPTION_CONFIG) {
            file = optarg;
        } else if (option == OPTION_CHECK) {
            check = true;
        } else if (option == OPTION_VERSION) {
            puts("careroom-uplink " CAREROOM_VERSION);
            return EXIT_SUCCESS;
        } else {
            help(option == OPTION_HELP ? stdout : stderr);
            return option == OPTION_HELP ? EXIT_SUCCESS : 2;
        }
    }
    if (optind < argc) {
        help(stderr);
        return 2;
    }
    struct config *config;
    int r = config_load(file, NULL, config_report_text, stderr, &config);
    if (r < 0)
        return r == -EINVAL && !check ? CONFIG_EXIT_STATUS : EXIT_FAILURE;
    int status = check ? (check_files(config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS) : run(config);
    config_free(config);
    return status;
}
