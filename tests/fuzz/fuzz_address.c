/* SPDX-License-Identifier: Apache-2.0
 * Mailbox grammar: what is accepted holds nothing that could leave its brackets, and reads back. */
#include "fuzz/fuzz.h"
#include "mail/address.h"

static void check(struct mail_address address)
{
    struct mail_address again;
    const char *why;

    ASSERT(address.text.len + 2 <= MAIL_PATH_MAX);
    ASSERT(address.local.len <= MAIL_LOCAL_MAX && address.domain.len <= MAIL_DOMAIN_MAX);
    for (size_t i = 0; i < address.text.len; i++)
        ASSERT((unsigned char)address.text.at[i] >= ' ' && address.text.at[i] != 0x7f);
    if (address.domain.len == 0)
        return;
    ASSERT(mail_address_parse(address.text, true, &again, &why));
    ASSERT(slice_eq(again.local, address.local) && slice_eq(again.domain, address.domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size), rest = text;
    struct mail_address address;
    const char *why = NULL;

    if (size == 0)
        return 0;
    bool utf8 = data[0] & 1;
    if (mail_path_parse(&rest, true, true, utf8, &address, &why))
        check(address);
    else
        ASSERT(why && rest.len == text.len);
    if (mail_address_parse(text, utf8, &address, &why))
        check(address);
    return 0;
}
