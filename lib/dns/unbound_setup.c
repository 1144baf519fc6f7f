/* SPDX-License-Identifier: Apache-2.0
 * Setting up libunbound: small caches, no /etc/hosts, no /etc/resolv.conf, nothing on stderr. */
#include "dns/unbound_setup.h"

#include <unbound.h>

#include "base/assert.h"

struct option {
    const char *name, *value;
};

/* Enough for some ten thousand destinations; an answer is only needed until its mail is sent. */
static const struct option OPTIONS[] = {
    {"msg-cache-size:", "1m"},           {"rrset-cache-size:", "2m"}, {"key-cache-size:", "1m"},
    {"neg-cache-size:", "512k"},         {"outgoing-range:", "256"},  {"outgoing-num-tcp:", "16"},
    {"num-queries-per-thread:", "1024"},
};

static int apply(int status, const char *what, const char *value, struct err *err)
{
    if (status == 0)
        return 0;
    return err_set(err, ERR_INVALID, "DNS: %s \"%s\": %s", what, value, ub_strerror(status));
}

static int set_option(struct ub_ctx *unbound, const char *name, const char *value, struct err *err)
{
    return apply(ub_ctx_set_option(unbound, name, value), name, value, err);
}

static bool is_any(const char *const *list)
{
    return list && list[0];
}

static int add_forwarders(struct ub_ctx *unbound, const char *const *forwarders, struct err *err)
{
    for (; is_any(forwarders); forwarders++)
        if (apply(ub_ctx_set_fwd(unbound, *forwarders), "forwarder", *forwarders, err) < 0)
            return -1;
    return 0;
}

static int add_stub(struct ub_ctx *unbound, const char *stub, struct err *err)
{
    size_t split = strcspn(stub, " ");
    char zone[256];

    if (split == 0 || split >= sizeof zone || stub[split] == '\0')
        return err_set(err, ERR_INVALID, "DNS: stub zone \"%s\" is not \"zone ip@port\"", stub);
    memcpy(zone, stub, split);
    zone[split] = '\0';
    const char *server = stub + split + strspn(stub + split, " ");
    return apply(ub_ctx_set_stub(unbound, zone, server, 0), "stub zone", stub, err);
}

static int add_stubs(struct ub_ctx *unbound, const char *const *stubs, struct err *err)
{
    for (; is_any(stubs); stubs++)
        if (add_stub(unbound, *stubs, err) < 0)
            return -1;
    return 0;
}

/* libunbound answers test. (RFC 6761) by itself, which would hide zones under it. This completes
 * the set-up: no option may follow. */
static int ask_for_test_zones(struct ub_ctx *unbound, struct err *err)
{
    return apply(ub_ctx_zone_add(unbound, "test.", "transparent"), "zone", "test.", err);
}

static int configure(struct ub_ctx *unbound, const struct dns_settings *settings, struct err *err)
{
    bool has_own_servers = is_any(settings->forwarders) || is_any(settings->stub_zones);

    ub_ctx_debugout(unbound, NULL);
    for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++)
        if (set_option(unbound, OPTIONS[i].name, OPTIONS[i].value, err) < 0)
            return -1;
    /* The operator's server may be on loopback; one that a stranger's delegation names may not. */
    if (set_option(unbound, "do-not-query-localhost:", has_own_servers ? "no" : "yes", err) < 0 ||
        add_forwarders(unbound, settings->forwarders, err) < 0 ||
        add_stubs(unbound, settings->stub_zones, err) < 0)
        return -1;
    const char *anchor = settings->trust_anchor_file;
    if (anchor && apply(ub_ctx_add_ta_file(unbound, anchor), "trust anchor file", anchor, err) < 0)
        return -1;
    if (apply(ub_ctx_async(unbound, 1), "threads", "on", err) < 0)
        return -1;
    return has_own_servers ? ask_for_test_zones(unbound, err) : 0;
}

int unbound_setup(const struct dns_settings *settings, struct ub_ctx **ret_unbound, struct err *err)
{
    struct ub_ctx *unbound = ub_ctx_create();

    if (!unbound)
        return err_set(err, ERR_INTERNAL, "DNS: libunbound does not start");
    if (configure(unbound, settings, err) < 0) {
        ub_ctx_delete(unbound);
        return -1;
    }
    *ret_unbound = unbound;
    return 0;
}
