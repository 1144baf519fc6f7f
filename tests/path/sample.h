/* SPDX-License-Identifier: Apache-2.0
 * Contents to hand in, and what must have become of them on arrival. */
#pragma once

#include "path/rig.h"

/* A header and lines, dot-stuffed, some with leading dots, about that many bytes in all. The caller
 * frees it. */
struct buf sample_content(size_t bytes);
/* The same octets behind one Received field of ours, from that sender. */
void sample_check_arrival(const struct destination_mail *mail, const char *from,
                          struct slice content);
/* A report from <>, with all of these lines in it; lines is NULL-terminated. */
void sample_check_report(const struct destination_mail *mail, const char *const *lines);
/* How often the word is among the words. */
size_t sample_count(const char *words, const char *word);
