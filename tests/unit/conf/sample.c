/* SPDX-License-Identifier: Apache-2.0
 * Reading text as if it were a file. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/conf/sample.h"

#include <unistd.h>

static int check_name(const char *value, struct err *err)
{
    if (value[0] == 'x')
        return err_set(err, ERR_INVALID, "allowed: a name that does not begin with x");
    return 0;
}

static int check_sample(const void *values, struct err *err)
{
    const struct sample_values *sample = values;

    if (sample->flag && sample->port == 0)
        return err_set(err, ERR_INVALID, "flag needs a port; allowed: port from 1");
    return 0;
}

/* The same label twice is refused where it is a fault of no struct alone. */
static int check_labels(const struct conf *conf, size_t i, struct err *err)
{
    const struct sample_element *element = conf_element(conf, &SAMPLE_LIST, i);

    for (size_t j = 0; j < i; j++) {
        const struct sample_element *other = conf_element(conf, &SAMPLE_LIST, j);
        if (strcmp(element->label, other->label) == 0)
            return err_set(err, ERR_INVALID, "label \"%s\" is there twice", element->label);
    }
    return 0;
}

static const char *const WORDS[] = {"linear", "exponential", NULL};

#define AT(member) CONF_AT(struct sample_values, member)
static const struct conf_setting PLAIN[] = {
    {.name = "flag", .type = CONF_BOOL, .offset = AT(flag), .fallback = "false", .help = "A flag."},
    {.name = "hosts",
     .type = CONF_STRINGS,
     .offset = AT(hosts),
     .fallback = "",
     .max = 3,
     .help = "Some hosts.",
     .check = check_name},
    {.name = "name",
     .type = CONF_STRING,
     .offset = AT(name),
     .min = 1,
     .max = 20,
     .help = "A mandatory name.",
     .check = check_name},
    {.name = "password",
     .type = CONF_STRING,
     .offset = AT(password),
     .fallback = "",
     .help = "A secret."},
    {.name = "port",
     .type = CONF_INT,
     .offset = AT(port),
     .fallback = "25",
     .min = 0,
     .max = 65535,
     .unit = "",
     .help = "A port."},
    {.name = "size",
     .type = CONF_SIZE,
     .offset = AT(size_bytes),
     .fallback = "64 KiB",
     .min = 1024,
     .max = (int64_t)1 << 40,
     .help = "A size."},
    {.name = "word",
     .type = CONF_WORD,
     .offset = AT(word),
     .fallback = "exponential",
     .words = WORDS,
     .help = "A word, one | the other."},
};

static const struct conf_setting ELEMENT[] = {
    {.name = "label",
     .type = CONF_STRING,
     .offset = CONF_AT(struct sample_element, label),
     .help = "A label."},
    {.name = "port",
     .type = CONF_INT,
     .offset = CONF_AT(struct sample_element, port),
     .fallback = "2525",
     .min = 0,
     .max = 65535,
     .unit = "s",
     .help = "A port."},
    {.name = "retry.tries",
     .type = CONF_INT,
     .offset = CONF_AT(struct sample_element, tries),
     .fallback = "3",
     .min = 1,
     .max = 9,
     .unit = "",
     .help = "Tries."},
    {.name = "retry.wait_s",
     .type = CONF_INT,
     .offset = CONF_AT(struct sample_element, wait_s),
     .fallback = "60",
     .min = 1,
     .max = 600,
     .unit = "s",
     .help = "A wait."},
};

const struct conf_section SAMPLE_PLAIN = {
    .name = "sample",
    .help = "A group.",
    .settings = PLAIN,
    .count = sizeof PLAIN / sizeof *PLAIN,
    .size = sizeof(struct sample_values),
    .check = check_sample,
};
const struct conf_section SAMPLE_LIST = {
    .name = "listeners",
    .help = "A list.",
    .settings = ELEMENT,
    .count = sizeof ELEMENT / sizeof *ELEMENT,
    .size = sizeof(struct sample_element),
    .is_list = true,
    .check_among = check_labels,
};
static const struct conf_section ELSEWHERE = {.name = "elsewhere"};
const struct conf_section *const SAMPLE_SECTIONS[] = {&SAMPLE_PLAIN, &SAMPLE_LIST, &ELSEWHERE,
                                                      NULL};

static void on_fault(void *owner, const char *sentence)
{
    struct sample *sample = owner;
    struct slice text = slice_str(sentence);

    if (slice_starts_nocase(text, slice_str(sample->file)))
        text = slice_skip(text, strlen(sample->file));
    buf_addf(&sample->faults, "%.*s\n", SLICE_ARGS(text));
}

void sample_read(struct sample *sample, const char *text, const char *const *overrides)
{
    static const char *const NONE[] = {NULL};
    const struct conf_faults faults = {on_fault, sample};

    *sample = (struct sample){0};
    private_file_new(sample->file, slice_str(text));
    int rc = conf_read(sample->file, overrides ? overrides : NONE, SAMPLE_SECTIONS, &faults,
                       &sample->conf);
    assert_int_equal(unlink(sample->file), 0);
    assert_int_equal(rc, sample->faults.len > 0 ? -1 : 0);
}

void sample_expect_faults(const char *text, const char *const *overrides, const char *faults)
{
    struct sample sample;

    sample_read(&sample, text, overrides);
    assert_string_equal(buf_str(&sample.faults), faults);
    assert_null(sample.conf);
    sample_free(&sample);
}

void sample_free(struct sample *sample)
{
    conf_free(&sample->conf);
    buf_free(&sample->faults);
}
