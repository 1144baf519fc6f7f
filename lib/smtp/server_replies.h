/* SPDX-License-Identifier: Apache-2.0
 * Every reply the server engine can word itself, in one list: enum, table and the test that checks
 * code against enhanced code (I25) are made from it. The greeting and the EHLO text are built. */
#pragma once

#include "smtp/reply.h"

/* X(name, code, class, subject, detail, text); class 0: no enhanced code (RFC 2034 4: none on the
 * greeting, on HELO and EHLO, and on 3yz). */
/* clang-format off */
#define SERVER_REPLIES(X)                                                                          \
    X(OK,               250, 2, 0, 0, "Ok")                                                        \
    X(SENDER_OK,        250, 2, 1, 0, "Sender ok")                                                 \
    X(RECIPIENT_OK,     250, 2, 1, 5, "Recipient ok")                                              \
    X(QUIT,             221, 2, 0, 0, "Bye")                                                       \
    X(VRFY,             252, 2, 5, 0, "Send the mail and see")                                     \
    X(HELP,             214, 2, 0, 0, "See RFC 5321")                                              \
    X(START_TLS,        220, 2, 0, 0, "Ready to start TLS")                                        \
    X(START_DATA,       354, 0, 0, 0, "End data with <CR><LF>.<CR><LF>")                           \
    X(SHUTDOWN,         421, 4, 3, 2, "Service is shutting down")                                  \
    X(TOO_MANY_ERRORS,  421, 4, 7, 0, "Too many errors")                                           \
    X(AUTH_RIGHT,       235, 2, 7, 0, "Authenticated")                                             \
    X(AUTH_GO_ON,       334, 0, 0, 0, "")                                                          \
    X(AUTH_USER,        334, 0, 0, 0, "VXNlcm5hbWU6")                                              \
    X(AUTH_PASSWORD,    334, 0, 0, 0, "UGFzc3dvcmQ6")                                              \
    X(AUTH_ENOUGH,      421, 4, 7, 0, "Too many failed logins")                                    \
    X(AUTH_LATER,       454, 4, 7, 0, "Passwords cannot be checked now, try again later")          \
    X(AUTH_BLOCKED,     454, 4, 7, 0, "Too many failed logins from your address, try again later") \
    X(AUTH_TOO_LONG,    500, 5, 5, 6, "Line of AUTH is too long")                                  \
    X(AUTH_CANCELLED,   501, 5, 5, 2, "AUTH cancelled")                                            \
    X(AUTH_BAD,         501, 5, 5, 2, "No such credentials: base64 that the mechanism asks for")   \
    X(AUTH_ALREADY,     503, 5, 5, 1, "Authenticated already")                                     \
    X(AUTH_MECHANISM,   504, 5, 5, 4, "Mechanism not offered")                                     \
    X(AUTH_WRONG,       535, 5, 7, 8, "User or password is wrong")                                 \
    X(AUTH_NO_TLS,      538, 5, 7, 11, "Encryption required: STARTTLS first")                      \
    X(EHLO_FIRST,       503, 5, 5, 1, "EHLO first")                                                \
    X(BEHIND_STARTTLS,  421, 4, 7, 0, "Octets behind STARTTLS")                                    \
    X(EARLY_TALKER,     554, 0, 0, 0, "You talked before the greeting")                            \
    X(PIPELINED_EARLY,  554, 5, 5, 0, "Pipelining before it was announced")                        \
    X(NO_ROOM,          452, 4, 3, 1, "No room for this mail now")                                 \
    X(TOO_MANY_RCPTS,   452, 4, 5, 3, "Too many recipients")                                       \
    X(BARE_LF,          500, 5, 5, 2, "Only CRLF ends a line")                                     \
    X(CONTROL,          500, 5, 5, 2, "Control octet in a command")                                \
    X(LINE_TOO_LONG,    500, 5, 5, 2, "Line too long")                                             \
    X(UNKNOWN,          500, 5, 5, 1, "Unknown command")                                           \
    X(NOT_OFFERED,      502, 5, 5, 1, "Command not implemented")                                   \
    X(NO_ARGUMENT,      501, 5, 5, 4, "No argument allowed")                                       \
    X(WANT_ARGUMENT,    501, 5, 5, 4, "Argument missing")                                          \
    X(HELO_SYNTAX,      501, 0, 0, 0, "Want one host name or address literal")                     \
    X(MAIL_SYNTAX,      501, 5, 5, 4, "Want FROM:<address>")                                       \
    X(RCPT_SYNTAX,      501, 5, 5, 4, "Want TO:<address>")                                         \
    X(PARAM_TWICE,      501, 5, 5, 4, "Parameter given twice")                                     \
    X(PARAM_BAD,        501, 5, 5, 4, "Bad value of a parameter")                                  \
    X(PARAM_UNKNOWN,    555, 5, 5, 4, "Parameter not offered")                                     \
    X(NESTED_MAIL,      503, 5, 5, 1, "A mail is under way")                                       \
    X(MAIL_FIRST,       503, 5, 5, 1, "MAIL first")                                                \
    X(RCPT_FIRST,       503, 5, 5, 1, "No valid recipient")                                        \
    X(TLS_ALREADY,      503, 5, 5, 1, "TLS is up already")                                         \
    X(IN_TRANSACTION,   503, 5, 5, 1, "Not inside a transaction")                                  \
    X(TOO_BIG,          552, 5, 3, 4, "Mail is too big")                                           \
    X(LINE_ENDS,        550, 5, 5, 2, "Mail has a bare CR or LF or a disguised end of data")
/* clang-format on */

enum server_reply {
    SERVER_REPLY_NONE, /* code 0: "yes" or "nothing wrong" */
#define SERVER_REPLY_ENUM(name, code, class, subject, detail, text) SERVER_REPLY_##name,
    SERVER_REPLIES(SERVER_REPLY_ENUM)
#undef SERVER_REPLY_ENUM
        SERVER_REPLY_COUNT
};

struct smtp_reply server_reply_of(enum server_reply reply);
