/* SPDX-License-Identifier: Apache-2.0
 * SOCKS5 from the client's side, with answers whole and octet by octet: what is said and when,
 * whose fault a refusal is, and where the proxy's words end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/socks5.h"

#define GREETING  "\x05\x01\x00"
#define CONNECT   "\x05\x01\x00\x01\xc6\x33\x64\x01\x00\x19" /* 198.51.100.1:25 */
#define BOUND     "\xc0\x00\x02\x07\xdc\x04"                 /* 192.0.2.7:56324 */
#define IP_V6     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define MAPPED_V6 "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07"

struct talk {
    struct proxy_socks5 socks5;
    struct buf said;
    enum parse state;
};

static struct net_address address(const char *text)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse_port(slice_str(text), 0, &address, &err), 0);
    return address;
}

static void begin(struct talk *talk, const char *host, const char *username, const char *password)
{
    *talk = (struct talk){.socks5 = {.target = address(host),
                                     .username = slice_str(username),
                                     .password = slice_str(password)},
                          .state = PARSE_MORE};
    proxy_socks5_start(&talk->socks5, &talk->said);
}

/* In pieces of that size; the octets behind the last answer are left. */
static struct slice hear(struct talk *talk, struct slice bytes, size_t size)
{
    while (bytes.len > 0 && talk->state == PARSE_MORE) {
        struct slice piece = slice_sub(bytes, 0, size), rest = piece;
        talk->state = proxy_socks5_feed(&talk->socks5, &rest, &talk->said);
        assert_true(talk->state != PARSE_MORE || rest.len == 0);
        bytes = slice_skip(bytes, piece.len - rest.len);
    }
    return bytes;
}

static void expect_said(struct talk *talk, struct slice expected)
{
    assert_true(slice_eq(buf_slice(&talk->said), expected));
    buf_clear(&talk->said);
}

static void end(struct talk *talk)
{
    buf_free(&talk->said);
}

static void test_it_asks_without_a_login(void **state)
{
    struct talk talk;

    (void)state;
    begin(&talk, "198.51.100.1:25", "", "");
    expect_said(&talk, SLICE(GREETING));
    (void)hear(&talk, SLICE("\x05"), 1);
    expect_said(&talk, SLICE(""));
    (void)hear(&talk, SLICE("\x00"), 1);
    assert_int_equal(talk.socks5.stage, PROXY_SOCKS5_CONNECT);
    expect_said(&talk, SLICE(CONNECT));
    end(&talk);
}

static void test_it_asks_for_an_ipv6_address(void **state)
{
    struct talk talk;

    (void)state;
    begin(&talk, "[2001:db8::1]:2525", "", "");
    buf_clear(&talk.said);
    (void)hear(&talk, SLICE("\x05\x00"), 2);
    expect_said(&talk, SLICE("\x05\x01\x00\x04" IP_V6 "\x09\xdd"));
    end(&talk);
}

static void test_the_password_is_said_when_asked_for(void **state)
{
    struct talk talk;

    (void)state;
    begin(&talk, "198.51.100.1:25", "relay", "geheim");
    expect_said(&talk, SLICE("\x05\x01\x02"));
    (void)hear(&talk, SLICE("\x05\x02"), 1);
    assert_int_equal(talk.socks5.stage, PROXY_SOCKS5_LOGIN);
    expect_said(&talk, SLICE("\x01\x05relay\x06geheim"));
    (void)hear(&talk, SLICE("\x01\x00"), 1);
    expect_said(&talk, SLICE(CONNECT));
    end(&talk);
}

static void test_the_longest_login_fits(void **state)
{
    char longest[PROXY_LOGIN_MAX + 1];
    struct talk talk;

    (void)state;
    memset(longest, 'x', PROXY_LOGIN_MAX);
    longest[PROXY_LOGIN_MAX] = '\0';
    begin(&talk, "198.51.100.1:25", longest, longest);
    buf_clear(&talk.said);
    (void)hear(&talk, SLICE("\x05\x02"), 2);
    assert_int_equal(talk.said.len, 1 + 2 * (1 + PROXY_LOGIN_MAX));
    assert_int_equal((unsigned char)talk.said.at[1], 255);
    end(&talk);
}

static const struct good {
    struct slice answer;
    const char *bound; /* "": not told */
} GOOD[] = {
    {SLICE("\x05\x00\x00\x01" BOUND), "192.0.2.7:56324"},
    {SLICE("\x05\x00\x00\x01\0\0\0\0\0\0"), ""},
    {SLICE("\x05\x00\x00\x01\0\0\0\0\xdc\x04"), ""},
    {SLICE("\x05\x00\x00\x04" IP_V6 "\xdc\x04"), "[2001:db8::1]:56324"},
    {SLICE("\x05\x00\x00\x04" MAPPED_V6 "\xdc\x04"), "192.0.2.7:56324"},
    {SLICE("\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), ""},
    {SLICE("\x05\x00\x00\x03\x05proxy\xdc\x04"), ""},
    {SLICE("\x05\x00\x00\x03\x00\xdc\x04"), ""},
    {SLICE("\x05\x00\xff\x01" BOUND), "192.0.2.7:56324"}, /* reserved: whatever it is */
};

static void check_good(const struct good *good, size_t size)
{
    struct buf bytes = {0};
    char text[NET_ADDRESS_TEXT] = "";
    struct talk talk;

    buf_add(&bytes, SLICE("\x05\x00"));
    buf_add(&bytes, good->answer);
    buf_add_str(&bytes, "220 mx");
    begin(&talk, "198.51.100.1:25", "", "");
    struct slice rest = hear(&talk, buf_slice(&bytes), size);
    assert_int_equal(talk.state, PARSE_DONE);
    assert_true(slice_eq(rest, SLICE("220 mx")));
    if (talk.socks5.bound.any.sa_family != AF_UNSPEC)
        (void)net_address_text(&talk.socks5.bound, text);
    assert_string_equal(text, good->bound);
    assert_int_equal(talk.socks5.fault, PROXY_FAULT_NONE);
    buf_free(&bytes);
    end(&talk);
}

static void test_the_hosts_octets_are_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        for (size_t size = 1; size <= GOOD[i].answer.len + 8; size++)
            check_good(&GOOD[i], size);
}

static void test_an_unfinished_answer_wants_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct talk talk;
        begin(&talk, "198.51.100.1:25", "", "");
        (void)hear(&talk, SLICE("\x05\x00"), 2);
        (void)hear(&talk, slice_sub(GOOD[i].answer, 0, GOOD[i].answer.len - 1), 1);
        assert_int_equal(talk.state, PARSE_MORE);
        end(&talk);
    }
}

static void test_the_longest_name_fits(void **state)
{
    struct buf bytes = {0};
    struct talk talk;

    (void)state;
    buf_add(&bytes, SLICE("\x05\x00\x05\x00\x00\x03\xff"));
    for (size_t i = 0; i < 255 + 2; i++)
        buf_add_char(&bytes, '\n');
    buf_add_str(&bytes, "220");
    begin(&talk, "198.51.100.1:25", "", "");
    struct slice rest = hear(&talk, buf_slice(&bytes), bytes.len);
    assert_int_equal(talk.state, PARSE_DONE);
    assert_true(slice_eq(rest, SLICE("220")));
    buf_free(&bytes);
    end(&talk);
}

static const struct bad {
    struct slice answers;
    bool has_login;
    enum proxy_fault fault;
} BAD[] = {
    {SLICE("\x04\x00"), false, PROXY_FAULT_ITSELF},
    {SLICE("220 mx.example ESMTP\r\n"), false, PROXY_FAULT_ITSELF},
    {SLICE("HTTP/1.1 400 Bad Request\r\n"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\xff"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x01"), false, PROXY_FAULT_ITSELF}, /* GSSAPI */
    {SLICE("\x05\x02"), false, PROXY_FAULT_ITSELF}, /* a login that there is not */
    {SLICE("\x05\x00"), true, PROXY_FAULT_ITSELF},  /* it would not know who we are */
    {SLICE("\x05\xff"), true, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x02\x01\x01"), true, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x02\x01\xff"), true, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x02\x05\x00"), true, PROXY_FAULT_ITSELF}, /* the version of the login is 1 */
    {SLICE("\x05\x00\x01"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x00\x05\x01"), false, PROXY_FAULT_TARGET},
    {SLICE("\x05\x00\x05\x02"), false, PROXY_FAULT_TARGET},
    {SLICE("\x05\x00\x05\x03"), false, PROXY_FAULT_HOST},
    {SLICE("\x05\x00\x05\x04"), false, PROXY_FAULT_HOST},
    {SLICE("\x05\x00\x05\x05"), false, PROXY_FAULT_HOST},
    {SLICE("\x05\x00\x05\x06"), false, PROXY_FAULT_HOST},
    {SLICE("\x05\x00\x05\x07"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x00\x05\x08"), false, PROXY_FAULT_TARGET},
    {SLICE("\x05\x00\x05\x09"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x00\x05\xff"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x00\x05\x00\x00\x00"), false, PROXY_FAULT_ITSELF}, /* kinds of address */
    {SLICE("\x05\x00\x05\x00\x00\x02"), false, PROXY_FAULT_ITSELF},
    {SLICE("\x05\x00\x05\x00\x00\x05"), false, PROXY_FAULT_ITSELF},
};

static void check_bad(const struct bad *bad, size_t size)
{
    const char *login = bad->has_login ? "x" : "";
    struct talk talk;

    begin(&talk, "198.51.100.1:25", login, login);
    (void)hear(&talk, bad->answers, size);
    assert_int_equal(talk.state, PARSE_BAD);
    assert_int_equal(talk.socks5.fault, bad->fault);
    assert_non_null(talk.socks5.why);
    end(&talk);
}

static void test_refusals_and_nonsense_have_their_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        for (size_t size = 1; size <= BAD[i].answers.len; size++)
            check_bad(&BAD[i], size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_asks_without_a_login),
        cmocka_unit_test(test_it_asks_for_an_ipv6_address),
        cmocka_unit_test(test_the_password_is_said_when_asked_for),
        cmocka_unit_test(test_the_longest_login_fits),
        cmocka_unit_test(test_the_hosts_octets_are_left),
        cmocka_unit_test(test_an_unfinished_answer_wants_more),
        cmocka_unit_test(test_the_longest_name_fits),
        cmocka_unit_test(test_refusals_and_nonsense_have_their_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
