/* SPDX-License-Identifier: Apache-2.0
 * From the lists to a librdkafka configuration. settings.c has refused the names that are ours. */
#include "options.h"

#include "base/file.h"
#include "base/hash.h"

static struct slice name_of(const char *text)
{
    struct slice rest = slice_str(text);

    return slice_trim(slice_cut(&rest, '='));
}

static const char *value_of(const char *text)
{
    const char *value = strchr(text, '=') + 1;

    return value + strspn(value, " \t");
}

const char *options_file_of(const char *text)
{
    return value_of(text);
}

const char *options_location_of(const char *text)
{
    return slice_ends_nocase(name_of(text), SLICE(".location")) ? value_of(text) : NULL;
}

/* librdkafka's own sentence has the value of a word or a number, never that of a text. */
int option_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return 0;
    return err_set(err, ERR_INVALID, "librdkafka refuses %s: %s", name, why);
}

static int set_named(rd_kafka_conf_t *conf, struct slice name, struct slice value, struct err *err)
{
    struct buf name_z = {0}, value_z = {0};

    buf_add(&name_z, name);
    buf_add(&value_z, value);
    int rc = option_set(conf, buf_str(&name_z), buf_str(&value_z), err);
    buf_free(&name_z);
    buf_wipe(&value_z);
    return rc;
}

static int set_from_file(rd_kafka_conf_t *conf, const char *text, struct err *err)
{
    struct buf value = {0};

    if (file_read_secret(options_file_of(text), &value, err))
        return -1;
    int rc = set_named(conf, name_of(text), buf_slice(&value), err);
    buf_wipe(&value);
    return rc;
}

int options_set(rd_kafka_conf_t *conf, const struct bus_settings *settings, struct err *err)
{
    for (const char *const *text = settings->librdkafka; text && *text; text++)
        if (set_named(conf, name_of(*text), slice_trim(slice_str(value_of(*text))), err))
            return -1;
    for (const char *const *text = settings->librdkafka_files; text && *text; text++)
        if (set_from_file(conf, *text, err))
            return -1;
    return 0;
}

/* ---- the login ---- */

static void get(const rd_kafka_conf_t *conf, const char *name, struct buf *ret_value)
{
    size_t size = 0;

    if (rd_kafka_conf_get(conf, name, NULL, &size) != RD_KAFKA_CONF_OK || size < 2)
        return;
    buf_reserve(ret_value, size);
    (void)rd_kafka_conf_get(conf, name, ret_value->at, &size);
    ret_value->len = strlen(ret_value->at);
}

int options_login(const struct bus_settings *settings, struct options_login *ret_login,
                  struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int rc = options_set(conf, settings, err);

    *ret_login = (struct options_login){0};
    if (rc == 0) {
        get(conf, "sasl.username", &ret_login->username);
        get(conf, "sasl.password", &ret_login->password);
    }
    rd_kafka_conf_destroy(conf);
    return rc;
}

void options_login_free(struct options_login *login)
{
    buf_wipe(&login->username);
    buf_wipe(&login->password);
}

/* ---- what a handle reads only once ---- */

static bool is_login(const char *text)
{
    struct slice name = name_of(text);

    return slice_eq(name, SLICE("sasl.username")) || slice_eq(name, SLICE("sasl.password"));
}

static uint64_t mark_file(uint64_t mark, const char *path)
{
    struct file_stamp stamp = file_stamp_of(path);

    return mark * 31 + hash_bytes(slice_of(&stamp, sizeof stamp));
}

uint64_t options_mark(const struct bus_settings *settings)
{
    uint64_t mark = 0;

    for (const char *const *text = settings->librdkafka; text && *text; text++)
        if (options_location_of(*text))
            mark = mark_file(mark, options_location_of(*text));
    for (const char *const *text = settings->librdkafka_files; text && *text; text++)
        if (!is_login(*text))
            mark = mark_file(mark, options_file_of(*text));
    return mark;
}
