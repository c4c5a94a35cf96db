#include "gateway/guard/instructions.h"

#include <stdio.h>
#include <string.h>

// Short enough to be read at a glance and to be spoken: what to do, and nothing about why. No telephone
// numbers: a site writes its own.
const char *const instruction_texts[LANGUAGE_COUNT][INSTRUCTION_COUNT] = {
    [LANGUAGE_EN] = {
        [INSTRUCTION_FIRE] = "Evacuate the children now. Call the fire brigade.",
        [INSTRUCTION_PRE_ALARM] =
            "Go and look now. Smoke or fire: press the call point and evacuate.",
        [INSTRUCTION_GAS] = "Everybody out. Touch no switch. Close the gas tap from outside.",
        [INSTRUCTION_CARBON_MONOXIDE] = "Everybody out into fresh air now. Call for help.",
        [INSTRUCTION_HELP] = "Somebody needs help. Go there now.",
        [INSTRUCTION_WATER] = "Keep the children away. Close the water tap.",
        [INSTRUCTION_TAMPER] = "Somebody has opened the device. Go and look.",
        [INSTRUCTION_MAINS] = "Mains power is lost. Check the fuses; call the electrician.",
        [INSTRUCTION_BATTERY] = "The battery is low. Call the installer today.",
        [INSTRUCTION_DOOR] = "The door is open. Count the children and close it.",
        [INSTRUCTION_WINDOW] = "The window is open. Close it or stay beside it.",
        [INSTRUCTION_AIR] = "Air the room: open the windows for five minutes.",
        [INSTRUCTION_HOT] = "Cool the room. Give the children water.",
        [INSTRUCTION_COLD] = "Warm the room. Check windows and heating.",
        [INSTRUCTION_DAMP] = "Air the room to dry it.",
        [INSTRUCTION_DRY] = "Moisten the air: humidifier or wet cloths.",
        [INSTRUCTION_PARTICLES] = "Look for smoke or dust. Smell of burning: evacuate.",
        [INSTRUCTION_HEATING_UP] = "Look for what heats the room. In doubt evacuate.",
        [INSTRUCTION_LOOK] = "Look after the room.",
        [INSTRUCTION_SENSOR] = "This sensor may be wrong. Call the installer.",
        [INSTRUCTION_FLOOR] = "Air the room for an hour or have the sensor calibrated.",
        [INSTRUCTION_TROUBLE] = "This point does not guard the room. Call the installer.",
        [INSTRUCTION_FIRE_TROUBLE] =
            "This detector does not guard the room. Stay watchful and call the installer now.",
        [INSTRUCTION_ISOLATED] = "Out of service: watch this yourself until it is back.",
        [INSTRUCTION_OWN_TROUBLE] = "The room is guarded, the gateway needs care. Call the installer.",
    },
    [LANGUAGE_ZH] = {
        [INSTRUCTION_FIRE] = "立即疏散儿童，并拨打火警电话。",
        [INSTRUCTION_PRE_ALARM] = "立即到现场查看；见到烟或火，按下手动报警按钮并疏散。",
        [INSTRUCTION_GAS] = "全员撤离，不要触碰开关，在室外关闭燃气阀。",
        [INSTRUCTION_CARBON_MONOXIDE] = "全员立即到室外通风处，并求助。",
        [INSTRUCTION_HELP] = "有人求助，立即前往。",
        [INSTRUCTION_WATER] = "让儿童远离，关闭水阀。",
        [INSTRUCTION_TAMPER] = "设备被人打开，请到现场查看。",
        [INSTRUCTION_MAINS] = "市电中断，检查空气开关并联系电工。",
        [INSTRUCTION_BATTERY] = "电池电量低，今天联系安装人员。",
        [INSTRUCTION_DOOR] = "门开着：清点儿童并关门。",
        [INSTRUCTION_WINDOW] = "窗户开着：关上窗户，或守在旁边。",
        [INSTRUCTION_AIR] = "开窗通风五分钟。",
        [INSTRUCTION_HOT] = "给房间降温，让儿童喝水。",
        [INSTRUCTION_COLD] = "给房间升温，检查窗户和供暖。",
        [INSTRUCTION_DAMP] = "开窗通风除湿。",
        [INSTRUCTION_DRY] = "加湿：使用加湿器或湿毛巾。",
        [INSTRUCTION_PARTICLES] = "查找烟或粉尘来源；闻到焦味立即疏散。",
        [INSTRUCTION_HEATING_UP] = "查找发热来源；拿不准就疏散。",
        [INSTRUCTION_LOOK] = "请查看房间。",
        [INSTRUCTION_SENSOR] = "此传感器可能不准，联系安装人员。",
        [INSTRUCTION_FLOOR] = "通风一小时，或请人校准传感器。",
        [INSTRUCTION_TROUBLE] = "此监测点失效，联系安装人员。",
        [INSTRUCTION_FIRE_TROUBLE] = "此火灾探测器失效：加强看护，立即联系安装人员。",
        [INSTRUCTION_ISOLATED] = "已停用：恢复前请人工看护。",
        [INSTRUCTION_OWN_TROUBLE] = "房间仍受监护，但网关需要维护，联系安装人员。",
    },
};

const char *const instruction_names[INSTRUCTION_COUNT] = {
    [INSTRUCTION_FIRE] = "fire",
    [INSTRUCTION_PRE_ALARM] = "pre-alarm",
    [INSTRUCTION_GAS] = "gas",
    [INSTRUCTION_CARBON_MONOXIDE] = "carbon-monoxide",
    [INSTRUCTION_HELP] = "help",
    [INSTRUCTION_WATER] = "water",
    [INSTRUCTION_TAMPER] = "tamper",
    [INSTRUCTION_MAINS] = "mains",
    [INSTRUCTION_BATTERY] = "battery",
    [INSTRUCTION_DOOR] = "door",
    [INSTRUCTION_WINDOW] = "window",
    [INSTRUCTION_AIR] = "air",
    [INSTRUCTION_HOT] = "hot",
    [INSTRUCTION_COLD] = "cold",
    [INSTRUCTION_DAMP] = "damp",
    [INSTRUCTION_DRY] = "dry",
    [INSTRUCTION_PARTICLES] = "particles",
    [INSTRUCTION_HEATING_UP] = "heating-up",
    [INSTRUCTION_LOOK] = "look",
    [INSTRUCTION_SENSOR] = "sensor",
    [INSTRUCTION_FLOOR] = "floor",
    [INSTRUCTION_TROUBLE] = "trouble",
    [INSTRUCTION_FIRE_TROUBLE] = "fire-trouble",
    [INSTRUCTION_ISOLATED] = "isolated",
    [INSTRUCTION_OWN_TROUBLE] = "own-trouble",
};

void instructions_print(void *file)
{
    static const char *const languages[LANGUAGE_COUNT] = { [LANGUAGE_EN] = "en", [LANGUAGE_ZH] = "zh" };
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
        for (unsigned i = 0; i < INSTRUCTION_COUNT; i++) {
            (void)fprintf(file, "%s\t%s\t%s\n", languages[l], instruction_names[i], instruction_texts[l][i]);
        }
    }
}

enum language language_of(const struct config *config)
{
    return config->language && strcmp(config->language, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
}

static enum instruction of_role(enum contact_role role)
{
    switch (role) {
    case ROLE_SMOKE:
    case ROLE_HEAT:
    case ROLE_CALL_POINT:
        return INSTRUCTION_FIRE;
    case ROLE_GAS:
        return INSTRUCTION_GAS;
    case ROLE_CARBON_MONOXIDE:
        return INSTRUCTION_CARBON_MONOXIDE;
    case ROLE_HELP:
        return INSTRUCTION_HELP;
    case ROLE_DOOR:
        return INSTRUCTION_DOOR;
    case ROLE_WINDOW:
        return INSTRUCTION_WINDOW;
    case ROLE_WATER:
        return INSTRUCTION_WATER;
    case ROLE_TAMPER:
        return INSTRUCTION_TAMPER;
    case ROLE_MAINS:
        return INSTRUCTION_MAINS;
    case ROLE_BATTERY:
        return INSTRUCTION_BATTERY;
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return INSTRUCTION_LOOK;
}

static enum instruction of_quantity(enum quantity quantity, bool above)
{
    switch (quantity) {
    case QUANTITY_TEMPERATURE:
        return above ? INSTRUCTION_HOT : INSTRUCTION_COLD;
    case QUANTITY_HUMIDITY:
        return above ? INSTRUCTION_DAMP : INSTRUCTION_DRY;
    case QUANTITY_CO2:
        return above ? INSTRUCTION_AIR : INSTRUCTION_SENSOR;
    case QUANTITY_PM1:
    case QUANTITY_PM25:
    case QUANTITY_PM10:
        return above ? INSTRUCTION_PARTICLES : INSTRUCTION_LOOK;
    case QUANTITY_PRESSURE:
    case QUANTITY_VOLTAGE:
    case QUANTITY_CONTACT:
    case QUANTITY_COUNT:
        break;
    }
    return INSTRUCTION_LOOK;
}

static enum instruction of_rise(const struct core_alarm *alarm)
{
    bool heats = alarm->quantity == QUANTITY_TEMPERATURE && alarm->above;
    return heats ? INSTRUCTION_HEATING_UP : of_quantity(alarm->quantity, alarm->above);
}

static bool is_fire_role(enum contact_role role)
{
    return role == ROLE_SMOKE || role == ROLE_HEAT || role == ROLE_CALL_POINT;
}

static enum instruction of_trouble(const struct core_plan *plan, const struct core_alarm *alarm)
{
    if (alarm->room_index == plan->n_rooms) {
        return INSTRUCTION_OWN_TROUBLE;
    }
    return is_fire_role(plan->points[alarm->point].role) ? INSTRUCTION_FIRE_TROUBLE : INSTRUCTION_TROUBLE;
}

enum instruction instruction_of(const struct core_plan *plan, const struct core_alarm *alarm)
{
    switch (alarm->kind) {
    case CORE_ALARM_CONTACT:
        return alarm->confirmed ? INSTRUCTION_PRE_ALARM : of_role(plan->points[alarm->point].role);
    case CORE_ALARM_THRESHOLD:
    case CORE_ALARM_MEAN:
        return of_quantity(alarm->quantity, alarm->above);
    case CORE_ALARM_RISE:
        return of_rise(alarm);
    case CORE_ALARM_UNCHANGED:
    case CORE_ALARM_APART:
        return INSTRUCTION_SENSOR;
    case CORE_ALARM_COMBINATION:
        return INSTRUCTION_LOOK;
    case CORE_ALARM_CONFIRM:
        return INSTRUCTION_FIRE;
    case CORE_ALARM_TROUBLE:
        return of_trouble(plan, alarm);
    case CORE_ALARM_FLOOR:
        return INSTRUCTION_FLOOR;
    case CORE_ALARM_ISOLATED:
        return INSTRUCTION_ISOLATED;
    case CORE_ALARM_KIND_COUNT:
        break;
    }
    return INSTRUCTION_LOOK;
}
