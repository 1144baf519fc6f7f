/* SPDX-License-Identifier: Apache-2.0
 * What a back end does with fetches that wait together. Pure. */
#pragma once

#include "bus/bus.h"

/* By topic, partition and first offset: neighbours come to lie side by side. */
void bus_fetches_sort(struct list *fetches);
