// sim …: turning the simulated world of careroomd-sim. The words are judged here, the world by the guard.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/quantity.h"
#include "gateway/ctl/ask.h"
#include "gateway/ctl/card.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/text.h"

#define NUMBER_DIGITS 10 // of 32 bits
#define OTHER_DIGITS  24

static enum ctl_status tell(struct ctl *ctl, json_t *request)
{
    json_t *answer = NULL;
    enum ctl_status status = ask_guard(ctl, request, &answer);
    json_decref(answer);
    return status;
}

enum ctl_status ctl_sim_set_command(struct ctl *ctl)
{
    const char *const *words = ctl->arguments;
    enum ctl_status status = ctl_check_name(words[0], "a sensor");
    if (status != CTL_DONE)
        return status;
    const char *names[QUANTITY_COUNT];
    for (unsigned i = 0; i < QUANTITY_COUNT; i++)
        names[i] = quantities[i].name;
    int quantity = ctl_choose("quantity", words[1], names, QUANTITY_COUNT);
    if (quantity < 0)
        return CTL_USAGE;
    int32_t value;
    if (quantity_parse((enum quantity)quantity, words[2], &value) < 0)
        return ctl_fail(CTL_USAGE, "'%s' is no value of %s; write a decimal number in %s, as in '21.5'",
                        words[2], words[1],
                        *quantities[quantity].unit == '\0' ? "0 or 1" : quantities[quantity].unit);
    return tell(ctl, json_pack("{s:s,s:s,s:s,s:s}", "op", "sim-set", "point", words[0], "quantity", words[1],
                               "value", words[2]));
}

enum ctl_status ctl_sim_line_command(struct ctl *ctl)
{
    static const char *const states[] = { "active", "inactive", "open" };
    enum ctl_status status = ctl_check_name(ctl->arguments[0], "a contact");
    if (status != CTL_DONE)
        return status;
    if (ctl_choose("state of a line", ctl->arguments[1], states, sizeof states / sizeof *states) < 0)
        return CTL_USAGE;
    return tell(ctl, json_pack("{s:s,s:s,s:s}", "op", "sim-line", "point", ctl->arguments[0], "state",
                               ctl->arguments[1]));
}

enum ctl_status ctl_sim_fault_command(struct ctl *ctl)
{
    static const char *const faults[] = { "none", "nack", "crc", "stuck", "hang" };
    enum ctl_status status = ctl_check_name(ctl->arguments[0], "a sensor");
    if (status != CTL_DONE)
        return status;
    if (ctl_choose("fault", ctl->arguments[1], faults, sizeof faults / sizeof *faults) < 0)
        return CTL_USAGE;
    return tell(ctl, json_pack("{s:s,s:s,s:s}", "op", "sim-fault", "point", ctl->arguments[0], "fault",
                               ctl->arguments[1]));
}

static enum ctl_status send_pulses(struct ctl *ctl, const char *pulses)
{
    size_t length = strlen(pulses);
    if (ctl->n_arguments > 1 || ctl->option[OPTION_FORMAT] != NULL)
        return ctl_fail(CTL_USAGE, "--pulses says every bit; give neither a UID nor --format with it");
    if (length == 0 || length > 64 || strspn(pulses, "01") != length)
        return ctl_fail(CTL_USAGE, "--pulses wants 1 to 64 characters, each '0' or '1'");
    return tell(ctl,
                json_pack("{s:s,s:s,s:s}", "op", "sim-badge", "reader", ctl->arguments[0], "pulses", pulses));
}

// A card that only a reader other than Wiegand can have; which digits are right for it the guard knows.
static bool is_other_card(const char *uid, int parsed)
{
    size_t digits = strspn(uid, "0123456789abcdefABCDEF");
    bool letters = strspn(uid, "0123456789") < digits;
    return uid[digits] == '\0' && digits <= OTHER_DIGITS &&
           (parsed == -EINVAL ? letters : parsed == -ERANGE && digits > NUMBER_DIGITS);
}

static enum ctl_status send_card(struct ctl *ctl, const char *uid, unsigned format)
{
    struct card_number card;
    int r = card_parse(uid, &card);
    if (format == 0 && is_other_card(uid, r))
        return tell(ctl,
                    json_pack("{s:s,s:s,s:s}", "op", "sim-badge", "reader", ctl->arguments[0], "text", uid));
    if (r == -EINVAL)
        return ctl_fail(CTL_USAGE,
                        "'%s' is no card; write FACILITY:CARD as in '57:12345', or its whole number, "
                        "decimal or 0x… in hex",
                        uid);
    unsigned least = r == 0 && card.facility <= 255 ? 26 : 34;
    if (r == -ERANGE || (format != 0 && format < least))
        return ctl_fail(CTL_USAGE, "card '%s' does not fit: 26 bits hold 255:65535, 34 bits hold 65535:65535",
                        uid);
    char text[CARD_TEXT_SIZE];
    card_format(&card, text, sizeof text);
    return tell(ctl, json_pack("{s:s,s:s,s:s,s:s,s:i}", "op", "sim-badge", "reader", ctl->arguments[0],
                               "text", uid, "uid", text, "format", (int)(format == 0 ? least : format)));
}

enum ctl_status ctl_sim_badge_command(struct ctl *ctl)
{
    static const char *const formats[] = { "26", "34", "37" };
    enum ctl_status status = ctl_check_name(ctl->arguments[0], "a reader");
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_PULSES] != NULL)
        return send_pulses(ctl, ctl->option[OPTION_PULSES]);
    if (ctl->n_arguments < 2)
        return ctl_fail(CTL_USAGE, "a UID is missing; usage: careroomctl sim badge ROOM/READER UID");
    unsigned format = 0;
    if (ctl->option[OPTION_FORMAT] != NULL) {
        int chosen = ctl_choose("format", ctl->option[OPTION_FORMAT], formats, 3);
        if (chosen < 0)
            return CTL_USAGE;
        format = (unsigned)strtoul(formats[chosen], NULL, 10);
    }
    return send_card(ctl, ctl->arguments[1], format);
}

enum ctl_status ctl_sim_outputs_command(struct ctl *ctl)
{
    json_t *outputs = NULL;
    enum ctl_status status =
        ask_guard_for(ctl, json_pack("{s:s}", "op", "sim-outputs"), "outputs", JSON_ARRAY, &outputs);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        json_t *object = json_pack("{s:O}", "outputs", outputs);
        ctl_print_json(object);
        json_decref(object);
    } else {
        struct table table = { .columns = 4 };
        size_t i;
        json_t *output;
        json_array_foreach(outputs, i, output)
        {
            bool on = json_is_true(json_object_get(output, "on"));
            table_cell(&table, STYLE_PLAIN, "%s", text_of(output, "id"));
            table_cell(&table, on ? STYLE_WARN : STYLE_PLAIN, "%s", on ? "on" : "off");
            table_cell(&table, STYLE_PLAIN, "level %s", number_of(output, "level").text);
            table_cell(&table, STYLE_PLAIN, "%s", text_of(output, "pattern"));
        }
        table_print(&table);
    }
    json_decref(outputs);
    return CTL_DONE;
}
