#!/usr/bin/env bash
# The client for OCI registries in front of Debian's docker-registry, open and behind passwords, and what skopeo and umoci
# read there. Needs docker-registry, skopeo, umoci and apache2-utils (htpasswd), which it installs with apt.
#   tests/tools/oci_real.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

PORT=${PORT:-15900}
WORK=$(mktemp -d)
pid=

stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    pid=
}
trap 'stop; rm -rf "$WORK"' EXIT

install() {
    local missing=()
    for program in docker-registry skopeo umoci; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    command -v htpasswd >/dev/null || missing+=(apache2-utils)
    if [ ${#missing[@]} -gt 0 ]; then apt-get update -qq && apt-get install -qq -y "${missing[@]}" >/dev/null; fi
}

# serve NAME [AUTH]: starts a registry with an empty store of its own.
serve() {
    stop
    cat >"$WORK/$1.yml" <<END
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: $WORK/$1.store}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$PORT", secret: test}
${2:-}
END
    docker-registry serve "$WORK/$1.yml" >"$WORK/$1.log" 2>&1 &
    pid=$!
    for _ in $(seq 100); do
        if curl -s -o /dev/null "http://127.0.0.1:$PORT/v2/"; then return; fi
        sleep 0.1
    done
    cat "$WORK/$1.log" >&2
    exit 1
}

# The requests of one log, as `METHOD path` without ids, counted.
requests() {
    grep -aoE '"(GET|HEAD|POST|PUT|PATCH|DELETE) /v2/[^ ?"]*' "$1" | tr -d '"' |
        sed -E 's/sha256:[0-9a-f]{64}/{digest}/; s#uploads/[0-9a-f-]{36}#uploads/{upload}#' | sort | uniq -c
}

run_client() {
    OCI_REGISTRY_URL=http://127.0.0.1:$PORT cargo test --locked --workspace --test api oci::real::a_real -- --ignored
}

install

# An image of one layer, as an OCI layout.
mkdir -p "$WORK/content/manifests"
echo "kind: Example" >"$WORK/content/manifests/example.yaml"
umoci init --layout "$WORK/layout"
umoci new --image "$WORK/layout:first"
umoci insert --rootless --image "$WORK/layout:first" "$WORK/content/manifests" /manifests

echo "-- skopeo in front of the stand-in"
OCI_LAYOUT=$WORK/layout:first cargo test --locked --workspace --test api oci::real::skopeo -- --ignored

echo "-- open"
serve open
run_client
requests "$WORK/open.log"
OCI_REGISTRY_URL=http://127.0.0.1:$PORT cargo test --locked --workspace --test api oci::exchanges -- --ignored
image=docker://127.0.0.1:$PORT/testorg/doorbell-operator
skopeo list-tags --tls-verify=false "$image"
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "$image:1.0.0")
raw=sha256:$(skopeo inspect --tls-verify=false --raw "$image:1.0.0" | sha256sum | cut -d' ' -f1)
echo "skopeo inspect: $digest"
[ "$digest" = "$raw" ]

echo "-- behind passwords"
htpasswd -Bbn org+robot secret >"$WORK/passwords" 2>/dev/null
serve passwords "auth: {htpasswd: {realm: test, path: $WORK/passwords}}"
OCI_REGISTRY_LOGIN=org+robot:secret run_client

echo "-- what skopeo needs for an image of one layer"
serve skopeo
skopeo copy --quiet --dest-tls-verify=false "oci:$WORK/layout:first" "$image:first"
requests "$WORK/skopeo.log"
skopeo copy --quiet --src-tls-verify=false "$image:first" "oci:$WORK/copy:first"
umoci unpack --rootless --image "$WORK/copy:first" "$WORK/unpacked"
cmp "$WORK/content/manifests/example.yaml" "$WORK/unpacked/rootfs/manifests/example.yaml"
echo "skopeo again:"
: >"$WORK/skopeo.log"
skopeo copy --quiet --dest-tls-verify=false "oci:$WORK/layout:first" "$image:second"
requests "$WORK/skopeo.log"
