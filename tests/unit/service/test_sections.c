/* SPDX-License-Identifier: Apache-2.0
 * Which sections a process knows. */
#include "unit/service/cases.h"

#include "base/xalloc.h"
#include "profile/configuration.h"
#include "service/sections.h"
#include "unit/service/stand_in.h"

static const struct conf_setting NO_SETTING = {.name = "x"};
static const struct conf_section SENDER = {.name = "sender", .settings = &NO_SETTING};
static const struct conf_section *const OWN[] = {&SENDER, &CONFIGURATIONS_SECTION, NULL};

static size_t count(const struct conf_section *const *sections, const char *name,
                    const struct conf_section **ret_found)
{
    size_t count = 0;

    for (; *sections; sections++)
        if (strcmp((*sections)->name, name) == 0) {
            *ret_found = *sections;
            count++;
        }
    return count;
}

static void test_each_section_once_and_foreign_ones_by_name(void **state)
{
    const struct service_role role = {.name = "sender", .sections = OWN};
    const struct service_role *const roles[] = {&role, &role, NULL};
    const struct service service = {.name = "x", .roles = roles};
    const struct conf_section **sections = sections_of(&service), *found;

    (void)state;
    assert_int_equal(count(sections, "service", &found), 1);
    assert_int_equal(count(sections, "log", &found), 1);
    assert_int_equal(count(sections, "configurations", &found), 1);
    assert_ptr_equal(found, &CONFIGURATIONS_SECTION);
    assert_int_equal(count(sections, "sender", &found), 1);
    assert_ptr_equal(found, &SENDER);
    assert_int_equal(count(sections, "bouncer", &found), 1);
    assert_null(found->settings);
    xfree(sections);
}

CASES_RUN(CASE(test_each_section_once_and_foreign_ones_by_name))
