/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl diff: what another configuration would change, in words. */
#include <jansson.h>
#include <stdio.h>

#include "base/xalloc.h"
#include "conf/diff.h"
#include "ctl/settings.h"
#include "ctl/verb.h"

static const char HELP[] =
    "usage: hikyakuctl diff OLD NEW [--embedded] [--set SECTION.NAME=VALUE]... [--json]\n"
    "\n"
    "Says what is different in NEW, one line per setting, and for each whether SIGHUP is enough\n"
    "(live) or the processes have to be started again (restart). Settings that a file leaves out\n"
    "have their defaults; comments and order do not matter. Elements of lists are matched by "
    "their\n"
    "name, domain or recipient.\n"
    "\n"
    "  --embedded       the files are of `hikyaku`, the single binary with the log on this\n"
    "                   machine; without it: of a cluster, hikyaku-ingress and the others\n"
    "  --set S.N=VALUE  overrides one setting of both files; may be repeated\n"
    "  --json           print {\"changes\": [...]}\n"
    "\n"
    "exit: 0 the same; 1 different; 2 wrong arguments or configuration\n"
    "\n"
    "examples:\n"
    "  hikyakuctl diff /etc/hikyaku/cluster.conf new.conf\n"
    "  hikyakuctl diff --embedded examples/embedded.conf mine.conf --json\n";

struct difference {
    size_t count;
    json_t *list; /* --json */
};

static const char *effect_of(const struct conf_change *change)
{
    return change->section->is_live ? "live" : "restart";
}

static void print_change(void *owner, const struct conf_change *change)
{
    struct difference *difference = owner;
    struct buf words = {0};

    difference->count++;
    conf_change_put(change, &words);
    (void)printf("%-7s  %s\n", effect_of(change), buf_str(&words));
    buf_free(&words);
}

/* Files are no UTF-8 by law; what is none becomes null. */
static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    (void)json_object_set_new(object, name, value ? value : json_null());
}

static void add_change(void *owner, const struct conf_change *change)
{
    static const char *const KINDS[] = {
        [CONF_CHANGED] = "changed", [CONF_ADDED] = "added", [CONF_REMOVED] = "removed"};
    struct difference *difference = owner;
    json_t *object = json_object();

    difference->count++;
    set_text(object, "kind", KINDS[change->kind]);
    set_text(object, "section", change->section->name);
    set_text(object, "element", change->element);
    set_text(object, "setting", change->setting ? change->setting->name : NULL);
    set_text(object, "old", change->before);
    set_text(object, "new", change->after);
    set_text(object, "effect", effect_of(change));
    (void)json_array_append_new(difference->list, object);
}

static void print_fault(void *owner, const char *sentence)
{
    (void)owner;
    (void)fprintf(stderr, "%s\n", sentence);
}

/* Every fault of both. */
static int read_both(const struct arguments *arguments, const struct conf_section *const *sections,
                     struct conf *ret_both[2])
{
    const struct conf_faults faults = {.on_fault = print_fault};
    int result = 0;

    for (size_t i = 0; i < 2; i++)
        if (conf_read(arguments->words[1 + i], arguments->sets, sections, &faults, &ret_both[i]))
            result = -1;
    return result;
}

static void print_json(json_t *list)
{
    json_t *root = json_pack("{s:o}", "changes", list);

    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}

static enum ctl_exit compare(const struct arguments *arguments, struct conf *const both[2],
                             const struct conf_section *const *sections)
{
    struct difference difference = {.list = arguments->is_json ? json_array() : NULL};
    const struct conf_changes changes = {arguments->is_json ? add_change : print_change,
                                         &difference};

    conf_diff(both[0], both[1], sections, &changes);
    if (arguments->is_json)
        print_json(difference.list);
    else if (difference.count == 0)
        (void)puts("no difference");
    return difference.count == 0 ? CTL_OK : CTL_FAILED;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct conf *both[2] = {NULL, NULL};
    enum ctl_exit result = CTL_USAGE;

    if (!arguments->words[1] || !arguments->words[2] || arguments->words[3]) {
        (void)fputs("diff needs two files, OLD and NEW (see hikyakuctl diff --help)\n", stderr);
        return CTL_USAGE;
    }
    const struct conf_section **sections = settings_all(arguments->is_embedded);
    if (read_both(arguments, sections, both) == 0)
        result = compare(arguments, both, sections);
    conf_free(&both[0]);
    conf_free(&both[1]);
    xfree(sections);
    return result;
}

const struct verb DIFF_VERB = {
    .name = "diff",
    .summary = "say what another configuration would change",
    .help = HELP,
    .run = run,
};
