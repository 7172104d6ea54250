# The service as a container. Needs BuildKit for its cache mounts; docs/deploying.md has the commands.
#
# The bases are tags. A digest that nobody has pulled cannot be known, so pin them when you build:
#   --build-arg BUILDER=docker.io/library/rust:1.95-slim-trixie@sha256:… --build-arg RUNTIME=…
# Other bases do as well: the builder needs Rust, a C compiler and CA certificates, the runtime glibc, no older than the
# builder's. --build-arg PROFILE=dev builds in a fraction of the time.
ARG BUILDER=docker.io/library/rust:1.95-slim-trixie
ARG RUNTIME=docker.io/library/debian:trixie-slim

FROM ${BUILDER} AS builder
ARG PROFILE=release
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY shared shared
COPY functions functions
COPY tests tests
# The folder of the profile `dev` is `debug`. What is in a cache mount is in no layer, hence the copy.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --profile "${PROFILE}" -p omps-server \
    && cp "target/$([ "${PROFILE}" = dev ] && echo debug || echo "${PROFILE}")/omps-server" /omps-server

FROM ${RUNTIME}
ARG RUNTIME
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="omps" \
      org.opencontainers.image.description="Operators Manifests Push Service" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${RUNTIME}"
# The CAs that the system trusts come from the builder, which needed them to fetch its crates.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder /omps-server /usr/local/bin/omps-server
USER 1001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s CMD ["omps-server", "--healthcheck"]
ENTRYPOINT ["omps-server"]
