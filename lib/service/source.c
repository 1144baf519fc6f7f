/* SPDX-License-Identifier: Apache-2.0
 * Reading the configuration of this process. */
#include "service/source.h"

#include <string.h>

#include "net/crypto.h"
#include "profile/configuration.h"

#define SHA256_BYTES   32
#define REVISION_BYTES 6

int source_read(const struct source *source, const struct conf_faults *faults,
                struct conf **ret_conf)
{
    if (conf_read(source->file, source->overrides, source->sections, faults, ret_conf) != 0)
        return -1;
    if (source->service->child)
        source->service->child->adjust(*ret_conf);
    return 0;
}

int64_t source_revision(const struct conf *conf)
{
    uint8_t digest[SHA256_BYTES];
    int64_t revision = 0;

    crypto_sha256(conf_text(conf), digest);
    for (size_t i = 0; i < REVISION_BYTES; i++)
        revision = revision << 8 | digest[i];
    return revision;
}

const char *source_name(const struct source *source)
{
    const char *slash = strrchr(source->file, '/');

    return slash ? slash + 1 : source->file;
}

int64_t source_longest_period_s(const struct conf *conf)
{
    struct configurations *configurations = configurations_new(conf);
    int64_t longest_s = configurations_longest_period_s(configurations);

    configurations_free(&configurations);
    return longest_s;
}
