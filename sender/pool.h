/* SPDX-License-Identifier: Apache-2.0
 * The connection pool (requirements S19..S22, rule C17 of docs/smtp.md): idle connections by
 * configuration, address, port, whether they avoid TLS, source address, proxy and EHLO name; the
 * TLS policy is the same for all. Each configuration has its own count, least recently used one and
 * timeout; a connection also goes when the peer says anything. */
#pragma once

#include "profile/configuration.h"
#include "sender/connection.h"
#include "service/metrics.h"

struct pool;

/* metrics and groups outlive it. */
struct pool *pool_new(struct loop *loop, const struct sender_settings *settings, struct tls *tls,
                      struct metrics *metrics, const struct dest_groups *groups);
/* Before the first connection, and again when the settings are new: `pool.count` and
 * `pool.timeout_s` of each configuration. Copied. The connections of a configuration that is gone
 * are closed; those that are busy come back to the one called "default". */
void pool_set_limits(struct pool *pool, const struct configurations *configurations);
/* Drops every connection, busy ones too; no callbacks. NULL accepted, NULL set. */
void pool_free(struct pool **pool);

/* The most recently used idle connection from and to there, now the taker's (READY: it must be sent
 * on, put back or closed before control returns to the loop); NULL: none. */
struct connection *pool_take(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner);
/* A new connection. */
struct connection *pool_open(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner);
/* From READY; worn ones are closed. */
void pool_put(struct pool *pool, struct connection *connection);
/* Deadlines of busy connections; every second. */
void pool_tick(struct pool *pool);
/* QUIT to all idle ones, and from now on to every one that is put back. */
void pool_drain(struct pool *pool);
/* Gauges. */
void pool_measure(const struct pool *pool);

size_t pool_idle_count(const struct pool *pool);
/* Any connection that is not gone yet. */
size_t pool_count(const struct pool *pool);
/* C18: TLS with that address failed within the last hour. */
bool pool_is_tls_broken(const struct pool *pool, const struct net_address *address);
void pool_note_tls_broken(struct pool *pool, const struct net_address *address);
