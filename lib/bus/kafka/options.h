/* SPDX-License-Identifier: Apache-2.0
 * The operator's own settings of librdkafka, under its names: `librdkafka` ("name=value") and
 * `librdkafka_files` ("name=path": the value is the text of the file). Values never get into an
 * error: they may be secrets. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "bus/settings.h"

MUST_CHECK int option_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                          struct err *err);
/* All of the operator's, files read now. */
MUST_CHECK int options_set(rd_kafka_conf_t *conf, const struct bus_settings *settings,
                           struct err *err);

struct options_login { /* of SASL PLAIN and SCRAM; both empty: none */
    struct buf username, password;
};

/* What the settings and files say now. Free it with options_login_free. */
MUST_CHECK int options_login(const struct bus_settings *settings, struct options_login *ret_login,
                             struct err *err);
void options_login_free(struct options_login *login);
/* Another number when a file was replaced that a handle reads only once: all but the login. */
uint64_t options_mark(const struct bus_settings *settings);

/* For conf_setting.file_of: the path of "name=path"; of "ssl.ca.location=path" and the like, NULL
 * for every other name. */
const char *options_file_of(const char *text);
const char *options_location_of(const char *text);
