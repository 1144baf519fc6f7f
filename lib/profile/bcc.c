/* SPDX-License-Identifier: Apache-2.0
 * The form of an archive's host. */
#include "profile/bcc.h"

#include <arpa/inet.h>

#include "mail/address.h"

static bool is_ipv6(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1;
}

int bcc_check_host(const char *host, struct err *err)
{
    /* An IPv4 address has the form of a domain. */
    if (*host == '\0' || mail_domain_is_valid(slice_str(host)) || is_ipv6(host))
        return 0;
    return err_set(err, ERR_INVALID,
                   "\"%s\" is no host; allowed: a host name, an IPv4 or an IPv6 address without "
                   "brackets and port, or \"\" for no copies",
                   host);
}
