/* SPDX-License-Identifier: Apache-2.0
 * Flags, by getopt_long. */
#include "service/flags.h"

#include <getopt.h>
#include <stdio.h>

#include "base/xalloc.h"

enum { FLAG_SET = 256, FLAG_ACTION = 512 }; /* FLAG_ACTION + the action */

static const struct option OPTIONS[] = {
    {"config", required_argument, NULL, 'c'},
    {"set", required_argument, NULL, FLAG_SET},
    {"check-config", no_argument, NULL, FLAG_ACTION + FLAGS_CHECK_CONFIG},
    {"print-config", no_argument, NULL, FLAG_ACTION + FLAGS_PRINT_CONFIG},
    {"print-reference", no_argument, NULL, FLAG_ACTION + FLAGS_PRINT_REFERENCE},
    {"dump-metrics", no_argument, NULL, FLAG_ACTION + FLAGS_DUMP_METRICS},
    {"metrics-reference", no_argument, NULL, FLAG_ACTION + FLAGS_METRICS_REFERENCE},
    {"version", no_argument, NULL, FLAG_ACTION + FLAGS_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool needs_file(enum flags_action action)
{
    return action == FLAGS_RUN || action == FLAGS_CHECK_CONFIG || action == FLAGS_PRINT_CONFIG;
}

static int take_flag(struct flags *flags, int flag, char **argv, struct err *err)
{
    size_t count = 0;

    if (flag >= FLAG_ACTION) {
        flags->action = (enum flags_action)(flag - FLAG_ACTION);
    } else if (flag == FLAG_SET) {
        while (flags->overrides[count])
            count++;
        flags->overrides[count] = optarg;
    } else if (flag == 'c') {
        flags->file = optarg;
    } else if (flag == 'h') {
        flags->action = FLAGS_HELP;
    } else {
        return err_set(err, ERR_INVALID, "wrong flag or missing value: %s; --help lists the flags",
                       argv[optind - 1]);
    }
    return 0;
}

int flags_parse(int argc, char **argv, struct flags *flags, struct err *err)
{
    int flag;

    *flags = (struct flags){0};
    flags->overrides = xalloc(((size_t)argc + 1) * sizeof *flags->overrides);
    opterr = 0;
    optind = 1;
    while ((flag = getopt_long(argc, argv, ":c:h", OPTIONS, NULL)) != -1)
        if (take_flag(flags, flag, argv, err) != 0)
            return -1;
    if (optind < argc)
        return err_set(err, ERR_INVALID, "unexpected argument: %s; --help lists the flags",
                       argv[optind]);
    if (needs_file(flags->action) && !flags->file)
        return err_set(err, ERR_INVALID, "no configuration file; give one with -c FILE");
    return 0;
}

void flags_free(struct flags *flags)
{
    xfree(flags->overrides);
    flags->overrides = NULL;
}

void flags_print_help(const struct service *service)
{
    (void)printf(
        "%1$s: %2$s\n\n"
        "usage: %1$s -c FILE [--set SECTION.NAME=VALUE]...     runs until SIGTERM\n"
        "       %1$s -c FILE --check-config | --print-config\n"
        "       %1$s --print-reference | --dump-metrics | --metrics-reference | --version\n\n"
        "  -c, --config FILE         the configuration\n"
        "      --set SECTION.NAME=V  overrides one setting; may be repeated:\n"
        "                            --set logging.level=debug --set listeners.[0].port=2526\n"
        "      --check-config        reports every fault, starts nothing\n"
        "      --print-config        the effective configuration, with comments\n"
        "      --print-reference     all settings, as Markdown\n"
        "      --dump-metrics        all metrics: name, type, labels, help\n"
        "      --metrics-reference   the same, as Markdown\n"
        "      --version\n"
        "  -h, --help\n\n"
        "One JSON object per line on standard output tells what happens. The ops port\n"
        "(service.ops_address) serves /livez, /readyz, /startupz and /metrics.\n"
        "The configuration is read again after SIGHUP, or when it or a file it names is replaced;\n"
        "a faulty one changes nothing and the log says why.\n"
        "SIGTERM drains, a second one ends at once. Exit: 0 ended, 1 could not start, 2 wrong\n"
        "flags or configuration.\n",
        service->name, service->purpose);
}
