/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl check: every fault of a configuration, of all programs at once. */
#include <jansson.h>
#include <stdio.h>

#include "base/xalloc.h"
#include "ctl/settings.h"
#include "ctl/verb.h"

static const char HELP[] =
    "usage: hikyakuctl check FILE [--embedded] [--set SECTION.NAME=VALUE]... [--json]\n"
    "\n"
    "Says what is wrong with a configuration: each fault with its line, what was given and what "
    "is\n"
    "allowed, all in one pass. It is what --check-config of each program says about its own\n"
    "sections, for all programs at once. Nothing is started and nothing is connected to.\n"
    "\n"
    "  --embedded       the file is one of `hikyaku`, the single binary with the log on this\n"
    "                   machine; without it: one of a cluster, hikyaku-ingress and the others\n"
    "  --set S.N=VALUE  overrides one setting of the file; may be repeated\n"
    "  --json           print {\"valid\": ..., \"faults\": [...]}\n"
    "\n"
    "exit: 0 the configuration is valid; 1 it is not; 2 wrong arguments\n"
    "\n"
    "examples:\n"
    "  hikyakuctl check /etc/hikyaku/cluster.conf\n"
    "  hikyakuctl check --embedded examples/embedded.conf --set sender.port=2525\n";

static void print_fault(void *owner, const char *sentence)
{
    (void)owner;
    (void)fprintf(stderr, "%s\n", sentence);
}

static int check(const struct arguments *arguments, const struct conf_faults *faults)
{
    const struct conf_section **sections = settings_all(arguments->is_embedded);
    struct conf *conf = NULL;
    int result = conf_read(arguments->words[1], arguments->sets, sections, faults, &conf);

    conf_free(&conf);
    xfree(sections);
    return result;
}

static int check_for_people(const struct arguments *arguments)
{
    const char *file = arguments->words[1];
    const struct conf_faults faults = {.on_fault = print_fault};
    int result = check(arguments, &faults);

    if (result == 0)
        (void)printf("%s: the configuration is valid\n", file);
    return result;
}

static void add_fault(void *owner, const char *sentence)
{
    json_t *text = json_string(sentence);

    if (!text)
        text = json_string("a fault whose words are no UTF-8: see it without --json");
    (void)json_array_append_new(owner, text);
}

static int check_for_programs(const struct arguments *arguments)
{
    json_t *list = json_array();
    const struct conf_faults faults = {.on_fault = add_fault, .owner = list};
    int result = check(arguments, &faults);
    json_t *root = json_pack("{s:b, s:o}", "valid", result == 0, "faults", list);

    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
    return result;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    if (!arguments->words[1] || arguments->words[2]) {
        (void)fputs("check needs one FILE (see hikyakuctl check --help)\n", stderr);
        return CTL_USAGE;
    }
    int result = arguments->is_json ? check_for_programs(arguments) : check_for_people(arguments);
    return result == 0 ? CTL_OK : CTL_FAILED;
}

const struct verb CHECK_VERB = {
    .name = "check",
    .summary = "say what is wrong with a configuration",
    .help = HELP,
    .run = run,
};
