/* SPDX-License-Identifier: Apache-2.0
 * One GET of /metrics, blocking, for hikyakuctl. HTTP/1.0 without keeping the connection: the body
 * is what comes until the end. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* address: "host:port" or "[ipv6]:port". Appends the body to out. ERR_INVALID: not an address;
 * ERR_RETRY: the node does not answer, or not with 200. */
MUST_CHECK int metrics_fetch(const char *address, struct buf *out, struct err *err);
