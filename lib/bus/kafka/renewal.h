/* SPDX-License-Identifier: Apache-2.0
 * Secrets that change under a running process. A new SASL login is given to the handles there are;
 * a new certificate or CA needs new handles, since librdkafka 2.0 reads them only once: the
 * producer changes its handle between two records, consumers leave and join again. */
#pragma once

#include "kafka.h"

/* The hub's thread: checks what the files say now, and rings the bell of every bus. */
MUST_CHECK int renewal_start(struct bus_hub *hub, struct err *err);
/* From now on the bus hears of renewals; called before its first handle is made. */
void renewal_join(struct bus *bus);
void renewal_leave(struct bus *bus);
