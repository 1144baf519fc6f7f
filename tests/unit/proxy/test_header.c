/* SPDX-License-Identifier: Apache-2.0
 * PROXY headers, whole and octet by octet: what they say, where they end, what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/header.h"

#define V2          "\r\n\r\n\0\r\nQUIT\n"
#define ENDS_V4     "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x00\x19" /* 192.0.2.7 198.51.100.1 */
#define IP_V6       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define ENDS_V6     IP_V6 "\x07" IP_V6 "\x01\xdc\x04\x00\x19"
#define MAPPED      "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02"
#define ENDS_MAPPED MAPPED "\x07" MAPPED "\x01\xdc\x04\x00\x19"
#define TLV         "\x04\x00\x03xyz"

static const struct good {
    struct slice bytes;
    enum proxy_origin origin;
    const char *client, *destination; /* of PROXY_CLIENT */
} GOOD[] = {
    {SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n"), PROXY_CLIENT, "192.0.2.7:56324",
     "198.51.100.1:25"},
    {SLICE("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), PROXY_CLIENT,
     "255.255.255.255:65535", "255.255.255.255:65535"},
    {SLICE("PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n"), PROXY_CLIENT, "[2001:db8::7]:56324",
     "[2001:db8::1]:25"},
    {SLICE("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 0 25\r\n"), PROXY_CLIENT, "192.0.2.7:0",
     "[2001:db8::1]:25"},
    {SLICE("PROXY UNKNOWN\r\n"), PROXY_UNNAMED, NULL, NULL},
    {SLICE("PROXY UNKNOWN ffff::ff ffff::ff 65535 65535\r\n"), PROXY_UNNAMED, NULL, NULL},
    {SLICE(V2 "\x21\x11\x00\x0c" ENDS_V4), PROXY_CLIENT, "192.0.2.7:56324", "198.51.100.1:25"},
    {SLICE(V2 "\x21\x11\x00\x12" ENDS_V4 TLV), PROXY_CLIENT, "192.0.2.7:56324", "198.51.100.1:25"},
    {SLICE(V2 "\x21\x21\x00\x24" ENDS_V6), PROXY_CLIENT, "[2001:db8::7]:56324", "[2001:db8::1]:25"},
    {SLICE(V2 "\x21\x21\x00\x24" ENDS_MAPPED), PROXY_CLIENT, "192.0.2.7:56324", "192.0.2.1:25"},
    {SLICE(V2 "\x20\x00\x00\x00"), PROXY_ITSELF, NULL, NULL},
    {SLICE(V2 "\x20\x11\x00\x0c" ENDS_V4), PROXY_ITSELF, NULL, NULL},
    {SLICE(V2 "\x20\xff\x00\x06" TLV), PROXY_ITSELF, NULL, NULL},
    {SLICE(V2 "\x21\x00\x00\x00"), PROXY_UNNAMED, NULL, NULL},
    {SLICE(V2 "\x21\x31\x00\x06" TLV), PROXY_UNNAMED, NULL, NULL},
};

static const struct slice NONE[] = {
    SLICE("EHLO client.example\r\n"),
    SLICE("\x16\x03\x01\x02\x00\x01"), /* a TLS handshake */
    SLICE("proxy TCP4 192.0.2.7 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY  TCP4 192.0.2.7 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY TCP4 192.0.2.7  198.51.100.1 56324 25\r\n"),
    SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 56324 25 \r\n"),
    SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 56324 25 26\r\n"),
    SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n"),
    SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n"),
    SLICE("PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n"),
    SLICE("PROXY TCP4 192.0.2.256 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY TCP4 192.0.2.7\0 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY TCP4 2001:db8::7 2001:db8::1 56324 25\r\n"),
    SLICE("PROXY TCP6 192.0.2.7 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY UDP4 192.0.2.7 198.51.100.1 56324 25\r\n"),
    SLICE("PROXY UNKNOWNS\r\n"),
    SLICE("PROXY\r\n"),
    SLICE("PROXY \r\n"),
    SLICE(V2 "\x11\x11\x00\x0c" ENDS_V4), /* version */
    SLICE(V2 "\x22\x11\x00\x0c" ENDS_V4), /* command */
    SLICE(V2 "\x21\x12\x00\x0c" ENDS_V4), /* datagrams */
    SLICE(V2 "\x21\x41\x00\x0c" ENDS_V4), /* family */
    SLICE(V2 "\x21\x11\x00\x0b" ENDS_V4), /* too short */
    SLICE(V2 "\x21\x21\x00\x23" ENDS_V6),
    SLICE(V2 "\x21\x11\x10\x01" ENDS_V4), /* too long */
    SLICE("\r\n\r\n\0\r\nQUIT\r\n\x11\x00"),
};

/* The same in pieces of that size. */
static enum parse parse_in_pieces(struct slice *bytes, size_t size, struct proxy_header *ret_header,
                                  const char **ret_why)
{
    struct proxy_parser parser = {0};
    enum parse state = PARSE_MORE;

    while (bytes->len > 0 && state == PARSE_MORE) {
        struct slice piece = slice_sub(*bytes, 0, size), rest = piece;
        state = proxy_header_parse(&parser, &rest, ret_header);
        assert_true(state != PARSE_MORE || rest.len == 0);
        *bytes = slice_skip(*bytes, piece.len - rest.len);
    }
    *ret_why = parser.why;
    return state;
}

static void check_good(const struct good *good, size_t size)
{
    struct proxy_header header;
    char text[NET_ADDRESS_TEXT];
    struct buf bytes = {0};
    const char *why;

    buf_add(&bytes, good->bytes);
    buf_add_str(&bytes, "EHLO");
    struct slice rest = buf_slice(&bytes);
    assert_int_equal(parse_in_pieces(&rest, size, &header, &why), PARSE_DONE);
    assert_true(slice_eq(rest, SLICE("EHLO")));
    assert_int_equal(header.origin, good->origin);
    if (good->origin == PROXY_CLIENT) {
        assert_string_equal(net_address_text(&header.client, text), good->client);
        assert_string_equal(net_address_text(&header.destination, text), good->destination);
    }
    buf_free(&bytes);
}

static void test_headers_are_read_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        for (size_t size = 1; size <= GOOD[i].bytes.len + 4; size++)
            check_good(&GOOD[i], size);
}

static void test_an_unfinished_header_wants_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct slice start = slice_sub(GOOD[i].bytes, 0, GOOD[i].bytes.len - 1);
        struct proxy_header header;
        const char *why;
        assert_int_equal(parse_in_pieces(&start, 1, &header, &why), PARSE_MORE);
    }
}

static void test_what_is_no_header_is_refused_with_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++)
        for (size_t size = 1; size <= NONE[i].len; size++) {
            struct slice bytes = NONE[i];
            struct proxy_header header;
            const char *why;
            if (parse_in_pieces(&bytes, size, &header, &why) != PARSE_BAD || !why)
                fail_msg("row %zu in pieces of %zu is taken", i, size);
        }
}

static void test_a_line_ends_within_its_bound(void **state)
{
    char line[PROXY_LINE_MAX];
    struct proxy_header header;
    const char *why;
    struct slice bytes = slice_of(line, sizeof line);

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    assert_int_equal(parse_in_pieces(&bytes, 1, &header, &why), PARSE_DONE);
    line[sizeof line - 1] = 'x';
    bytes = slice_of(line, sizeof line);
    assert_int_equal(parse_in_pieces(&bytes, 1, &header, &why), PARSE_BAD);
    assert_string_equal(why, "its PROXY line does not end");
}

static void test_the_longest_tail_is_skipped(void **state)
{
    static const char START[] = V2 "\x21\x11\x10\x00" ENDS_V4;
    struct buf bytes = {0};
    struct proxy_header header;
    const char *why;

    (void)state;
    buf_add(&bytes, slice_of(START, sizeof START - 1));
    while (bytes.len < 16 + PROXY_TAIL_MAX)
        buf_add(&bytes, SLICE("\n"));
    buf_add_str(&bytes, "220");
    struct slice rest = buf_slice(&bytes);
    assert_int_equal(parse_in_pieces(&rest, bytes.len, &header, &why), PARSE_DONE);
    assert_true(slice_eq(rest, SLICE("220")));
    buf_free(&bytes);
}

/* As its own reader understands it, and nothing more. */
static void check_written(const char *source_text, const char *destination_text,
                          struct slice octets)
{
    struct net_address source, destination;
    struct proxy_header header;
    struct buf out = {0};
    const char *why;
    struct err err;

    assert_int_equal(net_address_parse_port(slice_str(source_text), 0, &source, &err), 0);
    assert_int_equal(net_address_parse_port(slice_str(destination_text), 0, &destination, &err), 0);
    proxy_header_add(&out, &source, &destination);
    assert_true(slice_eq(buf_slice(&out), octets));
    struct slice rest = buf_slice(&out);
    assert_int_equal(parse_in_pieces(&rest, 1, &header, &why), PARSE_DONE);
    assert_int_equal(rest.len, 0);
    assert_true(net_address_eq(&header.client, &source));
    assert_true(net_address_eq(&header.destination, &destination));
    buf_free(&out);
}

static void test_a_header_is_written_for_both_families(void **state)
{
    (void)state;
    check_written("192.0.2.7:56324", "198.51.100.1:25", SLICE(V2 "\x21\x11\x00\x0c" ENDS_V4));
    check_written("[2001:db8::7]:56324", "[2001:db8::1]:25", SLICE(V2 "\x21\x21\x00\x24" ENDS_V6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_are_read_in_any_pieces),
        cmocka_unit_test(test_an_unfinished_header_wants_more),
        cmocka_unit_test(test_what_is_no_header_is_refused_with_a_sentence),
        cmocka_unit_test(test_a_line_ends_within_its_bound),
        cmocka_unit_test(test_the_longest_tail_is_skipped),
        cmocka_unit_test(test_a_header_is_written_for_both_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
