// Every alarm says what to do, in every language.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/guard/instructions.h"

static void every_instruction_is_there_in_every_language(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INSTRUCTION_COUNT; i++) {
        const char *en = instruction_texts[LANGUAGE_EN][i], *zh = instruction_texts[LANGUAGE_ZH][i];
        assert_non_null(en);
        assert_non_null(zh);
        assert_in_range(strlen(en), 10, 90); // to be read at a glance
        assert_in_range(strlen(zh), 9, 90);
        for (const char *p = en; *p; p++) {
            assert_true(*p >= ' ' && *p <= '~');
        }
        assert_true((unsigned char)zh[0] >= 0xE3); // a character of the language's own
        for (unsigned other = 0; other < i; other++) {
            assert_string_not_equal(en, instruction_texts[LANGUAGE_EN][other]);
            assert_string_not_equal(zh, instruction_texts[LANGUAGE_ZH][other]);
        }
    }
}

static enum instruction of(struct core_alarm alarm, enum contact_role role, bool gateway)
{
    struct core_point point = { .role = role, .contact = true };
    struct core_plan plan = { .points = &point, .n_points = 1, .n_rooms = 1 };
    alarm.room_index = gateway ? 1 : 0;
    return instruction_of(&plan, &alarm);
}

static void each_role_and_kind_says_its_own(void **state)
{
    (void)state;
    static const struct {
        struct core_alarm alarm;
        enum contact_role role;
        bool gateway;
        enum instruction wanted;
    } cases[] = {
        { { .kind = CORE_ALARM_CONTACT }, ROLE_SMOKE, false, INSTRUCTION_FIRE },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_HEAT, false, INSTRUCTION_FIRE },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_CALL_POINT, false, INSTRUCTION_FIRE },
        { { .kind = CORE_ALARM_CONTACT, .confirmed = true }, ROLE_SMOKE, false, INSTRUCTION_PRE_ALARM },
        { { .kind = CORE_ALARM_CONFIRM }, ROLE_NONE, false, INSTRUCTION_FIRE },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_GAS, false, INSTRUCTION_GAS },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_CARBON_MONOXIDE, false, INSTRUCTION_CARBON_MONOXIDE },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_HELP, false, INSTRUCTION_HELP },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_WATER, false, INSTRUCTION_WATER },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_TAMPER, false, INSTRUCTION_TAMPER },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_MAINS, false, INSTRUCTION_MAINS },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_BATTERY, false, INSTRUCTION_BATTERY },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_DOOR, false, INSTRUCTION_DOOR },
        { { .kind = CORE_ALARM_CONTACT }, ROLE_WINDOW, false, INSTRUCTION_WINDOW },
        { { .kind = CORE_ALARM_MEAN, .quantity = QUANTITY_CO2, .above = true },
          ROLE_NONE,
          false,
          INSTRUCTION_AIR },
        { { .kind = CORE_ALARM_THRESHOLD, .quantity = QUANTITY_TEMPERATURE, .above = true },
          ROLE_NONE,
          false,
          INSTRUCTION_HOT },
        { { .kind = CORE_ALARM_THRESHOLD, .quantity = QUANTITY_TEMPERATURE },
          ROLE_NONE,
          false,
          INSTRUCTION_COLD },
        { { .kind = CORE_ALARM_RISE, .quantity = QUANTITY_TEMPERATURE, .above = true },
          ROLE_NONE,
          false,
          INSTRUCTION_HEATING_UP },
        { { .kind = CORE_ALARM_RISE, .quantity = QUANTITY_PM25, .above = true },
          ROLE_NONE,
          false,
          INSTRUCTION_PARTICLES },
        { { .kind = CORE_ALARM_UNCHANGED, .quantity = QUANTITY_CO2 }, ROLE_NONE, false, INSTRUCTION_SENSOR },
        { { .kind = CORE_ALARM_TROUBLE }, ROLE_NONE, false, INSTRUCTION_TROUBLE },
        { { .kind = CORE_ALARM_TROUBLE }, ROLE_SMOKE, false, INSTRUCTION_FIRE_TROUBLE },
        { { .kind = CORE_ALARM_TROUBLE }, ROLE_NONE, true, INSTRUCTION_OWN_TROUBLE },
        { { .kind = CORE_ALARM_ISOLATED }, ROLE_SMOKE, false, INSTRUCTION_ISOLATED },
        { { .kind = CORE_ALARM_FLOOR }, ROLE_NONE, false, INSTRUCTION_FLOOR },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(of(cases[i].alarm, cases[i].role, cases[i].gateway), cases[i].wanted);
    }
}

static void the_configuration_chooses_the_language(void **state)
{
    (void)state;
    char zh[] = "zh", en[] = "en";
    assert_int_equal(language_of(&(struct config){ .language = zh }), LANGUAGE_ZH);
    assert_int_equal(language_of(&(struct config){ .language = en }), LANGUAGE_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_is_there_in_every_language),
        cmocka_unit_test(each_role_and_kind_says_its_own),
        cmocka_unit_test(the_configuration_chooses_the_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
