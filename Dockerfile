# SPDX-License-Identifier: Apache-2.0
# One image with all programs:   docker build -t hikyaku:0.1.0 .
# Built by the same two scripts as scripts/run. It runs as nobody in particular, with a read-only root,
# and nothing in it needs a shell.
FROM debian:bookworm-slim AS build
WORKDIR /source
COPY scripts/install-packages scripts/
RUN scripts/install-packages run
COPY . .
RUN scripts/build release \
 && mkdir -p /image/usr/local/bin /image/etc/hikyaku \
 && cp build/release/bin/* /image/usr/local/bin/ \
 && cp examples/embedded.conf /image/etc/hikyaku/hikyaku.conf
# The packages that the programs' libraries come from: what the second stage installs. dpkg knows some
# of them by the name without /usr.
RUN ldd build/release/bin/* | awk '$2 == "=>" {print $3}' | sort -u | xargs -n 1 realpath \
  | sed 'p; s,^/usr,,' | xargs dpkg -S 2> /dev/null | cut -d : -f 1 | sort -u > /image/packages

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="hikyaku" \
      org.opencontainers.image.description="Outbound SMTP relay: ingress, scheduler, sender, bouncer, hikyakuctl" \
      org.opencontainers.image.licenses="Apache-2.0"
# ca-certificates: TLS to Kafka. dns-root-data: DNSSEC. redis-server: the all-in-one program's private index.
RUN --mount=type=bind,from=build,source=/image/packages,target=/tmp/packages \
    apt-get update -qq \
 && xargs apt-get install -y -qq --no-install-recommends ca-certificates dns-root-data redis-server < /tmp/packages \
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/* \
 && install -d -o 65532 -g 65532 /var/lib/hikyaku
COPY --from=build /image/usr/local/bin/ /usr/local/bin/
COPY --from=build /image/etc/hikyaku/ /etc/hikyaku/
# A library that is missing is found here, not in a cluster.
RUN hikyakuctl version && for role in ingress scheduler sender bouncer; do hikyaku-$role --version || exit 1; done
USER 65532:65532
EXPOSE 2525 2587 9090
STOPSIGNAL SIGTERM
CMD ["hikyaku", "-c", "/etc/hikyaku/hikyaku.conf"]
