/* SPDX-License-Identifier: Apache-2.0
 * See sample.h. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/profile/sample.h"

#include "profile/domains.h"

static const struct conf_section *const SECTIONS[] = {
    &CONFIGURATIONS_SECTION,   &SENDING_DOMAINS_SECTION, &BOUNCES_SECTION,
    &FORWARDING_RULES_SECTION, &SOURCE_POOLS_SECTION,    NULL,
};

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
    buf_add_char(owner, '\n');
}

struct conf *sample_read(const char *const *sets, struct buf *faults)
{
    const struct conf_faults to = {.on_fault = on_fault, .owner = faults};
    struct conf *conf = NULL;
    int rc = conf_read("/dev/null", sets, SECTIONS, &to, &conf);

    assert_int_equal(rc == 0, faults->len == 0);
    return conf;
}

void sample_expect_fault(const char *set, const char *sentence)
{
    const char *const sets[] = {set, NULL};
    struct buf faults = {0}, expected = {0};

    buf_addf(&expected, "--set %s: %s\n", set, sentence);
    assert_null(sample_read(sets, &faults));
    assert_string_equal(buf_str(&faults), buf_str(&expected));
    buf_free(&expected);
    buf_free(&faults);
}

struct configurations *sample_configurations(const char *set)
{
    const char *const sets[] = {set, NULL};
    struct buf faults = {0};
    struct conf *conf = sample_read(sets, &faults);

    assert_string_equal(buf_str(&faults), "");
    buf_free(&faults);
    struct configurations *configurations = configurations_new(conf);
    conf_free(&conf); /* a deep copy: the sanitizer would see a pointer into it */
    return configurations;
}
