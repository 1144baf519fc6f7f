/* SPDX-License-Identifier: Apache-2.0
 * Section "embedded", and the configuration of the private Redis: on a unix socket only, never
 * evicting. Its append-only file is written without fsync: it survives kill -9 of everything (the
 * marks spare duplicates, the index need not be rebuilt) and may be lost with the machine. */
#include "hikyaku/redis_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus/settings.h"
#include "redis/settings.h"

#define UNIX_PREFIX   "unix:"
#define DATABASES_MIN 16
#define APPEND_FOLDER "redis-append"

struct embedded_settings {
    const char *redis_server;
};

static const struct conf_setting SETTINGS[] = {
    {
        .name = "redis_server",
        .type = CONF_STRING,
        .offset = CONF_AT(struct embedded_settings, redis_server),
        .fallback = "redis-server",
        .max = 200,
        .help = "The program that is started as a private child: a path, or a name that is "
                "searched in PATH. It listens on redis.sock in log.directory only, which replaces "
                "redis.address. Empty: somebody else runs Redis, at redis.address.",
    },
};

static const struct conf_section EMBEDDED_SECTION = {
    .name = "embedded",
    .help = "The all-in-one binary and its private Redis.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct embedded_settings),
};

/* NULL: there is none. */
static const char *find_program(const char *name, struct arena *arena)
{
    struct slice path = slice_str(getenv("PATH"));

    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? name : NULL;
    while (path.len > 0) {
        struct slice directory = slice_cut(&path, ':');
        const char *file = arena_printf(arena, "%.*s/%s", SLICE_ARGS(directory), name).at;
        if (access(file, X_OK) == 0)
            return file;
    }
    return NULL;
}

/* A quoted argument in redis.conf. */
static void add_quoted(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, "%s \"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
    buf_add_str(out, "\"\n");
}

static void add_configuration(struct buf *out, const struct redis_settings *redis,
                              const char *directory)
{
    int64_t databases = redis->database + 1;

    /* "dir" comes first: what follows is relative to it. */
    add_quoted(out, "dir", directory);
    add_quoted(out, "unixsocket", redis->address + strlen(UNIX_PREFIX));
    if (redis->password[0])
        add_quoted(out, "requirepass", redis->password);
    buf_addf(out,
             "unixsocketperm 700\n"
             "port 0\n"
             "daemonize no\n"
             "logfile redis.log\n"
             "save \"\"\n"
             "appendonly yes\n"
             "appendfsync no\n"
             "appenddirname \"" APPEND_FOLDER "\"\n"
             "auto-aof-rewrite-min-size 16mb\n"
             "maxmemory-policy noeviction\n"
             "databases %" PRId64 "\n",
             databases > DATABASES_MIN ? databases : DATABASES_MIN);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno != EINTR)
            return false;
        bytes = slice_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return true;
}

static int write_configuration(const char *file, const struct redis_settings *redis,
                               const char *directory, struct err *err)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct buf text = {0};
    int rc = 0;

    add_configuration(&text, redis, directory);
    if (fd < 0 || !write_all(fd, buf_slice(&text)))
        rc = err_set(err, ERR_INVALID, "cannot write %s: %s", file, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    buf_free(&text);
    return rc;
}

static int check_socket(const char *address, struct err *err)
{
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;

    if (strlen(address) - strlen(UNIX_PREFIX) <= room)
        return 0;
    return err_set(
        err, ERR_INVALID,
        "the path of the private Redis socket in log.directory is too long: %s; allowed: "
        "%zu characters",
        address + strlen(UNIX_PREFIX), room);
}

/* It is reached by its socket only, in a folder that is ours alone. */
static int check_login(const struct redis_settings *redis, struct err *err)
{
    if (!redis->tls && !redis->username[0] && !redis->password_file[0])
        return 0;
    return err_set(err, ERR_INVALID,
                   "redis.tls, username and password_file are for a Redis of your own: set "
                   "embedded.redis_server to \"\" for one, or leave them out");
}

static bool is_private(const struct conf *conf)
{
    const struct embedded_settings *embedded = conf_values(conf, &EMBEDDED_SECTION);
    return embedded->redis_server[0] != '\0';
}

static void adjust(struct conf *conf)
{
    const struct bus_settings *bus = conf_values(conf, &BUS_SECTION);
    struct buf address = {0};

    buf_addf(&address, UNIX_PREFIX "%s/redis.sock", bus->directory);
    if (is_private(conf))
        conf_set_string(conf, &REDIS_SECTION, "address", buf_str(&address));
    buf_free(&address);
}

static int prepare(const struct conf *conf, struct arena *arena, const char *const **ret_argv,
                   struct err *err)
{
    const struct embedded_settings *embedded = conf_values(conf, &EMBEDDED_SECTION);
    const struct redis_settings *redis = conf_values(conf, &REDIS_SECTION);
    const struct bus_settings *bus = conf_values(conf, &BUS_SECTION);
    const char **argv = arena_alloc(arena, 3 * sizeof *argv);

    if (!is_private(conf))
        return 0;
    argv[0] = find_program(embedded->redis_server, arena);
    if (!argv[0])
        return err_set(err, ERR_INVALID, "embedded.redis_server: there is no program %s",
                       embedded->redis_server);
    argv[1] = arena_printf(arena, "%s/redis.conf", bus->directory).at;
    if (check_login(redis, err) != 0 || check_socket(redis->address, err) != 0 ||
        write_configuration(argv[1], redis, bus->directory, err) != 0)
        return -1;
    *ret_argv = argv;
    return 0;
}

static bool is_up(const struct conf *conf)
{
    const struct redis_settings *redis = conf_values(conf, &REDIS_SECTION);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)strncpy(address.sun_path, redis->address + strlen(UNIX_PREFIX),
                  sizeof address.sun_path - 1);
    bool is_up = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_up;
}

static void remove_files(int folder)
{
    DIR *entries = fdopendir(folder);
    const struct dirent *entry;

    if (!entries) {
        (void)close(folder);
        return;
    }
    while ((entry = readdir(entries)) != NULL)
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    (void)closedir(entries);
}

/* An append-only file that Redis cannot read would keep it from ever starting; it is an index, and
 * the log has everything. */
static void on_failed(const struct conf *conf)
{
    const struct bus_settings *bus = conf_values(conf, &BUS_SECTION);
    struct buf path = {0};

    buf_addf(&path, "%s/" APPEND_FOLDER, bus->directory);
    int folder = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        remove_files(folder);
    buf_free(&path);
}

const struct service_child REDIS_CHILD = {
    .section = &EMBEDDED_SECTION,
    .adjust = adjust,
    .prepare = prepare,
    .is_up = is_up,
    .on_failed = on_failed,
};
