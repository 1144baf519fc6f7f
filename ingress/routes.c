/* SPDX-License-Identifier: Apache-2.0
 * Parcel or fanout. */
#include "ingress/routes.h"

#include "smtp/params.h"

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

/* A parcel where they share one and are few enough, else a fanout. */
static void choose_destination(struct arena *arena, struct record_work *work)
{
    struct slice mail_id = work->envelope.mail_id;

    work->destination =
        work->rcpt_count <= RECORD_RCPTS_MAX ? shared_destination(arena, work) : SLICE_NONE;
    work->parcel_id =
        work->destination.len ? arena_printf(arena, "%.*s-0", SLICE_ARGS(mail_id)) : mail_id;
}

void routes_apply(struct arena *arena, struct record_work *work, const struct smtp_rcpt *rcpts,
                  size_t count, const char *hostname)
{
    work->rcpts = arena_alloc(arena, count * sizeof *work->rcpts);
    work->rcpt_count = count;
    for (size_t i = 0; i < count; i++)
        work->rcpts[i] = rcpt_of(arena, &rcpts[i], i, hostname);
    choose_destination(arena, work);
}

/* Empty where it would be longer than the parameter may be. */
static struct slice orcpt_of(struct arena *arena, struct slice address)
{
    struct buf text = {0};
    struct slice orcpt = SLICE_NONE;

    buf_add_str(&text, "rfc822;");
    smtp_xtext_encode(&text, address);
    if (text.len <= RECORD_ORCPT_MAX)
        orcpt = arena_copy(arena, buf_slice(&text));
    buf_free(&text);
    return orcpt;
}

void routes_forward(struct arena *arena, struct record_work *work,
                    const struct forwarding_rules *rules)
{
    bool is_changed = false;

    for (size_t i = 0; i < work->rcpt_count; i++) {
        struct record_rcpt *rcpt = &work->rcpts[i];
        const struct forwarding_rule *rule = forwarding_find(rules, rcpt->address);
        if (!rule)
            continue;
        if (rcpt->orcpt.len == 0)
            rcpt->orcpt = orcpt_of(arena, rcpt->address);
        rcpt->address = arena_copy(arena, rule->to);
        is_changed = true;
    }
    if (is_changed)
        choose_destination(arena, work);
}
