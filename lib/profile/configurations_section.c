/* SPDX-License-Identifier: Apache-2.0
 * The settings table of a configuration: every setting of the requirements S1..S40 that a mail may
 * have its own value of. The rules are in configurations_check.c. */
#include "mail/address.h"
#include "profile/configurations_values.h"

#define ADDRESS_MAX (MAIL_PATH_MAX - 2) /* without the angle brackets */

const char *const RECEIVED_MODE_NAMES[] = {"abbreviated", "normal", "none", "remove_all", NULL};
static const char *const FORMATS[] = {"multipart", "simple", NULL};

int configuration_name_check(const char *value, struct err *err)
{
    for (const char *at = value; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\\')
            return err_set(err, ERR_INVALID,
                           "a name is printable ASCII without blanks, quotes and backslashes");
    return 0;
}

#define AT(member) .offset = CONF_AT(struct configuration_values, member)
static const struct conf_setting SETTINGS[] = {
    {.name = "name",
     .type = CONF_STRING,
     AT(name),
     .fallback = "default",
     .min = 1,
     .max = CONFIGURATION_NAME_MAX,
     .check = configuration_name_check,
     .unit = "",
     .help = "Its name, in the envelope of each mail. The one called default is there anyway, "
             "and it is for whatever no other one claims."},
    {.name = "listeners",
     .type = CONF_STRINGS,
     AT(listeners),
     .fallback = "[]",
     .max = 1000,
     .unit = "",
     .help = "Names of listeners whose mail belongs to it."},
    {.name = "users",
     .type = CONF_STRINGS,
     AT(users),
     .fallback = "[]",
     .max = 1000,
     .unit = "",
     .help = "Names of users whose mail belongs to it, where no configuration names the "
             "listener."},
    {.name = "networks",
     .type = CONF_STRINGS,
     AT(networks),
     .fallback = "[]",
     .max = 1000,
     .check = net_network_check,
     .unit = "",
     .help = "Networks (CIDR) whose clients' mail belongs to it, where no configuration names "
             "the listener or the user. Where networks of several configurations have the "
             "client, the first configuration gets the mail."},
    {.name = "received",
     .type = CONF_WORD,
     AT(received),
     .fallback = "abbreviated",
     .words = RECEIVED_MODE_NAMES,
     .unit = "",
     .help = "What our hop does to the header. abbreviated adds a Received field without the "
             "client's address, normal one with it; none adds no Received field; remove_all "
             "adds none and deletes those of the hops before us. The last two add X-Hikyaku-"
             "Loop instead, by which a loop is found."},
    {.name = "retry.a_s",
     .type = CONF_INT,
     AT(retry.a_s),
     .fallback = "480",
     .max = RETRY_PERIOD_MAX_S,
     .unit = "s",
     .help = "linear: the wait before each retry. exponential: what each wait is longer than "
             "the one before it. geometric: the first wait."},
    {.name = "retry.b_s",
     .type = CONF_INT,
     AT(retry.b_s),
     .fallback = "-240",
     .min = -RETRY_PERIOD_MAX_S,
     .max = RETRY_PERIOD_MAX_S,
     .unit = "s",
     .help = "exponential: the wait before retry n is a * n + b. Used by exponential only."},
    {.name = "retry.cap_s",
     .type = CONF_INT,
     AT(retry.cap_s),
     .fallback = "14400",
     .min = 1,
     .max = RETRY_PERIOD_MAX_S,
     .unit = "s",
     .help = "geometric: no wait is longer than this."},
    {.name = "retry.factor_percent",
     .type = CONF_INT,
     AT(retry.factor_percent),
     .fallback = "200",
     .min = 101,
     .max = 1000,
     .unit = "%",
     .help = "geometric: each wait in percent of the one before it; 200 doubles."},
    {.name = "retry.interval",
     .type = CONF_WORD,
     AT(retry.interval),
     .fallback = "exponential",
     .words = RETRY_KIND_NAMES,
     .unit = "",
     .help = "How the waits between attempts grow: linear not at all, exponential by the same "
             "time, geometric by the same factor; list names each of them. See `hikyakuctl "
             "preview retry`."},
    {.name = "retry.jitter_percent",
     .type = CONF_INT,
     AT(retry.jitter_percent),
     .fallback = "0",
     .max = 50,
     .unit = "%",
     .help = "Each wait is by up to so much shorter or longer, so that mails that failed "
             "together do not come back together."},
    {.name = "retry.list_s",
     .type = CONF_STRINGS,
     AT(retry.list_s),
     .fallback = "[]",
     .max = RETRY_LIST_MAX,
     .check = configuration_check_wait,
     .unit = "s",
     .help = "list: the waits in turn, in seconds, like [ \"300\", \"3600\" ]; the last one "
             "repeats until the period is over."},
    {.name = "retry.period_s",
     .type = CONF_INT,
     AT(retry.period_s),
     .fallback = "86400",
     .min = 60,
     .max = RETRY_PERIOD_MAX_S,
     .unit = "s",
     .help = "How long after its acceptance a mail is tried. Short: an early verdict and more "
             "losses; long: fewer losses and a late verdict. The log must keep mail for this "
             "period and 24 hours more."},
    {.name = "pool.count",
     .type = CONF_INT,
     AT(pool_count),
     .fallback = "100",
     .min = 1,
     .max = 500,
     .unit = "",
     .help = "Idle connections to destinations that each sender keeps for mail of this "
             "configuration (S20). The one used least recently goes first."},
    {.name = "pool.timeout_s",
     .type = CONF_INT,
     AT(pool_timeout_s),
     .fallback = "60",
     .min = 1,
     .max = 600,
     .unit = "s",
     .help = "A connection idle for that long is closed (S21)."},
    {.name = "source_pool",
     .type = CONF_STRING,
     AT(source_pool),
     .fallback = SOURCE_POOL_DEFAULT,
     .min = 1,
     .max = CONFIGURATION_NAME_MAX,
     .unit = "",
     .help = "Which of source_pools its mail leaves from. default: sender.source_address, with "
             "sender.hostname as the EHLO name."},
    {.name = "bcc.host",
     .type = CONF_STRING,
     AT(bcc_host),
     .fallback = "",
     .max = BCC_HOST_MAX,
     .check = bcc_check_host,
     .unit = "",
     .help = "Archive that gets a copy of every accepted mail over SMTP: a host name or an IP "
             "address. Empty: no copies. Not together with forwarding_rules."},
    {.name = "bcc.port",
     .type = CONF_INT,
     AT(bcc_port),
     .fallback = "25",
     .min = 1,
     .max = 65535,
     .unit = "",
     .help = "TCP port of the archive."},
    {.name = "bounce.format",
     .type = CONF_WORD,
     AT(bounce_format),
     .fallback = "multipart",
     .words = FORMATS,
     .unit = "",
     .help = "Layout of bounces: multipart (multipart/report, RFC 3464) or simple (one plain "
             "text part). Reports that are not about a failure are always multipart."},
    {.name = "envelope_from.forward_bounces",
     .type = CONF_BOOL,
     AT(forward_bounces),
     .fallback = "false",
     .unit = "",
     .help = "Bounces of mail that was rewritten also go to the original envelope From, unless"
             " it was submitted on port 25."},
    {.name = "envelope_from.rewrite",
     .type = CONF_STRING,
     AT(rewrite),
     .fallback = "none",
     .max = ADDRESS_MAX,
     .check = rewrite_rule_check,
     .unit = "",
     .help = "What becomes of the envelope From, where bounces go: none (left as submitted), "
             "account@domain (all bounces to one address) or @domain (the local part is kept)."
             " The header stays as it is."},
};
#undef AT

const struct conf_section CONFIGURATIONS_SECTION = {
    .name = "configurations",
    .help = "Server configurations: what is done with mail, by the listener, the user or the "
            "network it came from.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct configuration_values),
    .is_list = true,
    .key = "name",
    .is_live = true,
    .check = configuration_check,
    .check_among = configuration_check_among,
};
