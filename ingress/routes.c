/* SPDX-License-Identifier: Apache-2.0
 * Parcel or fanout. */
#include "ingress/routes.h"

static struct record_rcpt rcpt_of(struct arena *arena, const struct smtp_rcpt *rcpt, size_t index,
                                  const char *hostname)
{
    struct slice address = slice_find(rcpt->address, '@') < rcpt->address.len
                               ? arena_copy(arena, rcpt->address)
                               : arena_printf(arena, "postmaster@%s", hostname);

    return (struct record_rcpt){
        .index = (uint32_t)index,
        .address = address,
        .notify = rcpt->notify,
        .orcpt = arena_copy(arena, rcpt->orcpt),
    };
}

/* The destination all recipients share, or "". */
static struct slice shared_destination(struct arena *arena, const struct record_work *work)
{
    struct slice first = record_destination(arena, work->rcpts[0].address);

    for (size_t i = 1; i < work->rcpt_count; i++) {
        struct slice address = work->rcpts[i].address;
        struct slice domain = slice_skip(address, slice_rfind(address, '@') + 1);
        if (!slice_eq_nocase(domain, first))
            return SLICE_NONE;
    }
    return first;
}

void routes_apply(struct arena *arena, struct record_work *work, const struct smtp_rcpt *rcpts,
                  size_t count, const char *hostname)
{
    struct slice mail_id = work->envelope.mail_id;

    work->rcpts = arena_alloc(arena, count * sizeof *work->rcpts);
    work->rcpt_count = count;
    for (size_t i = 0; i < count; i++)
        work->rcpts[i] = rcpt_of(arena, &rcpts[i], i, hostname);
    work->destination = count <= RECORD_RCPTS_MAX ? shared_destination(arena, work) : SLICE_NONE;
    work->parcel_id =
        work->destination.len ? arena_printf(arena, "%.*s-0", SLICE_ARGS(mail_id)) : mail_id;
}
