/* SPDX-License-Identifier: Apache-2.0
 * hikyaku-sender: the sender alone, on Kafka. */
#include "sender/sender.h"

int main(int argc, char **argv)
{
    const struct service_role *const roles[] = {&sender_role, NULL};
    const struct service service = {
        .name = "hikyaku-sender",
        .purpose = "takes mail from the log and delivers it to its destinations",
        .roles = roles,
    };

    return service_main(argc, argv, &service);
}
