# The gateway as an image: one program on a distroless base, run by nobody in particular, with nothing to write to.
#
#   buildah build --format docker --build-arg TONKHO_REVISION="$(git rev-parse HEAD)" --tag tonkho .
#
# Plain layers only (no heredocs, no COPY --link, no cache mounts), so that every builder can build it. `--format docker`
# because the OCI format has no HEALTHCHECK.

FROM docker.io/library/rust:1-bookworm AS build
# The same sources make the same program: no dates, and no path of the machine that builds. Relocations are packed, which
# glibc 2.36 can read: Debian 12's, here and below. They are half a megabyte otherwise.
ENV SOURCE_DATE_EPOCH=0 \
    CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=/build=. --remap-path-prefix=/usr/local/cargo=cargo -Clink-arg=-Wl,-z,pack-relative-relocs" \
    CFLAGS="-ffile-prefix-map=/usr/local/cargo=cargo -ffile-prefix-map=/build=."
WORKDIR /build

# The compiler is the image's: rust-toolchain.toml is not copied, so that rustup has nothing to download.
# The dependencies first, under sources that do nothing: this layer is built anew only when the manifest changes. This does
# what cargo-chef would do, without a further tool to build: each target that the manifest names gets a file of one line. The
# package's own outcome is thrown away, since cargo goes by file times and would take it for the real one.
COPY Cargo.toml Cargo.lock ./
RUN while IFS='"' read -r key file _; do \
        if [ "$key" = 'path = ' ]; then \
            mkdir -p "$(dirname "$file")" && echo '//! Stands in for the sources.' > "$file"; \
        fi; \
    done < Cargo.toml \
    && echo 'fn main() {}' >> src/main.rs \
    && cargo build --profile dist --locked --bin tonkho \
    && cargo clean --profile dist --package tonkho \
    && rm -r src

COPY src src
# Shown by the metric tonkho_build_info. Only here, so that a new revision does not build the dependencies anew.
ARG TONKHO_REVISION=unknown
RUN TONKHO_REVISION="$TONKHO_REVISION" cargo build --profile dist --locked --bin tonkho \
    && install -D -m 0755 target/dist/tonkho /image/usr/local/bin/tonkho \
    # The working directory: a tonkho.toml that is mounted here is found.
    && install -d -m 0755 /image/etc/tonkho

FROM gcr.io/distroless/cc-debian12:nonroot
ARG TONKHO_VERSION=0.1.0
ARG TONKHO_REVISION=unknown
LABEL org.opencontainers.image.title="tonkho" \
      org.opencontainers.image.description="A caching, batching gateway in front of Haravan's inventory endpoint" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$TONKHO_VERSION" \
      org.opencontainers.image.revision="$TONKHO_REVISION" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
COPY --from=build /image/ /
# In a container, loopback is nobody.
ENV TONKHO__SERVER__LISTEN=0.0.0.0:8080
WORKDIR /etc/tonkho
# In digits, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 8080
# Ready within a fraction of a second. It asks where `serve` listens, by the same variable or file.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/usr/local/bin/tonkho", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/tonkho"]
CMD ["serve"]
