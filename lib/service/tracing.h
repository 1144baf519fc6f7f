/* SPDX-License-Identifier: Apache-2.0
 * SMTP sessions that are logged line by line, for as long as section "logging" says: event
 * smtp_trace, level info, at most logging.lines_per_second. A role asks once per session or mail;
 * where nothing is traced that costs a comparison. One per role, on its thread. */
#pragma once

#include "base/id.h"
#include "base/log.h"
#include "base/net_address.h"
#include "conf/conf.h"
#include "smtp/tap.h"

struct tracing;

struct tracing_session { /* the tap's; outlives its use */
    struct smtp_tap tap;
    struct tracing *tracing;
    const char *id;
    const struct net_address *peer;
    enum log_field peer_field;
};

/* log outlives it. Nothing is traced until tracing_apply. */
struct tracing *tracing_new(struct log *log);
void tracing_free(struct tracing **tracing);
/* At the start, and each time the file was read again. Sessions that are under way go on as they
 * were, until the time that holds from now on. */
void tracing_apply(struct tracing *tracing, const struct conf *conf);

/* The tap for a session with this client, or for mail to this recipient domain; NULL: it is not
 * traced. tracing NULL: nothing is. id and peer outlive the session. */
const struct smtp_tap *tracing_of_client(struct tracing *tracing, const char *id,
                                         const struct net_address *peer,
                                         struct tracing_session *session);
const struct smtp_tap *tracing_of_destination(struct tracing *tracing, struct slice domain,
                                              const char *id, const struct net_address *peer,
                                              struct tracing_session *session);
