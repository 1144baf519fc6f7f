/* SPDX-License-Identifier: Apache-2.0
 * Configuration files: settings tables -> structs, with every fault in one pass, each with file,
 * line, what was given and what is allowed. A section is one group of the file ("ingress") or a
 * list of groups ("listeners"); its table is the single source for parsing, defaults, bounds,
 * --print-config and docs/settings.md. The only user of libconfig. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum conf_type {
    CONF_BOOL,    /* bool */
    CONF_INT,     /* int64_t, min..max, with a unit */
    CONF_SIZE,    /* int64_t bytes: 1048576, "1 MiB", "128 KiB" */
    CONF_STRING,  /* const char *, min..max are its length */
    CONF_WORD,    /* int64_t: index into `words` */
    CONF_STRINGS, /* const char *const *: NULL-terminated, never NULL */
};

struct conf_setting {
    const char *name; /* "retry.a_s": a_s in a nested group retry, whose settings are neighbours */
    enum conf_type type;
    size_t offset;        /* of the member in the section's struct */
    const char *fallback; /* the default, as it would be written in a file; NULL: mandatory */
    /* CONF_INT, CONF_SIZE: value; CONF_STRING: length; CONF_STRINGS: count. The last two: max 0 is
     * no bound. */
    int64_t min, max;
    const char *unit;         /* "ms", "s", "bytes", or "" */
    const char *const *words; /* CONF_WORD: NULL-terminated */
    const char *help;         /* one or two sentences: what it does, when to change it */
    /* Further rule for a string (each of CONF_STRINGS); 0, or -1 with a sentence. May be NULL. */
    int (*check)(const char *value, struct err *err);
    /* Of a string (each of CONF_STRINGS) that names a file whose content counts as part of the
     * setting: the path within the value, or NULL when this one names none. See conf_each_file. */
    const char *(*file_of)(const char *value);
};

struct conf; /* a file that was read: values for all sections, alive until conf_free */

struct conf_section {
    const char *name; /* of the group or list in the file */
    const char *help;
    /* NULL with count 0: another program's section, accepted and not looked at, so that one file
     * can serve a whole cluster. */
    const struct conf_setting *settings;
    size_t count;
    size_t size;  /* of the struct */
    bool is_list; /* ( {...}, {...} ): any number of structs */
    /* Of a list: the CONF_STRING that tells its elements apart; NULL: their places do. */
    const char *key;
    bool is_live; /* takes effect when a running process reads the file again */
    /* Rules between members; called for each struct once its members are fine. May be NULL. */
    int (*check)(const void *values, struct err *err);
    /* Rules between a struct and others, of this or another section that every program with this
     * one knows: called for each struct (i: its place in a list) once all sections are fine. May be
     * NULL. */
    int (*check_among)(const struct conf *conf, size_t i, struct err *err);
};

/* Where faults go: one sentence each, "file:line: what is wrong and what is allowed". */
struct conf_faults {
    void (*on_fault)(void *owner, const char *sentence);
    void *owner;
};

/* Reads file, then applies overrides ("section.name=value", "listeners.[0].port=2525", in the
 * file's value syntax; what is no such value is taken as a string). Any unknown section or setting
 * is a fault. sections: NULL-terminated array of all sections the program knows, each once. 0, or
 * -1 after reporting every fault. */
MUST_CHECK int conf_read(const char *file, const char *const *overrides,
                         const struct conf_section *const *sections,
                         const struct conf_faults *faults, struct conf **ret_conf);
void conf_free(struct conf **conf);
/* The file as it was read, without the overrides. It may hold secrets. */
struct slice conf_text(const struct conf *conf);
/* The struct of a plain section (never NULL: defaults when absent from the file). */
const void *conf_values(const struct conf *conf, const struct conf_section *section);
/* The structs of a list section: element i of *ret_count. */
const void *conf_element(const struct conf *conf, const struct conf_section *section, size_t i);
size_t conf_count(const struct conf *conf, const struct conf_section *section);
/* A struct of a list section where the file says nothing; mandatory members are zero. */
const void *conf_defaults(const struct conf *conf, const struct conf_section *section);
/* Replaces a CONF_STRING of a plain section that another setting implies, before anyone took it. */
void conf_set_string(struct conf *conf, const struct conf_section *section, const char *name,
                     const char *value);

/* A file_of for settings that are a path; "" names no file. */
const char *conf_path(const char *value);
/* Every file that the values name, with repeats; paths live as long as the configuration. */
void conf_each_file(const struct conf *conf, const struct conf_section *const *sections,
                    void (*on_file)(void *owner, const char *path), void *owner);

/* The effective configuration as a commented file that conf_read accepts. Secrets: a setting whose
 * name ends in "password", or "...password=value" in a list of strings, prints as "***". */
void conf_print(const struct conf *conf, const struct conf_section *const *sections, FILE *out);
/* The reference as Markdown, from the tables alone (docs/settings.md). */
void conf_print_reference(const struct conf_section *const *sections, FILE *out);

#define CONF_AT(type, member) offsetof(type, member)
