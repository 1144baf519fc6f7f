/* SPDX-License-Identifier: Apache-2.0
 * The copy's route. */
#include "ingress/bcc.h"

void bcc_route(struct arena *arena, struct record_work *work, const struct bcc_settings *bcc)
{
    if (bcc->host.len == 0)
        return;
    work->copy = (struct record_copy){.host = arena_copy(arena, bcc->host), .port = bcc->port};
    work->destination = SLICE_NONE;
    work->parcel_id = work->envelope.mail_id;
}
