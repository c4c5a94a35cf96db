// Any bytes as a configuration file: with and without a catalogue, no crash, no leak, and an answer that is
// consistent. clang -fsanitize=fuzzer,address,undefined; seeds: config/*.yaml and tests/config/*/*.yaml
#include <errno.h>
#include <stdlib.h>

#include "gateway/common/config.h"
#include "tests/unit/fake_parts.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void count(const struct config_message *message, void *user)
{
    size_t *mistakes = user;
    *mistakes += !message->notice;
    // Everything must be there to be printed.
    if (strlen(message->key) > 400 || *message->wrong == '\0' || *message->instead == '\0') {
        abort();
    }
}

static void parse(const unsigned char *bytes, size_t size, const struct config_catalogue *catalogue)
{
    struct config *config = NULL;
    size_t mistakes = 0;
    int error = config_parse("fuzz", (const char *)bytes, size, catalogue, count, &mistakes, &config);
    if ((error == 0) != (mistakes == 0) || (error != 0) != (config == NULL)) {
        abort();
    }
    for (size_t i = 0; config != NULL && i < config->n_rooms; i++) {
        const struct config_room *room = &config->rooms[i];
        for (size_t j = 0; j < room->n_rules; j++) {
            const struct config_rule *rule = &room->rules[j];
            bool of_members = rule->kind == RULE_COMBINATION || rule->kind == RULE_CONFIRM;
            if ((!of_members && (rule->sensor >= room->n_sensors || rule->other_sensor >= room->n_sensors)) ||
                rule->deadband < 0) {
                abort();
            }
            for (size_t k = 0; k < rule->n_members; k++) {
                if (rule->members[k].index >= (rule->members[k].contact ? room->n_sensors : j)) {
                    abort(); // only what stands before it
                }
            }
        }
        for (size_t j = 0; j < room->n_sensors; j++) {
            const struct config_sensor *sensor = &room->sensors[j];
            if (sensor->part != NULL && sensor->part->bus == PART_I2C && sensor->bus >= config->n_buses) {
                abort();
            }
            if (sensor->part != NULL && sensor->part->bus == PART_LINE && sensor->line == NULL) {
                abort();
            }
        }
    }
    config_free(config);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    parse(bytes, size, &fake_catalogue);
    parse(bytes, size, NULL);
    return 0;
}
