/* SPDX-License-Identifier: Apache-2.0
 * The revision of a settings file. */
#include "unit/service/cases.h"

#include <unistd.h>

#include "base/xalloc.h"
#include "service/sections.h"
#include "service/source.h"
#include "unit/base/private_file.h"
#include "unit/service/stand_in.h"

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static int64_t revision_of(const char *file, const char *const *overrides)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    const struct service service = {.name = "hikyaku-test", .purpose = "", .roles = roles};
    const struct conf_section **sections = sections_of(&service);
    const struct source source = {&service, file, overrides, sections};
    const struct conf_faults faults = {on_fault, NULL};
    struct conf *conf = NULL;

    assert_int_equal(source_read(&source, &faults, &conf), 0);
    int64_t revision = source_revision(conf);
    conf_free(&conf);
    xfree(sections);
    return revision;
}

static int64_t revision_of_text(const char *text)
{
    char file[PRIVATE_FILE_PATH];

    private_file_new(file, slice_str(text));
    int64_t revision = revision_of(file, NULL);
    (void)unlink(file);
    return revision;
}

/* sha256sum FILE | cut -c 1-12, as a number. */
static void test_revision_is_the_begin_of_the_digest(void **state)
{
    (void)state;
    assert_int_equal(revision_of("/dev/null", NULL), INT64_C(0xe3b0c44298fc));
    assert_int_equal(revision_of_text("service: { drain_s = 7; };\n"), INT64_C(0x54225ca056cb));
}

static void test_revision_differs_with_the_file_and_with_nothing_else(void **state)
{
    const char *const overrides[] = {"service.drain_s=9", NULL};
    int64_t revision = revision_of_text("service: { drain_s = 7; };\n");

    (void)state;
    assert_int_equal(revision, revision_of_text("service: { drain_s = 7; };\n"));
    assert_int_not_equal(revision, revision_of_text("service: { drain_s = 8; };\n"));
    assert_int_not_equal(revision, revision_of_text("service: { drain_s = 7; }; \n"));
    assert_int_equal(revision_of("/dev/null", overrides), revision_of("/dev/null", NULL));
}

static void test_name_is_that_of_the_file_alone(void **state)
{
    (void)state;
    assert_string_equal(source_name(&(struct source){.file = "/etc/hikyaku/hikyaku.conf"}),
                        "hikyaku.conf");
    assert_string_equal(source_name(&(struct source){.file = "my.conf"}), "my.conf");
}

CASES_RUN(CASE(test_revision_is_the_begin_of_the_digest),
          CASE(test_revision_differs_with_the_file_and_with_nothing_else),
          CASE(test_name_is_that_of_the_file_alone))
