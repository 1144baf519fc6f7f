/* SPDX-License-Identifier: Apache-2.0
 * Starting, hurting and ending a redis-server that belongs to one test. */
#include "unit/redis/private_redis.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "net/clock.h"

#define WORDS_MAX   32
#define OPTIONS_MAX 12

static _Noreturn void become_redis(const struct private_redis *server, const char *socket,
                                   pid_t test)
{
    const char *words[WORDS_MAX] = {"redis-server",
                                    "--port",
                                    "0",
                                    "--unixsocket",
                                    socket,
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no",
                                    "--dir",
                                    server->directory,
                                    "--logfile",
                                    "redis.log",
                                    "--enable-debug-command",
                                    "yes"};
    size_t count = 15;

    for (size_t i = 0; server->options && server->options[i] && i < OPTIONS_MAX; i++)
        words[count++] = server->options[i];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != test) /* it ended before that call */
        _exit(1);
    (void)execvp(words[0], (char *const *)(void *)words);
    _exit(127);
}

void private_redis_again(struct private_redis *server)
{
    const char *socket = buf_str(&server->socket);
    pid_t test = getpid();

    server->pid = fork();
    ASSERT(server->pid >= 0);
    if (server->pid == 0)
        become_redis(server, socket, test);
}

void private_redis_start(struct private_redis *server, const char *const *options)
{
    *server = (struct private_redis){.directory = "/tmp/hikyaku-redis-XXXXXX", .options = options};
    ASSERT(mkdtemp(server->directory) != NULL);
    buf_addf(&server->socket, "%s/socket", server->directory);
    buf_addf(&server->address, "unix:%s", buf_str(&server->socket));
    private_redis_again(server);
}

void private_redis_kill(struct private_redis *server)
{
    if (server->pid <= 0)
        return;
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void private_redis_freeze(struct private_redis *server)
{
    ASSERT(kill(server->pid, SIGSTOP) == 0);
}

void private_redis_thaw(struct private_redis *server)
{
    ASSERT(kill(server->pid, SIGCONT) == 0);
}

void private_redis_end(struct private_redis *server)
{
    DIR *directory = opendir(server->directory);

    private_redis_kill(server);
    ASSERT(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    (void)closedir(directory);
    (void)rmdir(server->directory);
    buf_free(&server->socket);
    buf_free(&server->address);
}

void private_redis_until(struct loop *loop, const bool *condition)
{
    uint64_t end_ms = clock_monotonic_ms() + PRIVATE_REDIS_WAIT_MS;

    while (!*condition) {
        ASSERT(clock_monotonic_ms() < end_ms);
        loop_turn(loop, 20);
    }
}

static void add_value(struct buf *text, const struct redis_value *value)
{
    if (value->type == REDIS_INT)
        buf_addf(text, "%lld", (long long)value->number);
    else if (value->type == REDIS_NIL)
        buf_add_str(text, "nil");
    else
        buf_add(text, value->text);
    for (size_t i = 0; value->type == REDIS_ARRAY && i < value->count; i++) {
        if (i > 0)
            buf_add_char(text, ' ');
        add_value(text, &value->items[i]);
    }
}

static void on_reply(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct private_redis_reply *reply = owner;

    (void)call;
    reply->type = value->type;
    reply->number = value->number;
    reply->count = value->count;
    add_value(&reply->text, value);
    reply->is_done = true;
}

void private_redis_ask(struct loop *loop, struct redis *redis, const char *command,
                       struct private_redis_reply *reply)
{
    struct redis_call call = {.on_reply = on_reply, .owner = reply};
    struct slice rest = slice_str(command);
    struct slice words[WORDS_MAX];
    size_t count = 0;

    while (rest.len > 0 && count < WORDS_MAX)
        words[count++] = slice_cut(&rest, ' ');
    buf_clear(&reply->text);
    reply->is_done = false;
    redis_command(redis, &call, words, count);
    private_redis_until(loop, &reply->is_done);
    (void)buf_str(&reply->text);
}
