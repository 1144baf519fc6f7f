/* SPDX-License-Identifier: Apache-2.0
 * Server configurations: named groups of the settings S1..S40, the list "configurations" of the
 * file. Pure values; a mail belongs to one of them by name, from its intake on. */
#pragma once

#include "base/net_address.h"
#include "conf/conf.h"
#include "profile/bcc.h"
#include "profile/forward.h"
#include "profile/forwarding.h"
#include "profile/retry.h"
#include "profile/rewrite.h"
#include "profile/source_pools.h"

#define CONFIGURATION_NAME_MAX 64
#define CONFIGURATION_DEFAULT                                                                      \
    "default" /* always there, with the defaults where the file has none */

enum bounce_format { BOUNCE_MULTIPART, BOUNCE_SIMPLE };

/* What our hop does to the header (S4..S9); the work is done in ingress/received.c. */
enum received_mode {
    RECEIVED_ABBREVIATED, /* a field without the client's address */
    RECEIVED_NORMAL,      /* a field with the addresses of both ends */
    RECEIVED_NONE,        /* no field; those of others stay */
    RECEIVED_REMOVE_ALL,  /* no field; those of others are deleted */
    RECEIVED_MODES,
};
extern const char *const RECEIVED_MODE_NAMES[]; /* NULL-terminated, in the order of the enum */

struct configuration {
    struct slice name;
    /* Who it is for: names of listeners, of users (NULL-terminated), networks. */
    const char *const *listeners, *const *users;
    struct net_networks networks;
    enum received_mode received;
    struct retry_settings retry;
    int64_t pool_count, pool_timeout_s;    /* S20, S21 */
    const struct source_pool *source_pool; /* NULL: the one called "default" */
    struct bcc_settings bcc;               /* S23, S24 */
    enum bounce_format bounce_format;
    struct rewrite_rules rewrite; /* its own rule is `advanced`; the domains are those of all */
    bool forward_bounces;         /* S38 */
};

/* Whoever reads it reads SENDING_DOMAINS_SECTION and BOUNCES_SECTION (profile/domains.h) and
 * FORWARDING_RULES_SECTION (profile/forwarding.h) and SOURCE_POOLS_SECTION, too. */
extern const struct conf_section CONFIGURATIONS_SECTION;
/* Of a name that is a label of metrics and a word in logs. */
MUST_CHECK int configuration_name_check(const char *value, struct err *err);

/* All of them and what they share (sending domains, domains that receive bounces, forwarding
 * rules, source pools): a deep copy, independent of the conf it was read from, so that it can be
 * replaced when the file is read again. */
struct configurations;

struct configurations *configurations_new(const struct conf *conf);
void configurations_free(struct configurations **configurations);
/* By name; the one called "default" for a name that is not there (any more). Never NULL. */
const struct configuration *configurations_find(const struct configurations *configurations,
                                                struct slice name);
size_t configurations_count(const struct configurations *configurations);
const struct configuration *configurations_at(const struct configurations *configurations,
                                              size_t i);
/* Of all of them: what the log has to keep mail for. */
int64_t configurations_longest_period_s(const struct configurations *configurations);
/* What all of them share; both live as long as the configurations. */
const struct forwarding_rules *
configurations_forwarding_rules(const struct configurations *configurations);
struct forward_settings configurations_forward(const struct configurations *configurations,
                                               const struct configuration *configuration);
/* "default", or one that conf has: for a check_among of a setting that names one. */
bool configurations_has(const struct conf *conf, const char *name);
