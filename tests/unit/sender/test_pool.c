/* SPDX-License-Identifier: Apache-2.0
 * Which connection a mail gets, and when idle ones go (S19..S22, C17); against a destination on
 * loopback. */
#include "unit/net/cases.h"

#include "profile/domains.h"
#include "sender/pool.h"
#include "unit/sender/sink.h"

struct fixture {
    struct loop *loop;
    struct metrics *metrics;
    struct sender_settings settings;
    struct conf *conf;
    struct dest_groups *groups;
    struct pool *pool;
    struct sink sink;
    struct connection_target target;
    /* what the owner saw */
    size_t readies, results, failures;
    bool keeps_ready; /* a ready connection is put back, not sent on */
    struct smtp_rcpt rcpt;
    struct smtp_mail mail;
    bool may_send, was_lost, was_unsent, was_reused;
    uint16_t code;
    enum smtp_stage failed_at;
};

static void on_ready(void *owner, struct connection *connection)
{
    struct fixture *fixture = owner;

    fixture->readies++;
    if (fixture->keeps_ready)
        pool_put(fixture->pool, connection);
    else
        connection_send(connection, &fixture->mail);
}

static void on_result(void *owner, struct connection *connection, const struct smtp_result *result)
{
    struct fixture *fixture = owner;

    fixture->results++;
    fixture->was_lost = result->is_lost;
    fixture->was_unsent = result->is_unsent;
    fixture->was_reused = connection_is_reused(connection);
    fixture->code = result->rcpts[0].reply.code;
    if (result->is_reusable)
        pool_put(fixture->pool, connection);
}

static void on_failed(void *owner, struct connection *connection,
                      const struct connection_trouble *trouble)
{
    struct fixture *fixture = owner;

    (void)connection;
    assert_non_null(trouble->detail);
    fixture->failures++;
    fixture->failed_at = trouble->stage;
    fixture->code = trouble->reply->code;
}

static bool may_send(void *owner)
{
    return ((struct fixture *)owner)->may_send;
}

static const struct connection_ops OPS = {
    .on_ready = on_ready, .on_result = on_result, .on_failed = on_failed, .may_send = may_send};

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static struct conf *read_conf(const char *set)
{
    static const struct conf_section *const SECTIONS[] = {
        &CONFIGURATIONS_SECTION,
        &SENDING_DOMAINS_SECTION,
        &BOUNCES_SECTION,
        &FORWARDING_RULES_SECTION,
        &SOURCE_POOLS_SECTION,
        &DESTINATION_GROUPS_SECTION,
        NULL,
    };
    const char *const sets[] = {set, NULL};
    const struct conf_faults faults = {.on_fault = on_fault};
    struct conf *conf = NULL;

    assert_int_equal(conf_read("/dev/null", sets, SECTIONS, &faults, &conf), 0);
    return conf;
}

/* The pool takes what it needs of them: they are gone when this returns. */
static void limit(struct fixture *fixture, const char *set)
{
    struct conf *conf = read_conf(set);
    struct configurations *configurations = configurations_new(conf);
    pool_set_limits(fixture->pool, configurations);
    configurations_free(&configurations);
    conf_free(&conf);
}

static void begin(struct fixture *fixture)
{
    struct err err;

    *fixture = (struct fixture){.loop = loop_new(),
                                .metrics = metrics_new(),
                                .settings = {.hostname = "relay.test",
                                             .source_address = "",
                                             .mails_per_connection = 1000,
                                             .connect_timeout_s = 5,
                                             .greeting_timeout_s = 5,
                                             .tls_timeout_s = 5,
                                             .command_timeout_s = 5,
                                             .data_timeout_s = 5,
                                             .block_timeout_s = 5,
                                             .dot_timeout_s = 5},
                                .may_send = true,
                                .rcpt = {.address = SLICE("u@dest.test")},
                                .mail = {.from = {.address = SLICE("a@b.test")},
                                         .rcpt_count = 1,
                                         .trace = SLICE("Received: x\r\n"),
                                         .body = SLICE("\r\n..x\r\n")}};
    fixture->mail.rcpts = &fixture->rcpt;
    sink_start(&fixture->sink, fixture->loop);
    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), sink_port(&fixture->sink),
                                       &fixture->target.address, &err),
                     0);
    fixture->target.host = SLICE("sink.test");
    fixture->target.ehlo = SLICE("relay.test");
    fixture->conf = read_conf("destination_groups=({name=\"big\"; mx=[\"big.test\"];})");
    fixture->groups = dest_groups_new(fixture->conf);
    fixture->pool =
        pool_new(fixture->loop, &fixture->settings, NULL, fixture->metrics, fixture->groups);
    limit(fixture, "configurations=({pool={count=2;};})");
}

static void end(struct fixture *fixture)
{
    pool_free(&fixture->pool);
    sink_end(&fixture->sink);
    loop_free(&fixture->loop);
    dest_groups_free(&fixture->groups);
    conf_free(&fixture->conf);
    metrics_free(&fixture->metrics);
}

static void open_one(struct fixture *fixture)
{
    assert_non_null(pool_open(fixture->pool, &fixture->target, &OPS, fixture));
}

/* Sends on a pooled connection, which must be there. */
static void reuse_one(struct fixture *fixture)
{
    struct connection *connection = pool_take(fixture->pool, &fixture->target, &OPS, fixture);

    assert_non_null(connection);
    connection_send(connection, &fixture->mail);
}

static void test_s19_connection_is_kept_and_reused(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    assert_null(pool_take(fixture.pool, &fixture.target, &OPS, &fixture));
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    assert_int_equal(fixture.code, 250);
    assert_false(fixture.was_reused);
    assert_int_equal(pool_idle_count(fixture.pool), 1);
    reuse_one(&fixture);
    assert_int_equal(pool_idle_count(fixture.pool), 0);
    WAIT_FOR(fixture.loop, fixture.results == 2);
    assert_true(fixture.was_reused);
    assert_int_equal(fixture.sink.connections, 1);
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[1].body, "Received: x\r\n\r\n..x\r\n");
    end(&fixture);
}

static void test_c17_key_is_address_port_and_tls(void **state)
{
    struct connection_target elsewhere, clear;
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    elsewhere = clear = fixture.target;
    net_address_set_port(&elsewhere.address, 1);
    clear.is_clear = true;
    assert_null(pool_take(fixture.pool, &elsewhere, &OPS, &fixture));
    assert_null(pool_take(fixture.pool, &clear, &OPS, &fixture));
    assert_int_equal(pool_idle_count(fixture.pool), 1);
    end(&fixture);
}

static struct net_address ip(const char *text)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(slice_str(text), 0, &address, &err), 0);
    return address;
}

/* Two source pools share nothing: neither an address nor, with the same address, the EHLO name. */
static void test_c17_key_is_source_address_and_ehlo(void **state)
{
    struct connection_target unbound, other, renamed;
    struct fixture fixture;
    char text[NET_ADDRESS_TEXT];

    (void)state;
    begin(&fixture);
    unbound = fixture.target;
    fixture.target.source = ip("127.0.0.2");
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    other = renamed = fixture.target;
    other.source = ip("127.0.0.3");
    renamed.ehlo = SLICE("mta2.test");
    assert_null(pool_take(fixture.pool, &unbound, &OPS, &fixture));
    assert_null(pool_take(fixture.pool, &other, &OPS, &fixture));
    assert_null(pool_take(fixture.pool, &renamed, &OPS, &fixture));
    struct connection *connection = pool_take(fixture.pool, &fixture.target, &OPS, &fixture);
    assert_non_null(connection);
    assert_string_equal(net_address_ip(connection_local(connection), text), "127.0.0.2");
    pool_put(fixture.pool, connection);
    end(&fixture);
}

/* However alike two proxies are: what they connect from is not. */
static void test_c17_key_is_the_proxy(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    fixture.target.proxy_id = 1;
    assert_null(pool_take(fixture.pool, &fixture.target, &OPS, &fixture));
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 2);
    fixture.target.proxy_id = 2;
    assert_null(pool_take(fixture.pool, &fixture.target, &OPS, &fixture));
    fixture.target.proxy_id = 1;
    reuse_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 3);
    assert_int_equal(fixture.sink.connections, 2);
    end(&fixture);
}

/* The destination is no proxy: it says so once it is asked, to those who still listen. */
static void test_a_tunnel_may_be_abandoned_at_any_time(void **state)
{
    struct source_proxy proxy = {SOURCE_PROXY_SOCKS5, NULL, "", ""};
    char address[NET_ADDRESS_TEXT];
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    proxy.address = net_address_text(&fixture.target.address, address);
    fixture.target.proxy = &proxy;
    connection_abandon(pool_open(fixture.pool, &fixture.target, &OPS, &fixture));
    assert_int_equal(pool_count(fixture.pool), 0);
    struct connection *connection = pool_open(fixture.pool, &fixture.target, &OPS, &fixture);
    WAIT_FOR(fixture.loop, fixture.sink.connections == 1);
    connection_abandon(connection);
    WAIT_FOR(fixture.loop, fixture.sink.open == 0);
    assert_int_equal(fixture.failures, 0);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.failures == 1);
    assert_int_equal(fixture.failed_at, SMTP_STAGE_CONNECT);
    assert_int_equal(pool_count(fixture.pool), 0);
    open_one(&fixture); /* and the pool goes with it */
    end(&fixture);
    assert_int_equal(fixture.failures, 1);
}

static void test_connections_are_counted_by_group(void **state)
{
    struct fixture fixture;
    struct buf text = {0};

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    fixture.target.group = dest_groups_find(fixture.groups, SLICE("mx.big.test"), SLICE_NONE);
    open_one(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 3);
    WAIT_FOR(fixture.loop, pool_count(fixture.pool) == 2); /* the first one had to go */
    pool_measure(fixture.pool);
    metrics_expose(&fixture.metrics, 1, &text);
    assert_non_null(
        strstr(buf_str(&text), "sender_pool_connections{dest_group=\"big\",state=\"idle\"} 2\n"));
    assert_non_null(
        strstr(buf_str(&text), "sender_pool_connections{dest_group=\"other\",state=\"idle\"} 0\n"));
    buf_free(&text);
    end(&fixture);
}

static void test_s20_count_least_recently_used_goes(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    for (size_t i = 0; i < 3; i++)
        open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 3);
    assert_int_equal(pool_idle_count(fixture.pool), 2);
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1 && pool_count(fixture.pool) == 2);
    end(&fixture);
}

static void test_s21_idle_for_the_timeout_is_closed_with_quit(void **state)
{
    struct fixture fixture;
    uint64_t began_ms, took_ms;

    (void)state;
    begin(&fixture);
    limit(&fixture, "configurations=({pool={timeout_s=1;};})");
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    began_ms = clock_monotonic_ms();
    WAIT_FOR(fixture.loop, pool_idle_count(fixture.pool) == 0);
    took_ms = clock_monotonic_ms() - began_ms;
    assert_in_range(took_ms, 950, 2000);
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1 && pool_count(fixture.pool) == 0);
    end(&fixture);
}

/* One mail of each name, on a connection of its own. */
static void open_of(struct fixture *fixture, const char *const *configurations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fixture->target.configuration = slice_str(configurations[i]);
        open_one(fixture);
    }
    WAIT_FOR(fixture->loop, fixture->results == count);
}

static bool can_take(struct fixture *fixture, const char *configuration)
{
    fixture->target.configuration = slice_str(configuration);
    struct connection *connection = pool_take(fixture->pool, &fixture->target, &OPS, fixture);
    if (connection)
        pool_put(fixture->pool, connection);
    return connection != NULL;
}

static void test_s20_each_configuration_has_its_own_count(void **state)
{
    static const char *const NAMES[] = {"default", "default", "bulk", "bulk"};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    limit(&fixture, "configurations=({pool={count=2;};}, {name=\"bulk\"; pool={count=1;};}, "
                    "{name=\"idle\";})");
    open_of(&fixture, NAMES, 4);
    assert_int_equal(pool_idle_count(fixture.pool), 3);
    assert_true(can_take(&fixture, "bulk"));
    assert_true(can_take(&fixture, "default"));
    assert_false(can_take(&fixture, "idle")); /* nothing is lent */
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1);
    end(&fixture);
}

static void test_s21_each_configuration_has_its_own_timeout(void **state)
{
    static const char *const NAMES[] = {"default", "bulk"};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    limit(&fixture, "configurations=({pool={timeout_s=600;};}, "
                    "{name=\"bulk\"; pool={timeout_s=1;};})");
    open_of(&fixture, NAMES, 2);
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1);
    assert_false(can_take(&fixture, "bulk"));
    assert_true(can_take(&fixture, "default"));
    end(&fixture);
}

static void test_s20_new_limits_count_for_idle_connections(void **state)
{
    static const char *const NAMES[] = {"default", "default", "bulk", "gone"};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    limit(&fixture, "configurations=({pool={count=3;};}, {name=\"bulk\";})");
    open_of(&fixture, NAMES, 4); /* the last one has no configuration but the default */
    assert_int_equal(pool_idle_count(fixture.pool), 4);
    limit(&fixture, "configurations=({pool={count=2;};})");
    assert_int_equal(pool_idle_count(fixture.pool), 2);
    assert_true(can_take(&fixture, "bulk")); /* as default */
    WAIT_FOR(fixture.loop, fixture.sink.quits == 2);
    end(&fixture);
}

static void test_c17_idle_connection_that_speaks_is_thrown_away(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    sink_say(&fixture.sink, "421 4.4.2 Bye");
    WAIT_FOR(fixture.loop, pool_idle_count(fixture.pool) == 0);
    assert_null(pool_take(fixture.pool, &fixture.target, &OPS, &fixture));
    assert_int_equal(fixture.failures, 0); /* nobody's mail */
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 2);
    sink_cut(&fixture.sink);
    WAIT_FOR(fixture.loop, pool_count(fixture.pool) == 0);
    end(&fixture);
}

static void test_lost_before_mail_is_answered_is_unsent(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    fixture.sink.says.mail = ""; /* hangs up */
    reuse_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 2);
    assert_true(fixture.was_lost && fixture.was_unsent && fixture.was_reused);
    end(&fixture);
}

static void test_worn_connection_is_closed(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.settings.mails_per_connection = 1;
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    assert_int_equal(pool_idle_count(fixture.pool), 0);
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1);
    end(&fixture);
}

static void test_lost_right_to_send_stops_before_the_content(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.may_send = false;
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    assert_true(fixture.was_lost);
    assert_int_equal(fixture.sink.mail_count, 0);
    end(&fixture);
}

static void test_failures_before_ready(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.sink.says.greeting = "554 5.7.1 Go away";
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.failures == 1);
    assert_int_equal(fixture.failed_at, SMTP_STAGE_GREETING);
    assert_int_equal(fixture.code, 554);
    fixture.sink.says.greeting = "";
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.failures == 2);
    assert_int_equal(fixture.failed_at, SMTP_STAGE_GREETING);
    assert_int_equal(fixture.code, 0);
    sink_end(&fixture.sink); /* its port is free now: refused */
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.failures == 3);
    assert_int_equal(fixture.failed_at, SMTP_STAGE_CONNECT);
    WAIT_FOR(fixture.loop, pool_count(fixture.pool) == 0);
    sink_start(&fixture.sink, fixture.loop);
    end(&fixture);
}

static void test_c7_silent_peer_is_given_up(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.settings.command_timeout_s = 1;
    fixture.sink.says.mail = "-";
    open_one(&fixture);
    while (!fixture.results) {
        loop_turn(fixture.loop, 50);
        pool_tick(fixture.pool);
    }
    assert_true(fixture.was_lost);
    end(&fixture);
}

static void test_drain_says_quit(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    open_one(&fixture);
    WAIT_FOR(fixture.loop, fixture.results == 1);
    pool_drain(fixture.pool);
    assert_int_equal(pool_idle_count(fixture.pool), 0);
    WAIT_FOR(fixture.loop, fixture.sink.quits == 1 && pool_count(fixture.pool) == 0);
    end(&fixture);
}

static void test_broken_tls_is_remembered_by_address(void **state)
{
    struct net_address other;
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    other = fixture.target.address;
    net_address_set_port(&other, 1);
    assert_false(pool_is_tls_broken(fixture.pool, &fixture.target.address));
    pool_note_tls_broken(fixture.pool, &fixture.target.address);
    assert_true(pool_is_tls_broken(fixture.pool, &fixture.target.address));
    assert_false(pool_is_tls_broken(fixture.pool, &other));
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s19_connection_is_kept_and_reused),
        cmocka_unit_test(test_c17_key_is_address_port_and_tls),
        cmocka_unit_test(test_c17_key_is_source_address_and_ehlo),
        cmocka_unit_test(test_c17_key_is_the_proxy),
        cmocka_unit_test(test_a_tunnel_may_be_abandoned_at_any_time),
        cmocka_unit_test(test_connections_are_counted_by_group),
        cmocka_unit_test(test_s20_count_least_recently_used_goes),
        cmocka_unit_test(test_s20_each_configuration_has_its_own_count),
        cmocka_unit_test(test_s21_each_configuration_has_its_own_timeout),
        cmocka_unit_test(test_s20_new_limits_count_for_idle_connections),
        cmocka_unit_test(test_s21_idle_for_the_timeout_is_closed_with_quit),
        cmocka_unit_test(test_c17_idle_connection_that_speaks_is_thrown_away),
        cmocka_unit_test(test_lost_before_mail_is_answered_is_unsent),
        cmocka_unit_test(test_worn_connection_is_closed),
        cmocka_unit_test(test_lost_right_to_send_stops_before_the_content),
        cmocka_unit_test(test_failures_before_ready),
        cmocka_unit_test(test_c7_silent_peer_is_given_up),
        cmocka_unit_test(test_drain_says_quit),
        cmocka_unit_test(test_broken_tls_is_remembered_by_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
