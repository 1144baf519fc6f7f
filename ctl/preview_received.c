/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl preview received: our hop in the header, in each mode (requirements S4..S9). */
#include <jansson.h>
#include <stdio.h>

#include "ctl/preview.h"
#include "ctl/settings.h"
#include "ingress/received.h"
#include "ingress/settings.h"
#include "mail/date.h"
#include "net/clock.h"

#define LOCAL "127.0.0.1"

static const char *const NOTES[RECEIVED_MODES] = {
    [RECEIVED_ABBREVIATED] = "adds, without the client's address:",
    [RECEIVED_NORMAL] = "adds, with the addresses of both ends:",
    [RECEIVED_NONE] = "leaves our hop out; adds, so that a loop is found:",
    [RECEIVED_REMOVE_ALL] = "deletes every Received field; adds, so that a loop is found:",
};

/* Each line indented, so that the folded ones are seen to be folded. */
static void print_field(struct slice field)
{
    while (field.len) {
        size_t length = slice_find_slice(field, SLICE("\r\n"));
        (void)printf("    %.*s\n", SLICE_ARGS(slice_sub(field, 0, length)));
        field = slice_skip(field, length + 2);
    }
}

static void print_table(enum received_mode in_use, const struct received_hop *hop)
{
    for (enum received_mode mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf trace = {0};
        received_apply(&trace, mode, hop);
        (void)printf("%s%s: %s\n", RECEIVED_MODE_NAMES[mode], mode == in_use ? " (in use)" : "",
                     NOTES[mode]);
        print_field(buf_slice(&trace));
        buf_free(&trace);
    }
}

static void print_json(enum received_mode in_use, const struct received_hop *hop)
{
    json_t *modes = json_object();

    for (enum received_mode mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf trace = {0};
        received_apply(&trace, mode, hop);
        (void)json_object_set_new(modes, RECEIVED_MODE_NAMES[mode],
                                  json_stringn(trace.at, trace.len));
        buf_free(&trace);
    }
    json_t *root = json_pack("{s:s, s:o}", "in_use", RECEIVED_MODE_NAMES[in_use], "adds", modes);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}

static bool read_address(const char *option, const char *given, struct net_address *ret_address)
{
    struct err err;

    if (net_address_parse(slice_str(given), 0, ret_address, &err) == 0)
        return true;
    (void)fprintf(stderr, "%s: %s\n", option, err.text);
    return false;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct net_address client, local;
    struct conf *conf = NULL;
    int64_t now_ms = clock_wall_ms();

    if (!arguments->helo || !arguments->client) {
        (void)fputs("preview received needs --helo NAME and --client IP\n", stderr);
        return CTL_USAGE;
    }
    if (!read_address("--client", arguments->client, &client) ||
        !read_address("--local", arguments->local ? arguments->local : LOCAL, &local) ||
        settings_read_for_preview(arguments, &conf))
        return CTL_USAGE;
    const struct ingress_settings *settings = conf_values(conf, &INGRESS_SECTION);
    const struct received_hop hop = {
        .helo = slice_str(arguments->helo),
        .hostname = settings->hostname,
        .client = &client,
        .local = &local,
        .now_ms = now_ms,
        .zone_minutes = date_local_zone(now_ms),
    };
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *configuration = settings_configuration(configurations, arguments);
    if (configuration)
        (arguments->is_json ? print_json : print_table)(configuration->received, &hop);
    configurations_free(&configurations);
    conf_free(&conf);
    return configuration ? CTL_OK : CTL_USAGE;
}

const struct preview PREVIEW_RECEIVED = {.name = "received", .run = run};
