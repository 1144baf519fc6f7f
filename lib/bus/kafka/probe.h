/* SPDX-License-Identifier: Apache-2.0
 * Is the log usable now? Asks for the metadata of our topics again and again, seldom while all is
 * well and several times a second while it is not, and runs the retention guard. */
#pragma once

#include "kafka.h"

struct probe;

struct probe *probe_new(struct bus *bus);
/* NULL accepted, NULL set. */
void probe_free(struct probe **probe);
/* See bus_is_ready. */
bool probe_is_ready(const struct probe *probe, const char **ret_why);

/* From the producer: no broker is connected; a record failed, so look soon; the topics'
 * configurations have arrived. */
void probe_on_disconnected(struct probe *probe);
void probe_hurry(struct probe *probe);
void probe_on_configs(struct probe *probe, rd_kafka_event_t *event);
