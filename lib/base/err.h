/* SPDX-License-Identifier: Apache-2.0
 * The one error value. A fallible call returns int 0 or -1 and takes a struct err * as its last
 * parameter, on the caller's stack; outputs (ret_...) are untouched on failure. Callers decide on
 * the kind; people read the text. Remote SMTP replies are never errors (see smtp/reply.h). */
#pragma once

#define MUST_CHECK __attribute__((warn_unused_result))

enum err_kind {
    ERR_NONE,
    ERR_RETRY,    /* may work later: network, broker, DNS */
    ERR_INVALID,  /* the input is wrong and stays wrong */
    ERR_LIMIT,    /* a bound or budget was reached: memory, disk, queue */
    ERR_CLOSED,   /* the other side or we ourselves closed it */
    ERR_INTERNAL, /* none of the above: report it */
};

struct err {
    enum err_kind kind;
    char text[320]; /* one sentence, no newline */
};

/* Sets kind and text; returns -1 so that a failing function can end with `return err_set(...)`. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "prefix: " before the text, keeps the kind, returns -1. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
