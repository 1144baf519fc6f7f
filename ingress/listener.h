/* SPDX-License-Identifier: Apache-2.0
 * A listener of the ingress: its socket, its TLS, its allowed networks, its sessions. */
#pragma once

#include "ingress/role.h"

struct ingress_client {
    struct net_address address; /* what the proxy named, where there is one before us */
    struct net_address local;   /* what the client connected to */
    bool is_named;              /* false: the address is a proxy's that could not name its client */
};

struct ingress_listener {
    struct list_node node; /* ingress->listeners */
    struct ingress *ingress;
    const struct listener_settings *settings;
    struct listener *socket;
    struct tls *tls; /* NULL: none */
    struct arena *arena;
    struct net_networks networks, proxies; /* in the arena; proxies: trusted to name clients */
    struct smtp_server_settings smtp;
    struct list sessions; /* struct session */
    struct list arrivals; /* struct arrival: no session yet */
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
/* A connection whose client is known: a session, or a refusal. */
void ingress_listener_admit(struct ingress_listener *listener, struct stream *stream,
                            const struct ingress_client *client);
/* Whether a client is in the networks of this listener. Who has no name is in none. */
bool ingress_listener_knows(const struct ingress_listener *listener,
                            const struct ingress_client *client);
/* No further connections, nor those that have yet to say who they are. */
void ingress_listener_stop(struct ingress_listener *listener);
/* All sessions have ended. NULL accepted, NULL set. */
void ingress_listener_free(struct ingress_listener **listener);
