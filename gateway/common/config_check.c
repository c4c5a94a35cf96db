// What no single key can know of the gateway as a whole, its rooms' names and the broker.
#include "gateway/common/config_work.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "gateway/common/control.h"

#define ZONES "/usr/share/zoneinfo"

static const struct draft *map_of(const struct draft *draft, int key)
{
    const struct draft_value *value = value_of(draft, key);
    return value->n_items == 1 ? value->items[0] : NULL;
}

static void check_timezone(struct work *work, const struct draft *gateway)
{
    const struct draft_value *value = value_of(gateway, K_GATEWAY_TIMEZONE);
    const char *zone = value->text;
    struct stat status;
    // A machine without the zone files can't tell.
    if (!value->good || stat(ZONES, &status) < 0) {
        return;
    }
    char path[sizeof ZONES + 80];
    (void)snprintf(path, sizeof path, "%s/%s", ZONES, zone);
    bool inside = zone[0] != '/' && strstr(zone, "..") == NULL;
    if (!inside || stat(path, &status) < 0 || !S_ISREG(status.st_mode)) {
        tell_mistake(work, gateway, K_GATEWAY_TIMEZONE,
                     phrase(work, "there is no time zone %s", shown(work, zone)),
                     "write a name of the tz database, such as Asia/Shanghai or UTC");
    }
}

static void check_run_dir(struct work *work, const struct draft *root)
{
    const struct draft_value *value = value_of(root, K_RUN_DIR);
    size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof "/" CONTROL_SOCKET_NAME;
    if (value->good && strlen(value->text) > room) {
        tell_mistake(work, root, K_RUN_DIR, "is too long for the control socket in it",
                     phrase(work, "write a path of at most %zu bytes", room));
    }
}

void check_unique(struct work *work, struct draft *const *drafts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i && drafts[i]->id != NULL; j++) {
            if (drafts[j]->id != NULL && strcmp(drafts[i]->id, drafts[j]->id) == 0) {
                tell_mistake(
                    work, drafts[i], 0,
                    phrase(work, "%s is taken by %s", shown(work, drafts[i]->id), place_of(work, drafts[j])),
                    "choose another id");
                break;
            }
        }
    }
}

// An adapter or a port is one bus.
static void check_bus_path(struct work *work, const struct draft_value *buses, size_t bus, int key,
                           const char *what)
{
    const struct draft_value *path = value_of(buses->items[bus], key);
    for (size_t i = 0; i < bus && path->good; i++) {
        const struct draft_value *other = value_of(buses->items[i], key);
        if (other->good && strcmp(path->text, other->text) == 0) {
            tell_mistake(work, buses->items[bus], key,
                         phrase(work, "is the %s of %s", what, place_of(work, buses->items[i])),
                         phrase(work, "name each %s once", what));
            return;
        }
    }
}

// What makes no sense on the other kind of bus.
static void check_bus_kind(struct work *work, const struct draft *bus)
{
    static const int of_i2c[] = { K_BUS_SCL, K_BUS_SDA, K_BUS_POWER }, of_serial[] = { K_BUS_BAUD };
    bool i2c = value_of(bus, K_BUS_I2C)->set, serial = value_of(bus, K_BUS_SERIAL)->set;
    if (i2c == serial) {
        tell_mistake(work, bus, THE_DRAFT, i2c ? "has both i2c and serial" : "has neither i2c nor serial",
                     "write one of them: i2c: /dev/i2c-1 or serial: /dev/ttyAMA0");
        return;
    }
    const int *others = i2c ? of_serial : of_i2c;
    size_t n = i2c ? sizeof of_serial / sizeof of_serial[0] : sizeof of_i2c / sizeof of_i2c[0];
    for (size_t i = 0; i < n; i++) {
        if (value_of(bus, others[i])->set) {
            tell_mistake(work, bus, others[i], i2c ? "is for serial ports alone" : "is for I2C buses alone",
                         "leave this key out");
        }
    }
    bool scl = value_of(bus, K_BUS_SCL)->set, sda = value_of(bus, K_BUS_SDA)->set;
    if (i2c && scl != sda) {
        tell_mistake(work, bus, scl ? K_BUS_SCL : K_BUS_SDA, "stands alone",
                     "give both scl and sda, or neither");
    }
}

static void check_baud(struct work *work, const struct draft *bus)
{
    static const int64_t speeds[] = { 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200 };
    const struct draft_value *baud = value_of(bus, K_BUS_BAUD);
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (baud->number == speeds[i]) {
            return;
        }
    }
    if (baud->good) {
        tell_mistake(work, bus, K_BUS_BAUD, "is no speed of serial ports",
                     "write 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200");
    }
}

static void check_buses(struct work *work, const struct draft *root)
{
    const struct draft_value *buses = value_of(root, K_BUSES);
    check_unique(work, buses->items, buses->n_items);
    for (size_t i = 0; i < buses->n_items; i++) {
        check_bus_kind(work, buses->items[i]);
        check_baud(work, buses->items[i]);
        check_bus_path(work, buses, i, K_BUS_I2C, "adapter");
        check_bus_path(work, buses, i, K_BUS_SERIAL, "port");
    }
}

// A relative folder is meant from the configuration's own.
static void find_presets_dir(struct work *work, const struct config *config)
{
    const char *dir = config->presets_dir, *slash = strrchr(work->configuration, '/');
    if (dir != NULL && dir[0] != '/' && slash != NULL) {
        dir = phrase(work, "%.*s/%s", (int)(slash - work->configuration), work->configuration, dir);
    }
    work->presets_dir = dir != NULL ? dir : "";
}

// Alarms are called room/sensor, room/rule, room/sensor.trouble, room/output.trouble …: one name space a
// room.
static void check_names_in_room(struct work *work, const struct draft *room)
{
    static const int lists[] = { K_ROOM_SENSORS, K_ROOM_READERS, K_ROOM_OUTPUTS, K_ROOM_RULES };
    struct draft *all[32 + 8 + 16 + 64];
    size_t n = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct draft_value *list = value_of(room, lists[i]);
        for (size_t j = 0; j < list->n_items && n < sizeof all / sizeof all[0]; j++) {
            all[n++] = list->items[j];
        }
    }
    check_unique(work, all, n);
}

static bool is_fire(enum contact_role role)
{
    return role == ROLE_SMOKE || role == ROLE_HEAT || role == ROLE_CALL_POINT;
}

static void notice_silent_fire(struct work *work, const struct draft *draft, const struct config_room *room)
{
    bool fire = false, sounder = false;
    for (size_t i = 0; i < room->n_sensors; i++) {
        fire = fire || is_fire(room->sensors[i].role);
    }
    for (size_t i = 0; i < room->n_outputs; i++) {
        sounder = sounder || room->outputs[i].role == OUTPUT_SOUNDER;
    }
    if (fire && !sounder) {
        tell_notice(work, draft, THE_DRAFT, "has fire contacts and no sounder",
                    "add an output with role sounder, or fire here is silent");
    }
}

static void check_room(struct work *work, const struct draft *draft, struct config_room *room)
{
    if (draft->id != NULL && id_reserved(draft->id)) {
        tell_mistake(work, draft, K_ROOM_ID,
                     phrase(work, "%s is a word of the topics", shown(work, draft->id)),
                     "choose another id; status, child, command, reply, gateway and homeassistant are taken");
    }
    if (room->name == NULL) {
        room->name = room->id;
    }
    check_names_in_room(work, draft);
    check_rules(work, draft, room);
    notice_silent_fire(work, draft, room);
}

static void check_tls(struct work *work, const struct draft *tls)
{
    static const int pairs[][2] = { { K_TLS_CERT, K_TLS_KEY }, { K_TLS_KEY, K_TLS_CERT } };
    for (size_t i = 0; i < 2; i++) {
        if (value_of(tls, pairs[i][0])->set && !value_of(tls, pairs[i][1])->set) {
            tell_mistake(work, tls, pairs[i][0],
                         phrase(work, "stands without %s", tls->section->keys[pairs[i][1]].name),
                         "give both cert and key, or neither");
        }
    }
}

static void check_mqtt(struct work *work, const struct draft *mqtt, struct config_mqtt *config)
{
    config->tls = value_of(mqtt, K_MQTT_TLS)->set;
    if (!value_of(mqtt, K_MQTT_PORT)->set) {
        config->port = config->tls ? 8883 : 1883;
    }
    const struct draft *tls = map_of(mqtt, K_MQTT_TLS);
    if (tls != NULL) {
        check_tls(work, tls);
    }
    bool name = value_of(mqtt, K_MQTT_USERNAME)->set, password = value_of(mqtt, K_MQTT_PASSWORD_FILE)->set;
    if (password && !name) {
        tell_mistake(work, mqtt, K_MQTT_PASSWORD_FILE, "stands without username", "give username too");
    } else if (name && !config->tls) {
        tell_notice(work, mqtt, K_MQTT_USERNAME,
                    "goes over the network readable by all, and the password with it", "turn tls on");
    }
}

void check_configuration(struct work *work, const struct draft *root, struct config *config)
{
    const struct draft *gateway = map_of(root, K_GATEWAY);
    if (gateway != NULL) {
        check_timezone(work, gateway);
    }
    check_run_dir(work, root);
    find_presets_dir(work, config);
    check_buses(work, root);
    const struct draft_value *rooms = value_of(root, K_ROOMS);
    check_unique(work, rooms->items, rooms->n_items);
    check_parts(work, root, config); // before the rules, which need to know what a part measures
    for (size_t i = 0; i < rooms->n_items; i++) {
        check_room(work, rooms->items[i], &config->rooms[i]);
    }
    notice_suggested(work);
    const struct draft *mqtt = map_of(root, K_MQTT);
    if (mqtt != NULL) {
        check_mqtt(work, mqtt, &config->mqtt);
    }
}
