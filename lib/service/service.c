/* SPDX-License-Identifier: Apache-2.0
 * service_main: from the command line to the exit code. */
#include "service/service.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "service/flags.h"
#include "service/sections.h"
#include "service/source.h"
#include "service/supervisor.h"

enum { EXIT_ENDED = 0, EXIT_NOT_STARTED = 1, EXIT_WRONG = 2 };

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    (void)fprintf(stderr, "%s\n", sentence);
}

static int run(const struct source *source, const struct conf *conf)
{
    struct err err;

    if (supervisor_run(source, conf, &err) == 0)
        return EXIT_ENDED;
    (void)fprintf(stderr, "%s: cannot start: %s\n", source->service->name, err.text);
    return EXIT_NOT_STARTED;
}

static int with_configuration(const struct source *source, enum flags_action action)
{
    const struct conf_faults faults = {on_fault, NULL};
    struct conf *conf;
    int rc = EXIT_ENDED;

    if (source_read(source, &faults, &conf) != 0)
        return EXIT_WRONG;
    if (action == FLAGS_RUN)
        rc = run(source, conf);
    else if (action == FLAGS_PRINT_CONFIG)
        conf_print(conf, source->sections, stdout);
    else
        (void)printf("%s: the configuration is valid\n", source->file);
    conf_free(&conf);
    return rc;
}

static int act(const struct service *service, const struct flags *flags)
{
    const struct conf_section **sections = sections_of(service);
    const struct source source = {service, flags->file, flags->overrides, sections};
    int rc = EXIT_ENDED;

    switch (flags->action) {
    case FLAGS_RUN:
    case FLAGS_CHECK_CONFIG:
    case FLAGS_PRINT_CONFIG:
        rc = with_configuration(&source, flags->action);
        break;
    case FLAGS_PRINT_REFERENCE:
        conf_print_reference(sections, stdout);
        break;
    case FLAGS_DUMP_METRICS:
        metrics_print_catalogue(stdout);
        break;
    case FLAGS_METRICS_REFERENCE:
        metrics_print_reference(stdout);
        break;
    case FLAGS_VERSION:
        (void)printf("%s %s\n", service->name, HIKYAKU_VERSION);
        break;
    case FLAGS_HELP:
        flags_print_help(service);
        break;
    }
    xfree(sections);
    return rc;
}

int service_main(int argc, char **argv, const struct service *service)
{
    struct flags flags;
    struct err err;
    int rc = EXIT_WRONG;

    if (flags_parse(argc, argv, &flags, &err) == 0)
        rc = act(service, &flags);
    else
        (void)fprintf(stderr, "%s: %s\n", service->name, err.text);
    flags_free(&flags);
    return rc;
}

int service_run(const struct service *service, const char *file, const char *const *overrides)
{
    const struct conf_section **sections = sections_of(service);
    const struct source source = {service, file, overrides, sections};
    int rc = with_configuration(&source, FLAGS_RUN);

    xfree(sections);
    return rc;
}
