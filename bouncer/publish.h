/* SPDX-License-Identifier: Apache-2.0
 * A report becomes a mail of its own on the log: chunks where it is long, then one work record with
 * MAIL FROM:<>. Its id is derived from what it reports, so a repeat after a crash is recognised. */
#pragma once

#include "base/id.h"
#include "bus/body.h"
#include "proto/record.h"
#include "proto/settings.h"

/* Of a report about these recipients of that failure, to target. */
void publish_report_id(const struct record_failure *failure, const struct record_rcpt *const *rcpts,
                       size_t count, struct slice target, char out[ID_LEN + 1]);

/* Embedded in its owner; alive until on_published. */
struct publication {
    /* Exactly once. ok: the report is durable. kind, when not: of the first refusal. */
    void (*on_published)(void *owner, struct publication *publication, bool is_ok,
                         enum err_kind kind);
    void *owner;
    /* its own */
    struct bus *bus;
    const struct work_settings *settings;
    struct record_work work;
    struct slice body;      /* dot-stuffed */
    struct bus_body chunks; /* of a long report */
    bool has_failed;
    enum err_kind kind;
    struct bus_ticket ticket;
};

struct publish_mail {
    struct slice id, target;
    const struct record_envelope *original; /* of the failed mail */
    int64_t now_ms;
    struct slice lines; /* the report, not dot-stuffed; read during the call only */
};

/* Makes the work record; what it holds lives in the arena. settings outlive the publication. */
void publish_prepare(struct publication *publication, struct arena *arena,
                     const struct work_settings *settings, const struct publish_mail *mail);
/* bus_is_ready; on_published and owner are set. May be called again after it failed: all is
 * published anew, with the same ids. */
void publish_start(struct publication *publication, struct bus *bus);
