/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl preview from: the effective envelope From of a mail (requirements S29..S40). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl/preview.h"
#include "ctl/settings.h"
#include "mail/originator.h"

struct seen { /* what would become of the mail */
    struct slice submitted, header_domain;
    struct rewrite_outcome outcome;
    uint32_t public_port;
    enum forward_verdict forward;
};

static const char *const SKIPS[] = {
    [FORWARD_YES] = "yes",
    [FORWARD_OFF] = "no: envelope_from.forward_bounces is off",
    [FORWARD_NOT_REWRITTEN] = "no: not rewritten, the bounce goes to the sender anyway",
    [FORWARD_NULL_SENDER] = "no: the sender is <>, nobody gets a bounce",
    [FORWARD_SAME] = "no: rewritten to the same address",
    [FORWARD_PORT25] = "no: submitted on port 25, where a sender may be forged",
    [FORWARD_OWN_DOMAIN] = "no: an address is in bounces.receive_domains",
};

static const char *const REASONS[] = {
    [REWRITE_DONE] = "rewritten",
    [REWRITE_NO_RULE] = "as submitted: no rule",
    [REWRITE_NULL_SENDER] = "as submitted: <> is never rewritten",
    [REWRITE_TOO_LONG] = "as submitted: the new address would be longer than 254 octets",
    [REWRITE_LOCAL_TOO_LONG] = "as submitted: the local part is longer than 64 octets",
};

static const char *const PLACES[] = {
    [REWRITE_BY_NONE] = "",
    [REWRITE_BY_ADVANCED] = " (envelope_from.rewrite)",
    [REWRITE_BY_SENDING_DOMAIN] = " (sending_domains)",
};

/* ---- printing ---- */

static void print_row(const char *name, struct slice value, const char *note)
{
    (void)printf("%-17s %.*s%s\n", name, SLICE_ARGS(value), note);
}

static void print_address(const char *name, struct slice address, const char *note)
{
    (void)printf("%-17s <%.*s>%s%s%s\n", name, SLICE_ARGS(address), note[0] ? " (" : "", note,
                 note[0] ? ")" : "");
}

static void print_table(const struct seen *seen)
{
    const struct rewrite_outcome *outcome = &seen->outcome;
    struct slice none = SLICE("none");

    print_address("submitted", seen->submitted, "");
    print_row("header domain", seen->header_domain.len ? seen->header_domain : none, "");
    print_row("sending domain", outcome->sending_domain.len ? outcome->sending_domain : none, "");
    print_row("rule", outcome->rule.text.len ? outcome->rule.text : none, PLACES[outcome->source]);
    print_address("envelope From", outcome->from, REASONS[outcome->result]);
    print_row("bounce forwarded", slice_str(SKIPS[seen->forward]), "");
}

static json_t *text(struct slice s)
{
    return json_stringn_nocheck(s.at ? s.at : "", s.len);
}

static void print_json(const struct seen *seen)
{
    const struct rewrite_outcome *outcome = &seen->outcome;
    bool is_forwarded = seen->forward == FORWARD_YES;
    json_t *root = json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:i, s:b, s:s}", "submitted", text(seen->submitted),
        "header_domain", text(seen->header_domain), "sending_domain", text(outcome->sending_domain),
        "rule", text(outcome->rule.text), "decided_by", rewrite_source_name(outcome->source),
        "result", rewrite_result_name(outcome->result), "envelope_from", text(outcome->from),
        "public_port", (int)seen->public_port, "forwarded", (int)is_forwarded, "skip_reason",
        is_forwarded ? "" : forward_verdict_name(seen->forward));

    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}

/* ---- looking ---- */

static struct seen look(const struct configuration *configuration,
                        const struct forward_settings *forward, struct arena *arena,
                        const struct arguments *arguments, struct slice sender)
{
    char *room = arena_alloc(arena, MAIL_DOMAIN_MAX);
    struct seen seen = {
        .submitted = sender,
        .header_domain = originator_domain(slice_str(arguments->header_from), room),
        .public_port = (uint32_t)arguments->public_port,
    };

    seen.outcome = rewrite_decide(&configuration->rewrite, arena, sender, seen.header_domain);
    const struct forward_mail mail = {
        .from = seen.outcome.from,
        .original_from = sender,
        .is_rewritten = seen.outcome.result == REWRITE_DONE,
        .public_port = seen.public_port,
    };
    seen.forward = sender.len ? forward_decide(forward, &mail) : FORWARD_NULL_SENDER;
    return seen;
}

/* The address, or "<>", or "" for the same. */
static bool read_sender(const char *given, struct slice *ret_sender)
{
    struct slice sender = slice_str(given);
    struct mail_address address;
    const char *why = "";

    if (slice_eq(sender, SLICE("<>")))
        sender = SLICE("");
    if (sender.len && !mail_address_parse(sender, false, &address, &why)) {
        (void)fprintf(stderr, "--sender is \"%s\": %s; allowed: local@domain or \"<>\"\n", given,
                      why);
        return false;
    }
    *ret_sender = sender;
    return true;
}

static enum ctl_exit show(const struct conf *conf, const struct arguments *arguments,
                          struct slice sender)
{
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *configuration = settings_configuration(configurations, arguments);
    struct arena *arena = arena_new(1024);

    if (configuration) {
        const struct forward_settings forward =
            configurations_forward(configurations, configuration);
        const struct seen seen = look(configuration, &forward, arena, arguments, sender);
        (arguments->is_json ? print_json : print_table)(&seen);
    }
    arena_free(&arena);
    configurations_free(&configurations);
    return configuration ? CTL_OK : CTL_USAGE;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct conf *conf = NULL;
    struct slice sender;

    if (!arguments->sender) {
        (void)fputs("preview from needs --sender ADDRESS\n", stderr);
        return CTL_USAGE;
    }
    if (!read_sender(arguments->sender, &sender) || settings_read_for_preview(arguments, &conf))
        return CTL_USAGE;
    enum ctl_exit result = show(conf, arguments, sender);
    conf_free(&conf);
    return result;
}

const struct preview PREVIEW_FROM = {.name = "from", .run = run};
