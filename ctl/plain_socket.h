/* SPDX-License-Identifier: Apache-2.0
 * A blocking connection by name, for the verbs of hikyakuctl that speak to one service. */
#pragma once

#include "base/err.h"

/* The longest silence of a peer; recv and send fail then. */
#define PLAIN_SOCKET_SILENT_S 5

/* address: "host:port" or "[ipv6]:port"; all its addresses are tried in turn. A connected socket,
 * the caller's to close; -1. ERR_INVALID: not an address, or an unknown name; ERR_RETRY: nobody
 * answers. */
MUST_CHECK int plain_socket_open(const char *address, struct err *err);
