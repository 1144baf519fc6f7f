/* SPDX-License-Identifier: Apache-2.0
 * Reading the configuration of this process. */
#include "service/source.h"

#include "profile/configuration.h"

int source_read(const struct source *source, const struct conf_faults *faults,
                struct conf **ret_conf)
{
    if (conf_read(source->file, source->overrides, source->sections, faults, ret_conf) != 0)
        return -1;
    if (source->service->child)
        source->service->child->adjust(*ret_conf);
    return 0;
}

int64_t source_longest_period_s(const struct conf *conf)
{
    struct configurations *configurations = configurations_new(conf);
    int64_t longest_s = configurations_longest_period_s(configurations);

    configurations_free(&configurations);
    return longest_s;
}
