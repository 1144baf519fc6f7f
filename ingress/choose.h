/* SPDX-License-Identifier: Apache-2.0
 * Which configuration a mail belongs to (requirement S1): the one that names its listener; else the
 * one that names its user; else the first with a network that has its client; else the one that
 * its listener falls back to. Pure. */
#pragma once

#include "base/net_address.h"
#include "profile/configuration.h"

struct choose_origin { /* where a mail comes from */
    const char *listener;
    const char *fallback;             /* setting `configuration` of the listener */
    struct slice user;                /* empty: not authenticated */
    const struct net_address *client; /* NULL: its proxy does not name it */
};

/* As long as the configurations. */
const struct configuration *choose_configuration(const struct configurations *configurations,
                                                 const struct choose_origin *origin);
