/* SPDX-License-Identifier: Apache-2.0
 * A real name server (NSD) with one zone, on a free port of loopback, in a private folder. It ends
 * with nsd_stop, and with the test program if that comes first. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct nsd {
    pid_t pid;
    uint16_t port;
    char folder[64];
};

/* Fails the test when it does not answer. */
void nsd_start(struct nsd *nsd, const char *zone, const char *records);
void nsd_stop(struct nsd *nsd);
/* A UDP and TCP port of loopback that nobody uses at the moment. */
uint16_t nsd_free_port(void);
