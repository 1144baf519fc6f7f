/* SPDX-License-Identifier: Apache-2.0
 * hikyaku: the four services in one process, on the embedded log, with a private Redis. */
#include "bouncer/bouncer.h"
#include "hikyaku/redis_child.h"
#include "ingress/ingress.h"
#include "scheduler/scheduler.h"
#include "sender/sender.h"

int main(int argc, char **argv)
{
    const struct service_role *const roles[] = {
        &ingress_role, &scheduler_role, &sender_role, &bouncer_role, NULL,
    };
    const struct service service = {
        .name = "hikyaku",
        .purpose = "an outbound SMTP relay in one process",
        .roles = roles,
        .child = &REDIS_CHILD,
    };

    return service_main(argc, argv, &service);
}
