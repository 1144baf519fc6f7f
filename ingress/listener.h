/* SPDX-License-Identifier: Apache-2.0
 * A listener of the ingress: its socket, its TLS, its allowed networks, its sessions. */
#pragma once

#include "ingress/role.h"

struct ingress_listener {
    struct list_node node; /* ingress->listeners */
    struct ingress *ingress;
    const struct listener_settings *settings;
    struct listener *socket;
    struct tls *tls; /* NULL: none */
    struct net_network *networks;
    size_t network_count;
    struct smtp_server_settings smtp;
    struct list sessions; /* struct session */
    struct metric_cell *connections, *accepted, *recipients, *mails_accepted;
};

/* Binds and begins to accept. The err names the address, or the certificate file. */
MUST_CHECK int ingress_listener_new(struct ingress *ingress,
                                    const struct listener_settings *settings, struct err *err);
/* Reads the certificate's files again: for handshakes from now on. -1: it keeps what it has. */
MUST_CHECK int ingress_listener_reload(struct ingress_listener *listener, struct err *err);
/* Whether that would do. Any thread. */
MUST_CHECK int ingress_listener_check_files(const struct listener_settings *settings,
                                            struct err *err);
/* Whether a client is in the networks of this listener. */
bool ingress_listener_knows(const struct ingress_listener *listener,
                            const struct net_address *peer);
/* No further connections. */
void ingress_listener_stop(struct ingress_listener *listener);
/* All sessions have ended. NULL accepted, NULL set. */
void ingress_listener_free(struct ingress_listener **listener);
