/* SPDX-License-Identifier: Apache-2.0
 * A new password, from whoever sits there or from a script. It is never shown, and overwritten when
 * it is of no use any more. */
#include "ctl/user_password.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "smtp/server.h"

/* One line without its end. A byte at a time: what follows is not ours. */
static int read_line(int fd, struct buf *line, struct err *err)
{
    buf_reserve(line, SMTP_CREDENTIAL_MAX + 1);
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_INVALID, "the password cannot be read: %s", strerror(errno));
        if (got == 0 || c == '\n')
            return 0;
        if (line->len == SMTP_CREDENTIAL_MAX)
            return err_set(err, ERR_INVALID, "a password has at most %d octets",
                           SMTP_CREDENTIAL_MAX);
        buf_add_char(line, c);
    }
}

static int check(struct slice password, struct err *err)
{
    if (password.len == 0)
        return err_set(err, ERR_INVALID, "an empty password is none: nothing was changed");
    for (size_t i = 0; i < password.len; i++)
        if ((unsigned char)password.at[i] < ' ' || password.at[i] == 0x7f)
            return err_set(err, ERR_INVALID,
                           "a password has no control characters: nothing was changed");
    return 0;
}

static void prompt(int terminal, const char *text)
{
    struct slice rest = slice_str(text);

    while (rest.len) {
        ssize_t written = write(terminal, rest.at, rest.len);
        if (written <= 0)
            return;
        rest = slice_skip(rest, (size_t)written);
    }
}

static int ask_twice(int terminal, struct buf *password, struct err *err)
{
    struct buf again = {0};

    prompt(terminal, "Password: ");
    int rc = read_line(terminal, password, err);
    prompt(terminal, "\nThe same again: ");
    if (rc == 0)
        rc = read_line(terminal, &again, err);
    prompt(terminal, "\n");
    if (rc == 0 && !slice_eq(buf_slice(password), buf_slice(&again)))
        rc = err_set(err, ERR_INVALID, "the two passwords differ: nothing was changed");
    buf_wipe(&again);
    return rc;
}

/* Ctrl-C comes as an octet, which a password must not have: the echo is never left off. */
static int ask_terminal(struct buf *password, struct err *err)
{
    struct termios before, silent;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (terminal < 0 || tcgetattr(terminal, &before) < 0) {
        if (terminal >= 0)
            (void)close(terminal);
        return err_set(err, ERR_INVALID,
                       "there is no terminal to ask for the password: give --password-stdin");
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    int rc = tcsetattr(terminal, TCSAFLUSH, &silent) == 0
                 ? ask_twice(terminal, password, err)
                 : err_set(err, ERR_INVALID,
                           "the terminal would show the password; allowed: --password-stdin");
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    (void)close(terminal);
    return rc;
}

int user_password_ask(bool is_from_stdin, struct buf *ret_password, struct err *err)
{
    struct buf password = {0};
    int rc = is_from_stdin ? read_line(STDIN_FILENO, &password, err) : ask_terminal(&password, err);

    if (rc == 0)
        rc = check(buf_slice(&password), err);
    if (rc < 0) {
        buf_wipe(&password);
        return -1;
    }
    *ret_password = password;
    return 0;
}
