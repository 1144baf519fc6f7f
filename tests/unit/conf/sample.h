/* SPDX-License-Identifier: Apache-2.0
 * A private file, two sections with every type, and a place that gathers faults. */
#pragma once

#include "base/buf.h"
#include "conf/conf.h"
#include "unit/base/private_file.h"

struct sample_values {
    bool flag;
    int64_t port, size_bytes, word;
    const char *name, *password;
    const char *const *hosts;
};

struct sample_element {
    const char *label;
    int64_t port;
    int64_t wait_s, tries; /* in a nested group */
};

extern const struct conf_section SAMPLE_PLAIN, SAMPLE_LIST;
/* The two above and a foreign one, "elsewhere". */
extern const struct conf_section *const SAMPLE_SECTIONS[];

struct sample {
    char file[PRIVATE_FILE_PATH];
    struct buf faults; /* one per line, without the file's name where it begins with it */
    struct conf *conf; /* NULL after faults */
};

/* Writes the file, reads it with the overrides (NULL: none). */
void sample_read(struct sample *sample, const char *text, const char *const *overrides);
/* The same, and expects these faults. */
void sample_expect_faults(const char *text, const char *const *overrides, const char *faults);
void sample_free(struct sample *sample);
