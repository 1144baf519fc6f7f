/* SPDX-License-Identifier: Apache-2.0
 * What an attempt found out about a recipient or a host: the verdict, and the reply as it will
 * stand in records, events and reports. Texts live in the parcel's arena; a reply's is cut to what
 * a report can carry. */
#pragma once

#include "sender/parcel.h"

struct finding {
    struct verdict verdict;
    struct record_reply reply;
};

struct finding_place { /* the ends of a connection; empty: none was involved */
    struct slice host, ip, source_ip;
};

/* source: our end; of family AF_UNSPEC: not known. */
struct finding_place finding_place(struct arena *arena, struct slice host,
                                   const struct net_address *address,
                                   const struct net_address *source);
/* What is_ours stands as a reason, without a code: reports must not say that the host said so. */
struct finding finding_from_reply(struct parcel *parcel, const struct finding_place *place,
                                  const struct smtp_rcpt_result *result, bool has_accepted);
/* reason: a sentence, copied. */
struct finding finding_from_loss(struct parcel *parcel, const struct finding_place *place,
                                 enum smtp_stage stage, bool is_uncertain, const char *reason);
/* A fault that verdict_from_proxy takes; without a place: it is no host's. */
struct finding finding_from_proxy(struct parcel *parcel, enum proxy_fault fault,
                                  const char *reason);
struct finding finding_from_route(struct parcel *parcel, enum route_status status,
                                  const char *reason);
struct finding finding_from_lost_body(struct parcel *parcel, const char *reason);
/* The recipient's verdict and last reply are these now. */
void finding_apply(struct parcel *parcel, size_t rcpt, const struct finding *finding);
/* To every recipient without a verdict. */
void finding_apply_rest(struct parcel *parcel, const struct finding *finding);
/* The retry period is over: the last real reply stays, status and class become those of S11.
 * reason: where there was none; lives as long as the parcel. */
void finding_expire(struct parcel *parcel, size_t rcpt, struct slice reason);
