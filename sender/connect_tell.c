/* SPDX-License-Identifier: Apache-2.0
 * Figures of new connections. */
#include "sender/connect_tell.h"

static void count(const struct sender *sender, const struct connection *connection,
                  const char *result)
{
    const char *group = dest_group_name(sender->groups, connection_group(connection));

    metrics_add(sender->env->metrics, METRIC_SENDER_CONNECTS, METRIC_LABELS(group, result), 1);
}

static void count_tls(const struct sender *sender, const char *version, const char *result)
{
    metrics_add(sender->env->metrics, METRIC_SENDER_TLS,
                METRIC_LABELS(SENDER_TLS_NAMES[sender->settings->tls], version, result), 1);
}

void connect_tell_ready(const struct sender *sender, const struct connection *connection)
{
    const char *version = connection_tls_version(connection);

    count(sender, connection, "ok");
    if (*version)
        count_tls(sender, version, "ok");
}

static const char *result_of(const struct connection_trouble *trouble)
{
    if (trouble->stage == SMTP_STAGE_TLS)
        return "tls";
    if (trouble->fault != PROXY_FAULT_NONE)
        return "proxy";
    if (trouble->reply->code)
        return "refused";
    return trouble->stage == SMTP_STAGE_CONNECT ? "unreachable" : "lost";
}

void connect_tell_failed(const struct sender *sender, const struct connection *connection,
                         const struct connection_trouble *trouble)
{
    count(sender, connection, result_of(trouble));
    if (trouble->stage == SMTP_STAGE_TLS)
        count_tls(sender, "", "failed");
}
