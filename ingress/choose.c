/* SPDX-License-Identifier: Apache-2.0
 * The order of preference. Letter case counts, as it does when a user authenticates. Searched one
 * by one for each mail: dozens of names, not thousands. */
#include "ingress/choose.h"

static bool names(const char *const *texts, struct slice name)
{
    for (; name.len && *texts; texts++)
        if (slice_eq(slice_str(*texts), name))
            return true;
    return false;
}

static bool claims_listener(const struct configuration *configuration,
                            const struct choose_origin *origin)
{
    return names(configuration->listeners, slice_str(origin->listener));
}

static bool claims_user(const struct configuration *configuration,
                        const struct choose_origin *origin)
{
    return names(configuration->users, origin->user);
}

static bool claims_network(const struct configuration *configuration,
                           const struct choose_origin *origin)
{
    return origin->client && net_networks_have(&configuration->networks, origin->client);
}

const struct configuration *choose_configuration(const struct configurations *configurations,
                                                 const struct choose_origin *origin)
{
    static bool (*const CLAIMS[])(const struct configuration *, const struct choose_origin *) = {
        claims_listener, claims_user, claims_network};
    size_t count = configurations_count(configurations);

    for (size_t claim = 0; claim < sizeof CLAIMS / sizeof *CLAIMS; claim++)
        for (size_t i = 0; i < count; i++)
            if (CLAIMS[claim](configurations_at(configurations, i), origin))
                return configurations_at(configurations, i);
    return configurations_find(configurations, slice_str(origin->fallback));
}
