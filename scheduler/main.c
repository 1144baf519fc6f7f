/* SPDX-License-Identifier: Apache-2.0
 * hikyaku-scheduler: the scheduler alone, on Kafka. */
#include "scheduler/scheduler.h"

int main(int argc, char **argv)
{
    const struct service_role *const roles[] = {&scheduler_role, NULL};
    const struct service service = {
        .name = "hikyaku-scheduler",
        .purpose = "keeps deferred mail in an index and returns it to the log when it is due",
        .roles = roles,
    };

    return service_main(argc, argv, &service);
}
