/* SPDX-License-Identifier: Apache-2.0
 * Filling in the one error value. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;

    err->kind = kind;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}

/* As much of text as fits behind what is there. */
static void append(struct err *err, const char *text)
{
    size_t at = strlen(err->text);
    size_t length = strnlen(text, sizeof err->text - 1 - at);

    memcpy(err->text + at, text, length);
    err->text[at + length] = '\0';
}

int err_wrap(struct err *err, const char *format, ...)
{
    char inner[sizeof err->text];
    va_list args;

    memcpy(inner, err->text, sizeof inner);
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    append(err, ": ");
    append(err, inner);
    return -1;
}
