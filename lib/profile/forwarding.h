/* SPDX-License-Identifier: Apache-2.0
 * Forwarding rules: mail for these recipients goes to other addresses instead. Pure. One hop: the
 * new address is not looked up again, so rules cannot run in circles. Not to be combined with a
 * copy of every mail (bcc, requirement S25). */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"

/* The list "forwarding_rules": {recipient, to}. */
extern const struct conf_section FORWARDING_RULES_SECTION;

struct forwarding_rule {
    struct slice local;  /* byte for byte; empty: the whole domain */
    struct slice domain; /* lower case */
    struct slice to;
};

struct forwarding_rules {
    const struct forwarding_rule *rules; /* sorted for the search; nobody twice */
    size_t count;
};

/* A deep copy, in the arena. */
struct forwarding_rules forwarding_rules_read(const struct conf *conf, struct arena *arena);
/* Where mail for this recipient goes: the rule of the address, else the one of its domain, in any
 * letter case. NULL: no rule, or none that would change the address. */
const struct forwarding_rule *forwarding_find(const struct forwarding_rules *rules,
                                              struct slice address);
