# The service as a container. Both base images can be replaced: --build-arg BUILDER=… --build-arg RUNTIME=…, and so can
# the profile: --build-arg PROFILE=dev builds in a fraction of the time.
ARG BUILDER=docker.io/library/rust:1.95-slim-bookworm
ARG RUNTIME=docker.io/library/debian:bookworm-slim

FROM ${BUILDER} AS builder
ARG PROFILE=release
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY shared shared
COPY functions functions
COPY tests tests
RUN cargo build --locked --profile ${PROFILE} -p omps-server && cp target/*/omps-server /omps-server

FROM ${RUNTIME}
LABEL org.opencontainers.image.title="omps" \
      org.opencontainers.image.description="Operators Manifests Push Service" \
      org.opencontainers.image.licenses="Apache-2.0"
# The CAs that the system trusts come from the builder, which needed them to fetch its crates.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder /omps-server /usr/local/bin/omps-server
USER 1001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s CMD ["omps-server", "--healthcheck"]
ENTRYPOINT ["omps-server"]
