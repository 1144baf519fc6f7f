/* SPDX-License-Identifier: Apache-2.0
 * `hikyakuctl audit --follow`: the audit as a service, with the ops port, log lines and signals of
 * every service. It is ready when it has read the log to its end once, and stays so while Kafka is
 * away: hikyaku_audit_behind_seconds grows then. */
#pragma once

#include "service/service.h"

/* Of a cluster, or beside the single binary. */
const struct service *auditor_service(bool is_embedded);
