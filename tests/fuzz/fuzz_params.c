/* SPDX-License-Identifier: Apache-2.0
 * MAIL and RCPT parameters: what is accepted can be sent on as it is. */
#include "fuzz/fuzz.h"
#include "smtp/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct smtp_from from = {0};
    struct smtp_rcpt rcpt = {0};
    struct buf decoded = {0};

    if (smtp_params_mail(text, true, &from).code == 0 && from.envid.len) {
        ASSERT(from.envid.len <= SMTP_ENVID_MAX && smtp_xtext_is_valid(from.envid));
        smtp_xtext_decode(&decoded, from.envid);
        ASSERT(decoded.len > 0 && decoded.len <= from.envid.len);
    }
    if (smtp_params_rcpt(text, true, &rcpt).code == 0) {
        ASSERT(rcpt.orcpt.len == 0 || smtp_orcpt_is_valid(rcpt.orcpt));
        ASSERT(!(rcpt.notify & SMTP_NOTIFY_NEVER) || rcpt.notify == SMTP_NOTIFY_NEVER);
    }
    buf_free(&decoded);
    return 0;
}
