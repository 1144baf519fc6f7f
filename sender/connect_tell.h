/* SPDX-License-Identifier: Apache-2.0
 * What people get to see of new connections: figures by destination group, and of TLS. */
#pragma once

#include "sender/connection.h"
#include "sender/role.h"

/* Hello is through for the first time. */
void connect_tell_ready(const struct sender *sender, const struct connection *connection);
/* It cannot be used; no mail was under way. */
void connect_tell_failed(const struct sender *sender, const struct connection *connection,
                         const struct connection_trouble *trouble);
