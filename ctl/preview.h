/* SPDX-License-Identifier: Apache-2.0
 * A sub-verb of `hikyakuctl preview`: one row in preview.c, one file preview_<name>.c. It shows
 * what the settings would do and does nothing. */
#pragma once

#include "ctl/verb.h"

struct preview {
    const char *name;
    enum ctl_exit (*run)(const struct arguments *arguments);
};

extern const struct preview PREVIEW_BOUNCE, PREVIEW_FROM, PREVIEW_RECEIVED, PREVIEW_RETRY;
