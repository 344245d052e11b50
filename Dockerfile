# syntax=docker/dockerfile:1
# The server with its bundled plugins inside.  docker build -t mnemosyne .   or, with volume and health check: docker compose up

FROM docker.io/library/rust:1.95-bookworm AS build
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
# Plugins first: the host embeds target/plugins/*.wasm when it is compiled. Each step selects the whole workspace: choosing a package
# resolves other features and compiles every dependency again. The caches stay outside of the image's layers.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release --workspace --bin plug \
 && target/release/plug build plugins/*/ \
 && cargo build --locked --release --workspace --bin mnemosyne \
 && install -D target/release/mnemosyne /out/mnemosyne

FROM docker.io/library/debian:bookworm-slim
# curl is for the health check; certificates are for PostgreSQL over TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/mnemosyne --shell /usr/sbin/nologin mnemosyne \
 && install -d -o mnemosyne -g mnemosyne -m 0700 /var/lib/mnemosyne
COPY --from=build /out/mnemosyne /usr/local/bin/mnemosyne
COPY LICENSE /usr/share/doc/mnemosyne/LICENSE
USER mnemosyne
WORKDIR /var/lib/mnemosyne
# In a container loopback is the container's own: listen on all addresses, and publish the port on the outer loopback (see compose).
ENV MNEMOSYNE_DATA=/var/lib/mnemosyne MNEMOSYNE_SERVER__LISTEN=0.0.0.0:8080
VOLUME /var/lib/mnemosyne
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/health/ready"]
# SIGTERM drains: calls in flight end, then the process does.
ENTRYPOINT ["mnemosyne"]
CMD ["serve"]
