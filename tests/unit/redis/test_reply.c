/* SPDX-License-Identifier: Apache-2.0
 * The reply reader on hostile, cut and nested bytes. */
#include "unit/net/cases.h"

#include "base/buf.h"
#include "redis/reply.h"

static const struct redis_value *next(struct redis_reply_reader *reader, struct err *err)
{
    const struct redis_value *value = NULL;

    return redis_reply_next(reader, &value, err) ? NULL : value;
}

static void feed(struct redis_reply_reader *reader, const char *text)
{
    struct err err;

    assert_int_equal(redis_reply_feed(reader, slice_str(text), &err), 0);
}

static void test_every_type_is_read(void **state)
{
    struct redis_reply_reader *reader = redis_reply_reader_new();
    struct err err = {0};

    (void)state;
    feed(reader, "+OK\r\n-ERR no\r\n:-7\r\n$-1\r\n$3\r\na\rb\r\n*-1\r\n*0\r\n");
    const struct redis_value *value = next(reader, &err);
    assert_int_equal(value->type, REDIS_TEXT);
    assert_true(slice_eq(value->text, SLICE("OK")));
    value = next(reader, &err);
    assert_int_equal(value->type, REDIS_ERROR);
    assert_true(slice_eq(value->text, SLICE("ERR no")));
    value = next(reader, &err);
    assert_int_equal(value->type, REDIS_INT);
    assert_int_equal(value->number, -7);
    assert_int_equal(next(reader, &err)->type, REDIS_NIL);
    assert_true(slice_eq(next(reader, &err)->text, SLICE("a\rb")));
    assert_int_equal(next(reader, &err)->type, REDIS_NIL);
    value = next(reader, &err);
    assert_int_equal(value->type, REDIS_ARRAY);
    assert_int_equal(value->count, 0);
    assert_null(next(reader, &err));
    assert_int_equal(err.kind, ERR_NONE);
    redis_reply_reader_free(&reader);
}

static void test_nested_array_cut_anywhere_is_read(void **state)
{
    const char *text = "*3\r\n:1\r\n*2\r\n$2\r\nhi\r\n*1\r\n:5\r\n$1\r\nx\r\n";
    struct err err = {0};

    (void)state;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct redis_reply_reader *reader = redis_reply_reader_new();
        assert_int_equal(redis_reply_feed(reader, slice_of(text, cut), &err), 0);
        const struct redis_value *value = next(reader, &err);
        if (cut < strlen(text)) {
            assert_null(value);
            feed(reader, text + cut);
            value = next(reader, &err);
        }
        assert_non_null(value);
        assert_int_equal(value->count, 3);
        assert_int_equal(value->items[1].count, 2);
        assert_true(slice_eq(value->items[1].items[0].text, SLICE("hi")));
        assert_int_equal(value->items[1].items[1].items[0].number, 5);
        assert_true(slice_eq(value->items[2].text, SLICE("x")));
        redis_reply_reader_free(&reader);
    }
}

static void test_what_is_no_reply_is_refused(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\n",
        "*65537\r\n",
        "*40000\r\n*40000\r\n",
        "*-2\r\n",
        ":12x\r\n",
        "$99999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct redis_reply_reader *reader = redis_reply_reader_new();
        const struct redis_value *value = NULL;
        struct err err = {0};
        feed(reader, texts[i]);
        assert_int_equal(redis_reply_next(reader, &value, &err), -1);
        assert_int_equal(err.kind, ERR_INVALID);
        redis_reply_reader_free(&reader);
    }
}

static void test_endless_reply_is_refused(void **state)
{
    struct redis_reply_reader *reader = redis_reply_reader_new();
    struct buf piece = {0};
    struct err err = {0};
    size_t fed = 0;

    (void)state;
    buf_reserve(&piece, 1024 * 1024);
    memset(piece.at, 'a', piece.cap);
    piece.len = piece.cap;
    feed(reader, "$2000000000\r\n");
    assert_null(next(reader, &err));
    while (fed <= 2 * REDIS_REPLY_MAX_BYTES && !redis_reply_feed(reader, buf_slice(&piece), &err))
        fed += piece.len;
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_true(fed <= REDIS_REPLY_MAX_BYTES);
    buf_free(&piece);
    redis_reply_reader_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_read),
        cmocka_unit_test(test_nested_array_cut_anywhere_is_read),
        cmocka_unit_test(test_what_is_no_reply_is_refused),
        cmocka_unit_test(test_endless_reply_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
