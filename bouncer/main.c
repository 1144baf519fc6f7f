/* SPDX-License-Identifier: Apache-2.0
 * hikyaku-bouncer: the bouncer alone, on Kafka. */
#include "bouncer/bouncer.h"

int main(int argc, char **argv)
{
    const struct service_role *const roles[] = {&bouncer_role, NULL};
    const struct service service = {
        .name = "hikyaku-bouncer",
        .purpose = "reports mail that cannot be delivered to its sender",
        .roles = roles,
    };

    return service_main(argc, argv, &service);
}
