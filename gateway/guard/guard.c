#include "gateway/guard/guard.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "gateway/common/log.h"
#include "gateway/core/core.h"
#include "gateway/guard/attendance.h"
#include "gateway/guard/calibration.h"
#include "gateway/guard/instructions.h"
#include "gateway/guard/lines.h"
#include "gateway/guard/local_time.h"
#include "gateway/guard/minutes.h"
#include "gateway/guard/outputs.h"
#include "gateway/guard/restore.h"
#include "gateway/guard/scan.h"
#include "gateway/guard/workers.h"

// Lines are watched with priorities below zero (lines.c); the rest of the loop in this order.
#define PRIORITY_CORE    -20 // delays that run out
#define PRIORITY_BUSES   -10
#define PRIORITY_CONTROL 0
#define PRIORITY_JOURNAL 5
#define PRIORITY_TICK    10

#define TICK_USEC 1000000
// A step of the wall clock against boottime by more than this is an event.
#define CLOCK_STEP_MS 1000
// What the journal may take to write what waits when we are asked to stop ("within a second").
#define STOP_WRITE_MS 700
#define FIFO_PRIORITY 20

struct guard {
    struct config *config;
    struct plan *plan;
    struct core *core;
    struct core_actions actions; // here, since it is too large for a stack that must stay small
    struct line_identity identity;
    char boot_id[40];

    sd_event *loop;
    sd_event_source *deadline, *tick;
    uint64_t tick_next_usec, save_next_ns;
    struct lines *lines;
    struct outputs *outputs;
    struct minutes *minutes;
    struct workers *workers;
    struct calibrations *calibrations;
    struct attendance *attendance;
    struct ring *ring;
    struct recorder *recorder;
    struct mailbox *mailbox;
    struct control *control;

    uint64_t last_ticket;
    int64_t clock_offset_ms; // wall minus boottime
    uint64_t watchdog_usec;  // 0: nobody watches us
};

// ---- Decide, then act

static struct core_now now_of(void)
{
    struct core_now now = { .boottime_ns = clock_boottime_ns(),
                            .wall_ms = clock_wall_ms(),
                            .clock = clock_quality_now() };
    now.night = local_time_night(now.wall_ms, now.clock);
    return now;
}

static void record(struct guard *guard, const struct event *event)
{
    guard->last_ticket = ring_push(guard->ring, event);
}

static void rearm_deadline(struct guard *guard)
{
    uint64_t deadline_ns = core_deadline_ns(guard->core);
    if (deadline_ns == UINT64_MAX) {
        (void)sd_event_source_set_enabled(guard->deadline, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(guard->deadline, (deadline_ns + 999) / 1000);
    (void)sd_event_source_set_enabled(guard->deadline, SD_EVENT_ONESHOT);
}

static bool raises_fire(const struct core_actions *actions)
{
    for (size_t i = 0; i < actions->n_events; i++) {
        if (actions->events[i].type == EVENT_ALARM_RAISED && actions->events[i].class == CLASS_FIRE) {
            return true;
        }
    }
    return false;
}

// One input through the core: outputs first, journal second.
static enum core_answer step(struct guard *guard, const struct core_input *input)
{
    struct core_now now = now_of();
    struct core_actions *actions = &guard->actions;
    struct core_input next = *input;
    enum core_answer answer = CORE_ANSWER_DONE;
    bool first = true;
    do {
        core_step(guard->core, &next, &now, actions);
        for (size_t i = 0; i < actions->n_outputs; i++) {
            outputs_set(guard->outputs, actions->outputs[i].output, actions->outputs[i].pattern);
        }
        if (raises_fire(actions)) { // also those that the core has no other wish for
            outputs_end_tests(guard->outputs);
        }
        for (size_t i = 0; i < actions->n_events; i++) {
            record(guard, &actions->events[i]);
        }
        if (first) {
            answer = actions->answer;
            first = false;
        }
        next =
            (struct core_input){ .kind =
                                     CORE_INPUT_TICK }; // what did not fit into one answer goes on as a tick
    } while (actions->more);
    rearm_deadline(guard);
    return answer;
}

static void on_input(const struct core_input *input, void *user)
{
    struct guard *guard = user;
    (void)step(guard, input);
}

static void on_card(size_t point, const struct card *card, void *user)
{
    const struct guard *guard = user;
    attendance_card(guard->attendance, point, card);
}

static void on_point_trouble(size_t point, enum trouble trouble, void *user)
{
    on_input(&(struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = point, .trouble = trouble }, user);
}

// ---- Sources of the loop

static int on_deadline(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source;
    (void)usec;
    (void)step(user, &(struct core_input){ .kind = CORE_INPUT_TICK });
    return 0;
}

static void on_report(const struct report *report, void *user)
{
    struct guard *guard = user;
    switch (report->kind) {
    case REPORT_TROUBLE:
        on_point_trouble(report->point, report->trouble, guard);
        break;
    case REPORT_READING:
        if (report->reading.quantity != QUANTITY_CONTACT) { // of a loop: what happened is told, not averaged
            minutes_add(guard->minutes, report->point, report->reading.quantity, report->reading.value);
        }
        (void)step(guard, &(struct core_input){ .kind = CORE_INPUT_READING,
                                                .point = report->point,
                                                .quantity = report->reading.quantity,
                                                .value = report->reading.value });
        break;
    case REPORT_CARD:
        on_card(report->point, &report->card, guard);
        break;
    case REPORT_CALIBRATED: {
        struct core_now now = now_of();
        calibrations_report(guard->calibrations, report, &now);
        break;
    }
    }
}

static void fill_snapshot(const struct guard *guard, struct core_snapshot *snapshot)
{
    snapshot->now_ns = clock_boottime_ns();
    snapshot->clock = clock_quality_now();
    for (size_t i = 0; i < guard->plan->core.n_points; i++) {
        core_view_point(guard->core, i, &snapshot->points[i]);
    }
    for (size_t i = 0; i < guard->plan->core.n_alarms; i++) {
        core_view_alarm(guard->core, i, &snapshot->alarms[i]);
    }
    for (size_t i = 0; i < guard->plan->core.n_outputs; i++) {
        snapshot->outputs[i] = core_view_output(guard->core, i);
    }
    for (size_t i = 0; i < guard->plan->core.n_rooms; i++) {
        core_view_room(guard->core, i, &snapshot->rooms[i]);
    }
    attendance_view(guard->core, &guard->plan->core, snapshot);
}

static void answer_ask(struct guard *guard, struct request *request)
{
    struct core_input input = request->input;
    input.actor = request->actor;
    input.person = request->person[0] ? request->person : NULL;
    input.note = request->note.text[0] ? &request->note : NULL;
    struct core_alarm_view view = { .occurrence = 0 };
    if (input.kind == CORE_INPUT_ACK || input.kind == CORE_INPUT_RESET || input.kind == CORE_INPUT_SHELVE) {
        core_view_alarm(guard->core, input.alarm, &view);
    }
    uint64_t ticket_before = guard->last_ticket;
    request->answer = step(guard, &input);
    request->occurrence = view.occurrence;
    request->ticket = guard->last_ticket != ticket_before ? guard->last_ticket : 0;
}

static void answer_test(struct guard *guard, struct request *request)
{
    struct core_now now = now_of();
    struct event event;
    request->test = trial_may(guard->core, &guard->plan->core, request->remote);
    if (request->test == TEST_DONE && outputs_test(guard->outputs, request->output, request->for_ns) < 0) {
        request->test = TEST_NO_LINE;
    }
    trial_event(&guard->plan->core.outputs[request->output], request->test, request->remote, request->actor,
                &now, &event);
    record(guard, &event);
    request->ticket = guard->last_ticket;
}

static int on_order(const struct calibration_order *order, void *user)
{
    const struct guard *guard = user;
    return workers_calibrate(guard->workers, order);
}

static void answer_calibrate(struct guard *guard, struct request *request)
{
    struct core_now now = now_of();
    calibrations_begin(guard->calibrations, guard->core, &now, &request->calibration);
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *user)
{
    struct guard *guard = user;
    struct request *request = mailbox_take(guard->mailbox);
    (void)source;
    (void)fd;
    (void)events;
    if (!request) {
        return 0;
    }
    switch (request->kind) {
    case REQUEST_ASK:
        answer_ask(guard, request);
        break;
    case REQUEST_TEST:
        answer_test(guard, request);
        break;
    case REQUEST_CALIBRATE:
        answer_calibrate(guard, request);
        break;
    case REQUEST_CALIBRATION:
        calibrations_look(guard->calibrations, request->calibration.number, &request->calibration);
        break;
    case REQUEST_TROUBLE:
        on_point_trouble(request->input.point, request->input.trouble, guard);
        break;
    case REQUEST_PEOPLE:
        request->table = attendance_swap(guard->attendance, request->table);
        break;
    case REQUEST_VIEW:
        fill_snapshot(guard, request->snapshot);
        break;
    }
    mailbox_done(guard->mailbox);
    return 0;
}

static int on_storage(sd_event_source *source, int fd, uint32_t events, void *user)
{
    struct guard *guard = user;
    eventfd_t seen;
    (void)source;
    (void)events;
    (void)eventfd_read(fd, &seen);
    on_point_trouble(guard->plan->journal_point,
                     recorder_error(guard->recorder) ? TROUBLE_STORAGE : TROUBLE_NONE, guard);
    return 0;
}

static void gateway_event(struct guard *guard, enum event_type type, enum event_field field, int64_t number,
                          const char *word)
{
    struct core_now now = now_of();
    struct event event = { .type = type,
                           .class = CLASS_SYSTEM,
                           .clock = now.clock,
                           .boottime_ns = now.boottime_ns,
                           .wall_ms = now.wall_ms };
    if (word) {
        event_add_word(&event, field, word);
    } else {
        event_add_number(&event, field, number);
    }
    record(guard, &event);
}

// Somebody set the clock: readers correct the earlier times of this boot by the offset, nothing is rewritten.
static void watch_clock(struct guard *guard)
{
    int64_t offset_ms = clock_wall_ms() - (int64_t)(clock_boottime_ns() / NS_PER_MS);
    int64_t moved_ms = offset_ms - guard->clock_offset_ms;
    guard->clock_offset_ms = offset_ms;
    if (moved_ms > CLOCK_STEP_MS || moved_ms < -CLOCK_STEP_MS) {
        gateway_event(guard, EVENT_GATEWAY_CLOCK, FIELD_OFFSET_MS, moved_ms, NULL);
    }
}

// The watchdog is fed here and nowhere else: the core has judged delays and staleness, every line and every
// output was read.
static int on_tick(sd_event_source *source, uint64_t usec, void *user)
{
    struct guard *guard = user;
    (void)step(guard, &(struct core_input){ .kind = CORE_INPUT_TICK });
    lines_reread(guard->lines);
    outputs_verify(guard->outputs, on_point_trouble, guard);
    watch_clock(guard);
    minutes_tick(guard->minutes, clock_wall_ms() / 1000, guard->recorder);
    struct core_now now = now_of();
    calibrations_tick(guard->calibrations, &now);
    if (now.boottime_ns >= guard->save_next_ns) {
        guard->save_next_ns = now.boottime_ns + RESTORE_SAVE_NS;
        restore_save(guard->core, &now, guard->recorder);
    }
    if (guard->watchdog_usec) {
        (void)sd_notify(0, "WATCHDOG=1");
    }
    uint64_t next = guard->tick_next_usec + TICK_USEC;
    guard->tick_next_usec = next > usec ? next : usec + TICK_USEC; // no drift, and no burst after a suspend
    (void)sd_event_source_set_time(source, guard->tick_next_usec);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

// ---- Start

static int add_io(struct guard *guard, int fd, sd_event_io_handler_t handler, int64_t priority)
{
    sd_event_source *source;
    int r = sd_event_add_io(guard->loop, &source, fd, EPOLLIN, handler, guard);
    if (r >= 0) {
        r = sd_event_source_set_priority(source, priority);
    }
    if (r >= 0) {
        r = sd_event_source_set_floating(source, 1);
        sd_event_source_unref(source);
    }
    return r;
}

static int add_timer(struct guard *guard, sd_event_source **ret, uint64_t usec,
                     sd_event_time_handler_t handler, int64_t priority)
{
    int r = sd_event_add_time(guard->loop, ret, CLOCK_BOOTTIME, usec, 1000, handler, guard);
    return r < 0 ? r : sd_event_source_set_priority(*ret, priority);
}

// The journal, then the core with the alarms that stood; without a disk the core starts empty and guards all
// the same.
static int start_core(struct guard *guard)
{
    guard->identity = (struct line_identity){ .gateway = guard->config->gateway_id,
                                              .site = guard->config->site,
                                              .boot_id = guard->boot_id };
    void *memory = aligned_alloc(16, (core_size(&guard->plan->core) + 15) / 16 * 16);
    guard->ring = ring_new();
    if (!memory || !guard->ring) {
        return -ENOMEM;
    }
    struct core_now now = now_of();
    guard->core = core_init(memory, &guard->plan->core, &now);
    struct recorder_setup setup = { .ring = guard->ring,
                                    .state_dir = guard->config->state_dir,
                                    .identity = &guard->identity };
    setup.error = journal_open(guard->config->state_dir, &guard->identity, &setup.journal);
    if (setup.error == 0) {
        setup.error = restore_core(guard->core, guard->plan, setup.journal, &now);
        if (setup.error < 0) {
            log_error("journal: the alarms that stood can't be read back: %s; conditions that still hold "
                      "alarm anew",
                      strerror(-setup.error));
        }
    }
    guard->recorder = recorder_start(&setup);
    return guard->recorder ? 0 : -ENOMEM;
}

static int start_control(struct guard *guard, struct people *people, const struct guard_extension *extension)
{
    guard->mailbox = mailbox_new();
    if (!guard->mailbox) {
        return -ENOMEM;
    }
    int r = add_io(guard, mailbox_fd(guard->mailbox), on_request, PRIORITY_CONTROL);
    if (r < 0) {
        return r;
    }
    return control_start(&(struct control_setup){ .config = guard->config,
                                                  .plan = guard->plan,
                                                  .mailbox = guard->mailbox,
                                                  .recorder = guard->recorder,
                                                  .ring = guard->ring,
                                                  .people = people,
                                                  .boot_id = guard->boot_id,
                                                  .extra = extension ? extension->ops : NULL },
                         &guard->control);
}

static int start_loop(struct guard *guard)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL); // inherited by every thread; the loop takes them
    (void)signal(SIGPIPE, SIG_IGN);
    int r = sd_event_new(&guard->loop);
    if (r >= 0) {
        r = sd_event_add_signal(guard->loop, NULL, SIGTERM, NULL, NULL);
    }
    if (r >= 0) {
        r = sd_event_add_signal(guard->loop, NULL, SIGINT, NULL, NULL);
    }
    if (r >= 0) {
        r = add_timer(guard, &guard->deadline, UINT64_MAX, on_deadline, PRIORITY_CORE);
    }
    guard->tick_next_usec = clock_boottime_ns() / 1000 + TICK_USEC;
    if (r >= 0) {
        r = add_timer(guard, &guard->tick, guard->tick_next_usec, on_tick, PRIORITY_TICK);
    }
    return r < 0 ? r : 0;
}

// Real-time where we may: the loop is never paged out and never waits behind ordinary work. Other threads
// stay ordinary.
static void be_prompt(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || geteuid() == 0)) {
        if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0) {
            log_info("memory is not locked: %s", strerror(errno));
        }
    }
    struct sched_param fifo = { .sched_priority = FIFO_PRIORITY };
    if (sched_setscheduler(0, SCHED_FIFO, &fifo) < 0) { // 0: this thread alone
        log_info("ordinary scheduling, not real-time: %s", strerror(errno));
    }
}

// A trouble that stood before the restart ends here, unless what it was about tells it anew: lines, outputs
// and the disk do so at once, polled chips by their next value.
static void forget_troubles(struct guard *guard)
{
    for (size_t p = 0; p < guard->plan->core.n_points; p++) {
        if (guard->plan->core.points[p].contact) {
            on_point_trouble(p, TROUBLE_NONE, guard);
        }
    }
}

static int start(struct guard *guard, const struct guard_extension *extension)
{
    int r = clock_boot_id(guard->boot_id, sizeof guard->boot_id);
    if (r == 0 && extension) {
        r = extension->prepare(guard->config);
    }
    if (r == 0) {
        r = local_time_start(guard->config->timezone, clock_wall_ms());
    }
    if (r == 0) {
        guard->plan = plan_new(guard->config);
        r = start_loop(guard);
    }
    if (r == 0) {
        r = start_core(guard);
    }
    if (r == 0) {
        r = outputs_new(guard->plan, guard->loop, &guard->outputs);
    }
    if (r == 0) {
        guard->calibrations = calibrations_new(guard->plan, guard->ring, on_order, guard);
        r = guard->calibrations ? 0 : -ENOMEM;
    }
    if (r == 0) {
        guard->attendance = attendance_new(guard->plan, on_input, guard);
        r = guard->attendance ? 0 : -ENOMEM;
    }
    if (r == 0) {
        guard->minutes = minutes_new(guard->plan);
        r = guard->minutes ? lines_new(guard->plan, guard->loop, on_input, on_card, guard, &guard->lines)
                           : -ENOMEM;
    }
    if (r == 0) {
        r = add_io(guard, recorder_state_fd(guard->recorder), on_storage, PRIORITY_JOURNAL);
    }
    if (r < 0) {
        return r;
    }
    guard->clock_offset_ms = clock_wall_ms() - (int64_t)(clock_boottime_ns() / NS_PER_MS);
    gateway_event(guard, EVENT_GATEWAY_STARTED, FIELD_VERSION, 0, CAREROOM_VERSION);
    forget_troubles(guard);
    (void)step(guard, &(struct core_input){ .kind = CORE_INPUT_TICK }); // outputs of alarms that stood before
    outputs_verify(guard->outputs, on_point_trouble, guard);
    lines_start(guard->lines);
    struct people *people = attendance_begin(guard->attendance, guard->config);
    r = workers_start(guard->config, guard->plan, guard->loop, PRIORITY_BUSES, on_report, guard,
                      &guard->workers);
    return r < 0 ? r : start_control(guard, people, extension);
}

// ---- Stop

// In reverse order of start(). Outputs keep their level until the very end.
static void stop(struct guard *guard)
{
    struct core_now now = now_of();
    calibrations_stop(guard->calibrations, &now);
    gateway_event(guard, EVENT_GATEWAY_STOPPED, FIELD_VERSION, 0, CAREROOM_VERSION);
    if (guard->mailbox) {
        mailbox_stop(guard->mailbox);
    }
    control_stop(guard->control);
    mailbox_free(guard->mailbox);
    workers_stop(guard->workers);
    calibrations_free(guard->calibrations);
    lines_free(guard->lines);
    attendance_free(guard->attendance);
    restore_save(guard->core, &now, guard->recorder);
    minutes_flush(guard->minutes, guard->recorder);
    minutes_free(guard->minutes);
    if (!recorder_stop(guard->recorder, STOP_WRITE_MS)) {
        log_error("journal: the disk does not take the last events; stopping without them");
        _exit(1);
    }
    outputs_free(guard->outputs);
    ring_free(guard->ring);
    sd_event_source_unref(guard->tick);
    sd_event_source_unref(guard->deadline);
    sd_event_unref(guard->loop);
    free(guard->core);
    plan_free(guard->plan);
}

// ---- The program

static int on_nothing(sd_event_source *source, void *user)
{
    (void)source;
    (void)user;
    return 0;
}

// sd-event grows its queues when more is pending at once than ever before, and keeps them: let that happen
// now, with as many sources as can ever be pending (each point at most a line and a timer), since the main
// thread allocates nothing once ready.
static int prime_loop(const struct guard *guard)
{
    size_t n = 2 * guard->plan->core.n_points + guard->config->n_buses + 64;
    sd_event_source **sources = calloc(n, sizeof(sd_event_source *));
    int r = sources ? 0 : -ENOMEM;
    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = sd_event_add_defer(guard->loop, &sources[i], on_nothing, NULL);
    }
    if (r >= 0) {
        r = sd_event_run(guard->loop, 0);
    }
    for (size_t i = 0; sources && i < n; i++) {
        sd_event_source_unref(sources[i]);
    }
    free(sources);
    return r < 0 ? r : 0;
}

static int run(struct config *config, const struct guard_extension *extension)
{
    struct guard *guard = calloc(1, sizeof *guard);
    if (!guard) {
        return 1;
    }
    guard->config = config;
    int r = start(guard, extension);
    if (r == 0) {
        r = prime_loop(guard);
    }
    if (r < 0) {
        log_error("the guard can't start: %s", strerror(-r));
        _exit(1); // threads may run already; nothing has been promised yet
    }
    be_prompt();
    (void)sd_watchdog_enabled(0, &guard->watchdog_usec);
    log_notice("careroom %s guards %zu room%s of %s/%s", CAREROOM_VERSION, config->n_rooms,
               config->n_rooms == 1 ? "" : "s", config->site, config->gateway_id);
    (void)sd_notify(0, "READY=1\nSTATUS=guarding");
    r = sd_event_loop(guard->loop);
    (void)sd_notify(0, "STOPPING=1");
    stop(guard);
    free(guard);
    return r < 0 ? 1 : 0;
}

static void usage(FILE *out, const char *program)
{
    fprintf(out,
            "%s %s: guards childcare rooms\n\n"
            "  --config FILE   the configuration (else $CAREROOM_CONFIG, else /etc/careroom/careroom.yaml)\n"
            "  --check         say every mistake in it with file, line and key, and exit: 0 none, 1 some\n"
            "  --scan          list buses, the parts found on them, and lines; only while no guard runs\n"
            "  --yaml          with --scan: as a configuration to be filled in\n"
            "  --keys          list every key of the configuration with type, range, default and meaning\n"
            "  --phrases       list what is said about alarms: language, name, text\n"
            "  --version       print the version\n"
            "  --help          print this\n",
            program, CAREROOM_VERSION);
}

int guard_main(int argc, char **argv, const struct guard_extension *extension)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' },
        { "keys", no_argument, NULL, 'K' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { "scan", no_argument, NULL, 's' },
        { "yaml", no_argument, NULL, 'y' },
        { "phrases", no_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    const char *file = config_default_file();
    bool check = false, scan = false, yaml = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            file = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 's':
            scan = true;
            break;
        case 'y':
            yaml = true;
            break;
        case 'p':
            instructions_print(stdout);
            return 0;
        case 'K':
            config_print_keys(stdout);
            return 0;
        case 'V':
            puts(CAREROOM_VERSION);
            return 0;
        case 'h':
            usage(stdout, program_invocation_short_name);
            return 0;
        default:
            usage(stderr, program_invocation_short_name);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: what is \"%s\"? Options begin with --\n", program_invocation_short_name,
                argv[optind]);
        return 2;
    }
    if (scan) {
        return scan_main(file, yaml, extension);
    }
    struct config *config;
    int r = config_load(file, &guard_catalogue, config_report_text, stderr, &config);
    if (r < 0) {
        return r == -EINVAL && !check ? CONFIG_EXIT_STATUS : 1;
    }
    int status = check ? 0 : run(config, extension);
    config_free(config);
    return status;
}
