/* SPDX-License-Identifier: Apache-2.0
 * The settings table of destination groups, and the groups where the file names none. */
#include "sender/dest_group.h"

#include "mail/address.h"
#include "profile/configuration.h"

#define GROUPS_ALLOWED (DEST_GROUPS_MAX - 1)

/* ---- the built-in groups ---- */

#define SUFFIXES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct dest_group_values BUILT_IN[] = {
    {"gmail", SUFFIXES("google.com", "googlemail.com"), SUFFIXES("gmail.com", "googlemail.com")},
    {"microsoft", SUFFIXES("outlook.com", "hotmail.com", "mx.microsoft"),
     SUFFIXES("outlook.com", "outlook.jp", "hotmail.com", "hotmail.co.jp", "live.com", "live.jp",
              "msn.com")},
    {"yahoo", SUFFIXES("yahoodns.net"), SUFFIXES("yahoo.com", "ymail.com", "aol.com")},
    {"yahoo_japan", SUFFIXES("yahoo.co.jp"), SUFFIXES("yahoo.co.jp", "ybb.ne.jp")},
    {"icloud", SUFFIXES("icloud.com"), SUFFIXES("icloud.com", "me.com", "mac.com")},
    {"docomo", SUFFIXES("docomo.ne.jp"), SUFFIXES("docomo.ne.jp")},
    {"au", SUFFIXES("ezweb.ne.jp", "au.com", "auone-net.jp"),
     SUFFIXES("ezweb.ne.jp", "au.com", "uqmobile.jp")},
    {"softbank", SUFFIXES("softbank.ne.jp", "softbank.jp", "vodafone.ne.jp", "ymobile.ne.jp"),
     SUFFIXES("softbank.ne.jp", "softbank.jp", "vodafone.ne.jp", "ymobile.ne.jp", "disney.ne.jp")},
    {"rakuten", SUFFIXES("rakuten.co.jp", "rakuten.jp", "rakumail.jp"),
     SUFFIXES("rakuten.co.jp", "rakuten.jp", "rakumail.jp")},
};
#undef SUFFIXES

const struct dest_group_values *dest_group_values_at(const struct conf *conf, size_t i)
{
    size_t count = conf_count(conf, &DESTINATION_GROUPS_SECTION);

    if (count)
        return i < count ? conf_element(conf, &DESTINATION_GROUPS_SECTION, i) : NULL;
    return i < sizeof BUILT_IN / sizeof *BUILT_IN ? &BUILT_IN[i] : NULL;
}

/* ---- the rules ---- */

static int check_suffix(const char *value, struct err *err)
{
    struct slice suffix = slice_str(value);

    for (size_t i = 0; i < suffix.len; i++)
        if (suffix.at[i] != slice_lower_char(suffix.at[i]))
            return err_set(err, ERR_INVALID, "\"%s\" must be in lower case", value);
    if (mail_domain_is_valid(suffix))
        return 0;
    return err_set(err, ERR_INVALID,
                   "\"%s\" is no suffix; allowed: the last labels of a name, like google.com",
                   value);
}

static int check_group(const void *values, struct err *err)
{
    const struct dest_group_values *group = values;

    if (strcmp(group->name, "other") == 0)
        return err_set(err, ERR_INVALID,
                       "name \"other\" is that of what is in no group; allowed: any other name");
    if (!*group->mx && !*group->domains)
        return err_set(err, ERR_INVALID,
                       "\"%s\" has neither mx nor domains; allowed: a group with one of them",
                       group->name);
    return 0;
}

static size_t times(const char *const *texts, const char *text)
{
    size_t count = 0;

    for (; *texts; texts++)
        count += strcmp(*texts, text) == 0;
    return count;
}

/* One of `mine` that is among `others` more often than allowed; NULL: none. */
static const char *find_surplus(const char *const *mine, const char *const *others, size_t allowed)
{
    for (; *mine; mine++)
        if (times(others, *mine) > allowed)
            return *mine;
    return NULL;
}

/* Of two groups, or of one with itself. */
static int check_pair(const struct dest_group_values *mine, const struct dest_group_values *other,
                      struct err *err)
{
    size_t allowed = mine == other;
    const char *surplus = find_surplus(mine->mx, other->mx, allowed);

    if (!surplus)
        surplus = find_surplus(mine->domains, other->domains, allowed);
    if (surplus)
        return err_set(err, ERR_INVALID,
                       "suffix \"%s\" of \"%s\" is there twice; allowed: each of them once",
                       surplus, mine->name);
    if (mine != other && strcmp(mine->name, other->name) == 0)
        return err_set(err, ERR_INVALID, "name \"%s\" is there twice; allowed: one group of a name",
                       mine->name);
    return 0;
}

static int check_group_among(const struct conf *conf, size_t i, struct err *err)
{
    const struct dest_group_values *group = conf_element(conf, &DESTINATION_GROUPS_SECTION, i);

    if (i >= GROUPS_ALLOWED)
        return err_set(err, ERR_INVALID, "\"%s\" is one too many; allowed: up to %d groups",
                       group->name, GROUPS_ALLOWED);
    for (size_t j = 0; j <= i; j++)
        if (check_pair(group, conf_element(conf, &DESTINATION_GROUPS_SECTION, j), err) != 0)
            return -1;
    return 0;
}

#define AT(member) .offset = CONF_AT(struct dest_group_values, member)
static const struct conf_setting SETTINGS[] = {
    {.name = "name",
     .type = CONF_STRING,
     AT(name),
     .min = 1,
     .max = 32,
     .unit = "",
     .check = configuration_name_check,
     .help = "The value of dest_group in metrics, log lines and events."},
    {.name = "mx",
     .type = CONF_STRINGS,
     AT(mx),
     .fallback = "[]",
     .max = DEST_GROUP_SUFFIXES,
     .unit = "",
     .check = check_suffix,
     .help = "Suffixes of names of MX hosts, in lower case, like google.com: the host itself and "
             "all below it. The longest suffix of all groups wins."},
    {.name = "domains",
     .type = CONF_STRINGS,
     AT(domains),
     .fallback = "[]",
     .max = DEST_GROUP_SUFFIXES,
     .unit = "",
     .check = check_suffix,
     .help = "The same of recipient domains, where the MX host is in no group, or was not found."},
};
#undef AT

const struct conf_section DESTINATION_GROUPS_SECTION = {
    .name = "destination_groups",
    .help = "Destinations that count together in metrics (label dest_group); all others are "
            "\"other\". Without any, a built-in list counts: gmail, microsoft, yahoo, yahoo_japan, "
            "icloud, docomo, au, softbank, rakuten.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct dest_group_values),
    .is_list = true,
    .key = "name",
    .check = check_group,
    .check_among = check_group_among,
};
