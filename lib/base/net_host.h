/* SPDX-License-Identifier: Apache-2.0
 * Where a server of our own is, as settings have it: "host:port". Values; no name lookups. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define NET_HOST_MAX 253 /* octets of a name */

/* "name:port", "192.0.2.1:port" or "[2001:db8::1]:port", the port not 0. An IPv6 address has its
 * brackets taken off. */
MUST_CHECK int net_host_split(struct slice text, struct slice *ret_host, uint16_t *ret_port,
                              struct err *err);
