/* SPDX-License-Identifier: Apache-2.0
 * One setting: from a libconfig node into the member of a struct, and back into text. Not for other
 * folders. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "conf/tree.h"

/* The error: what was given and what is allowed, without the setting's name. Strings are copied
 * into the arena. */
MUST_CHECK int conf_value_read(const config_setting_t *node, const struct conf_setting *setting,
                               struct arena *arena, void *values, struct err *err);
/* The table's default (setting->fallback is not NULL). */
MUST_CHECK int conf_value_default(const struct conf_setting *setting, struct arena *arena,
                                  void *values, struct err *err);
/* The value as a file would say it. */
void conf_value_print(const struct conf_setting *setting, const void *values, struct buf *out);
/* Whether no output may show it. */
bool conf_value_is_secret(const struct conf_setting *setting);
/* "an integer from 1 to 600 (s)". */
void conf_value_allowed(const struct conf_setting *setting, struct buf *out);
/* "10 MiB", "64KiB", "100": false when it is none, or does not fit. */
bool conf_size_parse(struct slice text, int64_t *ret_bytes);
/* A quoted string in libconfig's syntax. */
void conf_quote(const char *text, struct buf *out);
