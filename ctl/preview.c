/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl preview bounce|from|received|retry: the settings at work, before they are. */
#include "ctl/preview.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: hikyakuctl preview bounce   [OPTION]... [--failure NAME] [--format multipart|simple]\n"
    "                                   [--sender ADDRESS]\n"
    "       hikyakuctl preview from     [OPTION]... --sender ADDRESS [--header-from TEXT]\n"
    "                                   [--public-port PORT]\n"
    "       hikyakuctl preview received [OPTION]... --helo NAME --client IP [--local IP]\n"
    "       hikyakuctl preview retry    [OPTION]...\n"
    "\n"
    "Shows what the settings would do, without a service and without a mail.\n"
    "\n"
    "  bounce    the mail a sender gets about a failure, octet by octet\n"
    "  from      the envelope From a mail would go out with, whose rule decided, and whether its\n"
    "            bounce would be forwarded to the original sender, or why not\n"
    "  received  what our hop would do to the header in each Received mode\n"
    "  retry     when a mail that is always refused would be tried again, and when given up;\n"
    "            attempts are taken to last no time\n"
    "\n"
    "options of all:\n"
    "  -c FILE            configuration of the services: sections configurations,\n"
    "                     sending_domains, bounces, ingress, bouncer; without it: the defaults\n"
    "  --configuration NAME  one of the list configurations; default where it is not given\n"
    "  --set S.N=VALUE    overrides one setting of the file; may be repeated\n"
    "  --json             print the result as JSON\n"
    "\n"
    "bounce:\n"
    "  --failure NAME     unknown-user where it is not given; --failure \"?\" lists them\n"
    "  --format FORMAT    multipart or simple; that of the configuration where it is not given\n"
    "  --sender ADDRESS   the envelope From as submitted; app-42@shop.example where it is not "
    "given\n"
    "from:\n"
    "  --sender ADDRESS   the envelope From as submitted; \"<>\" for none\n"
    "  --header-from TEXT the From field of the header; without it only the envelope counts\n"
    "  --public-port PORT of the listener that takes the mail; 25 where it is not given, as in\n"
    "                     the section listeners\n"
    "received:\n"
    "  --helo NAME        what the client says in EHLO\n"
    "  --client IP        the client's address\n"
    "  --local IP         the address it connected to; 127.0.0.1 where it is not given\n"
    "\n"
    "exit: 0 shown; 2 wrong arguments or configuration\n"
    "\n"
    "examples:\n"
    "  hikyakuctl preview bounce -c hikyaku.conf --failure mailbox-full --format simple\n"
    "  hikyakuctl preview from -c hikyaku.conf --sender app-42@shop.example \\\n"
    "                          --header-from 'Shop <news@shop.example>' --public-port 587\n"
    "  hikyakuctl preview received -c hikyaku.conf --helo app.shop.example --client 192.0.2.1\n"
    "  hikyakuctl preview retry --configuration bulk -c hikyaku.conf\n"
    "  hikyakuctl preview retry --set configurations.[0].retry.interval=geometric \\\n"
    "                           --set configurations.[0].retry.a_s=60\n";

static const struct preview *const PREVIEWS[] = {&PREVIEW_BOUNCE, &PREVIEW_FROM, &PREVIEW_RECEIVED,
                                                 &PREVIEW_RETRY};
#define PREVIEW_COUNT (sizeof PREVIEWS / sizeof PREVIEWS[0])

static enum ctl_exit run(const struct arguments *arguments)
{
    const char *what = arguments->words[1];

    for (size_t i = 0; what && !arguments->words[2] && i < PREVIEW_COUNT; i++)
        if (strcmp(what, PREVIEWS[i]->name) == 0)
            return PREVIEWS[i]->run(arguments);
    (void)fputs("preview needs one of:", stderr);
    for (size_t i = 0; i < PREVIEW_COUNT; i++)
        (void)fprintf(stderr, " %s", PREVIEWS[i]->name);
    (void)fputs(" (see hikyakuctl preview --help)\n", stderr);
    return CTL_USAGE;
}

const struct verb PREVIEW_VERB = {
    .name = "preview",
    .summary = "show what the settings would do",
    .help = HELP,
    .run = run,
};
