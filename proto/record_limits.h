/* SPDX-License-Identifier: Apache-2.0
 * The bounds of records: what decoding accepts, and so what every service may rely on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RECORD_RCPTS_MAX        100  /* of a parcel */
#define RECORD_FANOUT_RCPTS_MAX 1000 /* of a mail */
/* Holds the largest fanout: RECORD_FANOUT_RCPTS_MAX recipients, each with the longest ORCPT. A body
 * of up to 128 KiB still fits behind it into one record of the log. */
#define RECORD_HEADER_MAX_BYTES ((size_t)800 * 1024)

/* Lengths in bytes that decoding accepts. Encoding shortens the two that are only read by people
 * (reply text and reason); the others are bounded where they enter (lib/smtp, ingress). */
#define RECORD_ID_MAX          64
#define RECORD_ADDRESS_MAX     320
#define RECORD_NAME_MAX        255                   /* domains, hosts, names of settings */
#define RECORD_DESTINATION_MAX (RECORD_NAME_MAX + 6) /* of a copy: with ":" and the port */
#define RECORD_ORCPT_MAX       500                   /* RFC 3461 4.2 */
#define RECORD_ENVID_MAX       100                   /* RFC 3461 4.4 */
#define RECORD_FIELD_MAX       998                   /* a header line: Message-ID */
#define RECORD_TEXT_MAX        2048                  /* reply text, reason */
#define RECORD_TRACE_MAX       16384
#define RECORD_CHUNKS_MAX      65536 /* of a body */

#define RECORD_TIME_MAX_MS ((int64_t)253402300799999) /* 9999-12-31: what events can write */
