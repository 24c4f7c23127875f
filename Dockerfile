# One static binary on a base that holds certificates and a user, and no shell.
# Built for any architecture by a builder of that architecture: `docker build .`, or buildx with native nodes.

FROM docker.io/library/rust:1.95-slim-bookworm AS build
ARG REVISION=
WORKDIR /qscale
COPY . .
# The target is named, even where it is the builder's own, because only then do RUSTFLAGS spare build scripts and
# procedural macros, which cannot be static. glibc's resolver for hosts files and DNS is inside the binary too. Random
# numbers come from the kernel's own call, which a static binary would not look for: not even /dev is needed. The binary is
# loaded at a fixed address, as those of Go are: without relocations it starts sooner and needs less memory.
# `make dist` reads the same flags.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/qscale/target,sharing=locked \
    target="$(rustc -vV | sed -n 's/^host: //p')" && \
    RUSTFLAGS="$(cat packaging/static.rustflags)" \
    QSCALE_COMMIT="$REVISION" \
    cargo build --locked --release --target "$target" && \
    cp "target/$target/release/qscale" /usr/local/bin/qscale

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="qscale" \
      org.opencontainers.image.description="Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /usr/local/bin/qscale /qscale
# By number, so that `runAsNonRoot` can be checked without reading the image's passwd.
USER 65532:65532
ENTRYPOINT ["/qscale"]
