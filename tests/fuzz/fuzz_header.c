/* SPDX-License-Identifier: Apache-2.0
 * Header walk: fields and the empty line make up the block, without a gap; and any value is looked
 * through for an address. */
#include "fuzz/fuzz.h"
#include "mail/header.h"
#include "mail/originator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice mail = slice_of(data, size), block = header_block(mail), rest = block;
    struct header_field field;
    size_t total = 0;
    char room[MAIL_DOMAIN_MAX];

    while (header_next(&rest, &field)) {
        struct slice domain = originator_domain(field.value, room);
        ASSERT(domain.len == 0 || mail_domain_is_valid(domain));
        ASSERT(field.whole.at == mail.at + total && field.name.len > 0);
        ASSERT(field.name.len + 1 + field.value.len <= field.whole.len);
        ASSERT(header_count(block, field.name) >= 1);
        total += field.whole.len;
        if (total > 65536)
            return 0; /* the count above is quadratic */
    }
    ASSERT(total + rest.len == block.len);
    ASSERT(rest.len == 0 || slice_eq(rest, SLICE("\r\n")));
    return 0;
}
