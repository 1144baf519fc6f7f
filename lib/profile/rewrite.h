/* SPDX-License-Identifier: Apache-2.0
 * Rewriting the envelope From (requirements S29..S37): the rule of the sending domain wins, `none`
 * falls through to the advanced rule. Pure: values in, values out; the header is never touched. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum rewrite_kind {
    REWRITE_NONE,    /* left as submitted */
    REWRITE_ADDRESS, /* "account@domain": all bounces to one address */
    REWRITE_DOMAIN,  /* "@domain": the local part is kept byte for byte */
};

struct rewrite_rule {
    enum rewrite_kind kind;
    struct slice text; /* as in the settings; the bytes are theirs */
};

struct rewrite_domain { /* a sending domain and its rule */
    struct slice domain;
    struct rewrite_rule rule;
};

struct rewrite_rules {
    struct rewrite_rule advanced;
    /* Searched one by one: hundreds, not millions. No domain twice. */
    const struct rewrite_domain *domains;
    size_t domain_count;
};

enum rewrite_source { REWRITE_BY_NONE, REWRITE_BY_ADVANCED, REWRITE_BY_SENDING_DOMAIN };

enum rewrite_result {
    REWRITE_DONE,
    REWRITE_NO_RULE,        /* all that follow: left as submitted */
    REWRITE_NULL_SENDER,    /* <> is never rewritten */
    REWRITE_TOO_LONG,       /* the result would have more than 254 octets */
    REWRITE_LOCAL_TOO_LONG, /* or a local part of more than 64 */
};

struct rewrite_outcome {
    enum rewrite_result result;
    enum rewrite_source source;  /* whose rule decided, also where it could not be applied */
    struct rewrite_rule rule;    /* that rule */
    struct slice from;           /* the effective envelope From */
    struct slice sending_domain; /* as in the settings; empty: none of them */
};

/* "none", "account@domain" or "@domain"; anything else with a sentence. */
MUST_CHECK int rewrite_rule_parse(struct slice text, struct rewrite_rule *ret_rule,
                                  struct err *err);
/* The same for the settings table. */
MUST_CHECK int rewrite_rule_check(const char *value, struct err *err);
/* Of a text that has passed the check; the rule's text is this one. */
struct rewrite_rule rewrite_rule_of(struct slice text);
/* Nothing would ever be rewritten. */
bool rewrite_is_off(const struct rewrite_rules *rules);
/* from: as submitted, empty for <>. header_domain: of the first address in the header's From, empty
 * when it has none. The sending domain is the one of that name in any letter case, else the one of
 * the envelope's domain. A new address is the rule's, or in the arena. */
struct rewrite_outcome rewrite_decide(const struct rewrite_rules *rules, struct arena *arena,
                                      struct slice from, struct slice header_domain);
/* Metric labels: "none", "advanced", "sending_domain"; "rewritten", "no_rule", "null_sender",
 * "too_long", "local_too_long". */
const char *rewrite_source_name(enum rewrite_source source);
const char *rewrite_result_name(enum rewrite_result result);
