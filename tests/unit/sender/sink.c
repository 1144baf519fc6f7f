/* SPDX-License-Identifier: Apache-2.0
 * See sink.h. A parser for our own client only: complete lines, no surprises. */
#include "unit/sender/sink.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"

struct sink_stream {
    struct sink *sink;
    struct stream *stream;
    struct list_node node;
    struct buf in;
    struct sink_mail mail;
    size_t number;
    bool in_data, is_held;
};

static void say(struct sink_stream *s, const char *lines, const char *fallback)
{
    const char *text = lines ? lines : fallback;

    if (strcmp(text, "-") == 0)
        return;
    if (!*text) {
        stream_abort(s->stream);
        return;
    }
    stream_write(s->stream, slice_str(text));
    stream_write(s->stream, SLICE("\r\n"));
}

static void copy(char *out, size_t size, struct slice text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    memcpy(out, text.at, len);
    out[len] = '\0';
}

/* The path between the first < and the >. */
static void path_of(struct slice line, char *out, size_t size)
{
    struct slice rest = slice_skip(line, slice_find(line, '<') + 1);

    copy(out, size, slice_sub(rest, 0, slice_find(rest, '>')));
}

static void on_rcpt(struct sink_stream *s, struct slice line)
{
    char path[128], local[128];
    const char *reply = NULL;

    path_of(line, path, sizeof path);
    copy(local, sizeof local, slice_sub(slice_str(path), 0, slice_find(slice_str(path), '@')));
    if (s->sink->says.rcpt)
        reply = s->sink->says.rcpt(local);
    if (!reply || reply[0] == '2') {
        size_t used = strlen(s->mail.rcpts);
        (void)snprintf(s->mail.rcpts + used, sizeof s->mail.rcpts - used, "%s%s", used ? " " : "",
                       path);
    }
    say(s, reply, "250 2.1.5 Ok");
}

/* A transaction begins; what is known of the client stays. */
static void begin_mail(struct sink_stream *s)
{
    struct sink_mail before = s->mail;

    s->mail = (struct sink_mail){.connection = s->number};
    memcpy(s->mail.peer, before.peer, sizeof before.peer);
    memcpy(s->mail.ehlo, before.ehlo, sizeof before.ehlo);
}

static void answer_dot(struct sink_stream *s)
{
    const char *reply = s->sink->says.dot;

    s->is_held = false;
    if ((!reply || reply[0] == '2') && s->sink->mail_count < SINK_MAILS_MAX)
        s->sink->mails[s->sink->mail_count++] = s->mail;
    say(s, reply, "250 2.0.0 Ok");
    begin_mail(s);
}

static void start_tls(struct sink_stream *s)
{
    if (s->sink->tls)
        stream_start_tls(s->stream, s->sink->tls, NULL, 5000);
    else
        stream_close(s->stream);
}

static void on_secured(void *owner)
{
    ((struct sink_stream *)owner)->sink->secured++;
}

static void on_command(struct sink_stream *s, struct slice line)
{
    const struct sink_says *says = &s->sink->says;

    if (slice_starts_nocase(line, SLICE("EHLO"))) {
        copy(s->mail.ehlo, sizeof s->mail.ehlo, slice_skip(line, 5));
        say(s, says->ehlo,
            "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES");
    } else if (slice_starts_nocase(line, SLICE("MAIL"))) {
        path_of(line, s->mail.from, sizeof s->mail.from);
        say(s, says->mail, "250 2.1.0 Ok");
    } else if (slice_starts_nocase(line, SLICE("RCPT"))) {
        on_rcpt(s, line);
    } else if (slice_starts_nocase(line, SLICE("DATA"))) {
        s->in_data = !says->data || says->data[0] == '3';
        say(s, says->data, "354 Go");
    } else if (slice_starts_nocase(line, SLICE("STARTTLS"))) {
        say(s, NULL, "220 2.0.0 Go");
        start_tls(s);
    } else if (slice_starts_nocase(line, SLICE("QUIT"))) {
        s->sink->quits++;
        say(s, NULL, "221 Bye");
        stream_close(s->stream);
    } else {
        say(s, NULL, "250 2.0.0 Ok");
    }
}

static void on_data_line(struct sink_stream *s, struct slice line)
{
    struct sink_mail *mail = &s->mail;

    if (slice_eq(line, SLICE("."))) {
        s->in_data = false;
        if (s->sink->holds_dots)
            s->is_held = true;
        else
            answer_dot(s);
        return;
    }
    if (mail->body_len + line.len + 2 < sizeof mail->body) {
        memcpy(mail->body + mail->body_len, line.at, line.len);
        memcpy(mail->body + mail->body_len + line.len, "\r\n", 2);
    }
    mail->body_len += line.len + 2;
}

static void on_read(void *owner, struct slice bytes)
{
    struct sink_stream *s = owner;
    size_t end;

    buf_add(&s->in, bytes);
    while ((end = slice_find_slice(buf_slice(&s->in), SLICE("\r\n"))) < s->in.len) {
        struct slice line = slice_sub(buf_slice(&s->in), 0, end);
        if (s->in_data)
            on_data_line(s, line);
        else
            on_command(s, line);
        buf_consume(&s->in, end + 2);
    }
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct sink_stream *s = owner;

    (void)reason;
    (void)detail;
    list_remove(&s->sink->streams, &s->node);
    s->sink->open--;
    buf_free(&s->in);
    xfree(s);
}

static const struct stream_ops STREAM_OPS = {
    .on_secured = on_secured, .on_read = on_read, .on_closed = on_closed};

static void on_accept(void *owner, struct stream *stream)
{
    struct sink *sink = owner;
    struct sink_stream *s = xalloc(sizeof *s);
    char ip[NET_ADDRESS_TEXT];

    s->sink = sink;
    s->stream = stream;
    s->number = s->mail.connection = ++sink->connections;
    copy(s->mail.peer, sizeof s->mail.peer, slice_str(net_address_ip(stream_peer(stream), ip)));
    sink->open++;
    list_push(&sink->streams, &s->node);
    stream_set_owner(stream, &STREAM_OPS, s);
    say(s, sink->says.greeting, "220 sink.test ESMTP");
}

void sink_start(struct sink *sink, struct loop *loop)
{
    static const struct listener_ops OPS = {.on_accept = on_accept};
    struct net_address at;
    struct err err;

    *sink = (struct sink){.loop = loop};
    list_init(&sink->streams);
    ASSERT(net_address_parse(SLICE("127.0.0.1"), 0, &at, &err) == 0);
    ASSERT(listener_new(loop, &at, &OPS, sink, &sink->listener, &err) == 0);
}

static struct sink_stream *next_of(struct sink *sink, struct list_node *after)
{
    struct list_node *node = after ? list_next(&sink->streams, after) : list_first(&sink->streams);

    return node ? LIST_OWNER(node, struct sink_stream, node) : NULL;
}

void sink_cut(struct sink *sink)
{
    for (struct sink_stream *s = next_of(sink, NULL); s; s = next_of(sink, &s->node))
        stream_abort(s->stream);
}

void sink_end(struct sink *sink)
{
    listener_free(&sink->listener);
    sink_cut(sink);
    while (sink->open)
        loop_turn(sink->loop, 10);
}

uint16_t sink_port(const struct sink *sink)
{
    return net_address_port(listener_address(sink->listener));
}

void sink_say(struct sink *sink, const char *lines)
{
    for (struct sink_stream *s = next_of(sink, NULL); s; s = next_of(sink, &s->node))
        say(s, lines, "");
}

void sink_answer(struct sink *sink)
{
    for (struct sink_stream *s = next_of(sink, NULL); s; s = next_of(sink, &s->node))
        if (s->is_held)
            answer_dot(s);
}

size_t sink_held(struct sink *sink)
{
    size_t count = 0;

    for (struct sink_stream *s = next_of(sink, NULL); s; s = next_of(sink, &s->node))
        count += s->is_held;
    return count;
}
