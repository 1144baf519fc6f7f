/* SPDX-License-Identifier: Apache-2.0
 * Tests of the SMTP engines that read like RFC 5321 appendix D. A script is a list of lines:
 *
 *   C: MAIL FROM:<a@b.test>     a line of the client, CRLF is added
 *   C| MAIL FR                  octets of the client as they are; \r \n \0 \t \\ and \xHH mean
 * theirs C+ DATA                     client tests: a further line of the same on_output call S:
 * 250 2.1.0 ...            a line of the server; "..." at the end stands for anything E: ready a
 * callback A: secured                  something the owner does
 *
 * One side is the test's: its neighbouring lines are fed together. What the engine says and calls
 * must follow line by line, nothing more and nothing less. Each script runs twice: whole, and octet
 * by octet. Failures show the line and the transcript. */
#pragma once

#include "smtp/client.h"
#include "smtp/server.h"

/* How input is cut. */
enum dialogue_cut { DIALOGUE_WHOLE, DIALOGUE_OCTETS };

/* The server engine against a scripted client. The owner refuses by local part: nobody@ with
 * 550 5.1.1, later@ with 451 4.2.1; it refuses EHLO banned.test, takes no body from a sender in
 * full.test, and shuts the session down from inside EHLO leaving.test.
 * Events:  helo NAME | mail ADDRESS [PARAMS] | rcpt ADDRESS [PARAMS] | data_end "BODY" | reset |
 *          starttls | quit | refused_body | auth MECHANISM USER PASSWORD (the user at-once is
 *          answered from inside)
 * Acts:    answer CODE [X.Y.Z] TEXT | auth wrong|right|later | secured | shutdown [REASON] | abort
 * | checks: phase NAME, full, helo [NAME] esmtp|smtp */
void dialogue_server(const struct smtp_server_settings *settings, const char *script);
void dialogue_server_cut(const struct smtp_server_settings *settings, const char *script,
                         enum dialogue_cut cut);
/* hostname mx.test, SIZE 1000000, RCPTMAX 5, 10 errors, STARTTLS and DSN. */
struct smtp_server_settings dialogue_server_settings(void);

/* The client engine against a scripted server.
 * Events:  ready | starttls | unusable STAGE CODE TEXT | rcpt ADDRESS STAGE CODE X.Y.Z TEXT (one
 *          per recipient, then) result [reusable] [lost] [uncertain] [unsent] [dsn]
 * Acts:    send N (the Nth of mails) | then N (send it from inside the next on_result) | secured |
 *          lost | quit | stage NAME (checks) | idle (checks) */
void dialogue_client(const struct smtp_client_settings *settings, const struct smtp_mail *mails,
                     const char *script);
void dialogue_client_cut(const struct smtp_client_settings *settings, const struct smtp_mail *mails,
                         const char *script, enum dialogue_cut cut);
