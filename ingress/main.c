/* SPDX-License-Identifier: Apache-2.0
 * hikyaku-ingress: the ingress alone, on Kafka. */
#include "ingress/ingress.h"

int main(int argc, char **argv)
{
    const struct service_role *const roles[] = {&ingress_role, NULL};
    const struct service service = {
        .name = "hikyaku-ingress",
        .purpose = "the SMTP front: accepts mail from clients and puts it into the log",
        .roles = roles,
    };

    return service_main(argc, argv, &service);
}
