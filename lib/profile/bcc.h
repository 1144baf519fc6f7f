/* SPDX-License-Identifier: Apache-2.0
 * BCC forwarding (requirements S23..S25): where a copy of every accepted mail goes. Pure. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define BCC_HOST_MAX 255

struct bcc_settings {
    struct slice host; /* a host name or an IP address; empty: no copies */
    uint16_t port;     /* 25 by default */
};

/* For the settings table: a host name, an IPv4 or an IPv6 address (no brackets), or nothing. */
MUST_CHECK int bcc_check_host(const char *host, struct err *err);
