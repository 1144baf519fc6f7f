/* SPDX-License-Identifier: Apache-2.0
 * A settings file of a test. */
#include "unit/service/settings_text.h"

#include <unistd.h>

#include "base/xalloc.h"
#include "service/sections.h"
#include "unit/base/private_file.h"
#include "unit/service/stand_in.h"

static void on_fault(void *owner, const char *sentence)
{
    struct buf *fault = owner;

    if (fault->len == 0)
        buf_add_str(fault, sentence);
}

struct conf *settings_text_read(const char *text, struct buf *ret_fault)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    const struct service service = {.name = "hikyaku-test", .purpose = "", .roles = roles};
    const struct conf_section **sections = sections_of(&service);
    const struct conf_faults faults = {on_fault, ret_fault};
    struct conf *conf = NULL;
    char file[PRIVATE_FILE_PATH];

    private_file_new(file, slice_str(text));
    if (conf_read(file, NULL, sections, &faults, &conf) != 0)
        conf = NULL;
    (void)unlink(file);
    xfree(sections);
    return conf;
}
