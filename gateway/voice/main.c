// careroom-voice: says what to do, in the language of the house, through a sound card. A process of its own:
// whatever becomes of it, sounders and beacons go on.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "gateway/common/control.h"
#include "gateway/common/log.h"
#include "gateway/voice/choice.h"
#include "gateway/voice/speaker.h"

#define ANSWER_MS 5000
#define LOOK_MS   1000  // between two looks at the alarms
#define CHECK_MS  30000 // between two looks at the card, and two reports
#define PATH_SIZE 512

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
    (void)number;
    stopping = 1;
}

struct voice {
    const struct config *config;
    struct control_client *guard; // NULL: away
    struct choice *choice;
    char why[256]; // what is wrong with the card or a phrase; empty: nothing
    int64_t report_ms;
    bool said_away;
};

static int64_t now_ms(void)
{
    return (int64_t)(clock_boottime_ns() / NS_PER_MS) + 1;
}

static void leave(struct voice *voice)
{
    control_close(voice->guard);
    voice->guard = NULL;
}

// NULL: the guard went away, or refused.
static json_t *ask(struct voice *voice, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    const char *line;
    json_t *answer = NULL;
    if (text && control_send(voice->guard, text) == 0 &&
        control_receive(voice->guard, ANSWER_MS, &line) == 0) {
        answer = json_loads(line, 0, NULL);
    } else {
        leave(voice);
    }
    free(text);
    if (answer && !json_is_true(json_object_get(answer, "ok"))) {
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

static bool connected(struct voice *voice)
{
    if (voice->guard) {
        return true;
    }
    int r = control_connect(voice->config->run_dir, &voice->guard);
    if (r < 0 && !voice->said_away) {
        log_notice("careroomd is not there (%s); waiting for it", strerror(-r));
    }
    voice->said_away = r < 0;
    return r == 0;
}

static void report(struct voice *voice)
{
    voice->report_ms = now_ms() + CHECK_MS;
    json_decref(ask(voice, json_pack("{s:s, s:s, s:s}", "op", "voice", "state",
                                     *voice->why ? "trouble" : "ok", "why", voice->why)));
}

// Told at once when it begins and when it ends, and now and then.
static void judge(struct voice *voice, int r, const char *why)
{
    if (r == 0 && *voice->why) {
        log_notice("the voice is back");
    } else if (r < 0 && strcmp(voice->why, why) != 0) {
        log_error("%s", why);
    }
    bool changed = (r < 0) != (*voice->why != '\0');
    (void)snprintf(voice->why, sizeof voice->why, "%s", r < 0 ? why : "");
    if (voice->guard && (changed || now_ms() >= voice->report_ms)) {
        report(voice);
    }
}

static void speak(struct voice *voice, const char *phrase)
{
    char file[PATH_SIZE], why[256] = "";
    const struct config *config = voice->config;
    (void)snprintf(file, sizeof file, "%s/%s/%s.wav", config->voice.phrases, config->language, phrase);
    judge(voice, speaker_play(config->voice.device, file, why, sizeof why), why);
}

static void look(struct voice *voice)
{
    if (!connected(voice)) {
        return;
    }
    json_t *answer = ask(voice, json_pack("{s:s}", "op", "status"));
    const char *phrase =
        choice_take(voice->choice, json_object_get(answer, "status"), voice->config, now_ms());
    if (phrase) {
        speak(voice, phrase);
    } else if (voice->guard && now_ms() >= voice->report_ms) {
        char why[256] = "";
        judge(voice, speaker_check(voice->config->voice.device, why, sizeof why), why);
    }
    json_decref(answer);
}

static int run(const struct config *config)
{
    if (!config->voice.device) {
        log_notice("no voice is configured; there is nothing to do");
        (void)sd_notify(0, "READY=1");
        return EXIT_SUCCESS;
    }
    const struct sigaction stop = { .sa_handler = on_stop }; // no SA_RESTART: waiting ends
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    struct voice voice = { .config = config, .choice = choice_new() };
    if (!voice.choice) {
        return EXIT_FAILURE;
    }
    (void)sd_notify(0, "READY=1");
    while (!stopping) {
        look(&voice);
        (void)sd_notify(0, "WATCHDOG=1");
        struct timespec rest = { .tv_sec = LOOK_MS / 1000, .tv_nsec = LOOK_MS % 1000 * NS_PER_MS };
        (void)nanosleep(&rest, NULL);
    }
    leave(&voice);
    choice_free(voice.choice);
    return EXIT_SUCCESS;
}

static int check(const struct config *config)
{
    char why[256] = "";
    if (config->voice.device && speaker_check(config->voice.device, why, sizeof why) < 0) {
        (void)fprintf(stderr, "%s: voice.device: %s\n", config->file, why);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static void help(FILE *to)
{
    (void)fputs(
        "Usage: careroom-voice [--config FILE] [--check]\n"
        "Say what to do about the alarms that stand, through a sound card.\n\n"
        "  --config FILE  the configuration (else $CAREROOM_CONFIG, else /etc/careroom/careroom.yaml)\n"
        "  --check        say every mistake in it and whether the card is there, and exit: 0 where all is "
        "well, 1 otherwise\n"
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
    bool only_check = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == OPTION_CONFIG) {
            file = optarg;
        } else if (option == OPTION_CHECK) {
            only_check = true;
        } else if (option == OPTION_VERSION) {
            puts("careroom-voice " CAREROOM_VERSION);
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
    if (r < 0) {
        return r == -EINVAL && !only_check ? CONFIG_EXIT_STATUS : EXIT_FAILURE;
    }
    int status = only_check ? check(config) : run(config);
    config_free(config);
    return status;
}
