/* SPDX-License-Identifier: Apache-2.0
 * Filling in the one error value. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const KIND_NAMES[] = {"none", "retry", "invalid", "limit", "closed", "internal"};

int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;

    err->kind = kind;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
    char inner[sizeof err->text];
    va_list args;

    memcpy(inner, err->text, sizeof inner);
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof err->text)
        (void)snprintf(err->text + length, sizeof err->text - (size_t)length, ": %s", inner);
    return -1;
}

const char *err_kind_name(enum err_kind kind)
{
    return KIND_NAMES[kind];
}
