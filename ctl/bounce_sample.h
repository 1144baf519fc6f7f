/* SPDX-License-Identifier: Apache-2.0
 * Failures of the common kinds, for bounces that are shown before there is one. What a reply means
 * is the sender's answer (sender/verdict.h), not this file's. */
#pragma once

#include "base/arena.h"
#include "profile/configuration.h"
#include "proto/record.h"

#define BOUNCE_SAMPLE_RCPT "user1@dest.example.com"

struct bounce_sample;

/* "unknown-user", ...; NULL past the last. */
const char *bounce_sample_name(size_t i);
/* NULL: there is none of that name. */
const struct bounce_sample *bounce_sample_find(const char *name);
/* As the sender would record it at now_ms, about a mail from `sender` with that content. */
struct record_failure *bounce_sample_failure(const struct bounce_sample *sample,
                                             struct arena *arena,
                                             const struct configuration *configuration,
                                             struct slice sender, int64_t now_ms);
/* The mail it is about, not dot-stuffed. */
struct slice bounce_sample_original(struct arena *arena, struct slice sender);
