/* SPDX-License-Identifier: Apache-2.0
 * struct slice: a view of bytes somebody else owns. All network data travels as slices; NUL is an
 * octet like any other. Every accessor is bounds-checked; none allocates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *at;
    size_t len;
};

/* A slice of a string literal, usable in initialisers. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})
/* For printf's "%.*s". Only for text that has been scrubbed or is our own. */
#define SLICE_ARGS(s) ((int)(s).len), ((s).at ? (s).at : "")

static inline struct slice slice_of(const void *at, size_t len)
{
    return (struct slice){at, len};
}

/* Of a C string of our own; NULL gives an empty slice. */
static inline struct slice slice_str(const char *text)
{
    return text ? slice_of(text, strlen(text)) : SLICE_NONE;
}

/* Bytes [from, to), both clamped to the length. */
struct slice slice_sub(struct slice s, size_t from, size_t to);
/* Without the first n bytes (n clamped). */
struct slice slice_skip(struct slice s, size_t n);
/* Without blanks (SP, HT) at both ends. */
struct slice slice_trim(struct slice s);
bool slice_eq(struct slice a, struct slice b);
/* ASCII case-insensitive. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends_nocase(struct slice s, struct slice suffix);
/* Total order by bytes, shorter first when one is the prefix of the other. */
int slice_cmp(struct slice a, struct slice b);
/* Index of the first c, or s.len. */
size_t slice_find(struct slice s, char c);
/* Index of the last c, or s.len. */
size_t slice_rfind(struct slice s, char c);
/* Index of the first needle, or s.len. */
size_t slice_find_slice(struct slice s, struct slice needle);
/* Decimal digits only, the whole slice, at most max; false leaves *ret_value untouched. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *ret_value);
/* ASCII lower case of one octet, and of a slice into a caller's buffer of s.len bytes. */
char slice_lower_char(char c);
void slice_lower(struct slice s, char *out);
/* Cuts off and returns the part before the first c; *s keeps what follows (empty when none). */
struct slice slice_cut(struct slice *s, char c);
