#!/usr/bin/env bash
# The container, built and run with Docker beside the stand-ins, on a network of its own: it lives as nobody special,
# pushes, trusts a CA that it is told of, and finishes a push in the middle of which it is stopped.
#
# No base image is pulled. Both are made here, the builder with this machine's Rust toolchain and its cargo's downloads,
# and kept as archives in target/container; everything that Docker gets is removed at the end. Needs root, for debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."

NAME=omps-container-test
KEPT=$PWD/target/container
TOKEN="basic $(printf 'testorg+omps:TESTORGROBOTTOKEN' | base64)"

if ! docker info >/dev/null 2>&1; then
    echo "container: NOT RUN, no Docker daemon answers"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "container: NOT RUN, making its base images needs root"
    exit 0
fi

remove_all() {
    docker rm --force $NAME-quay $NAME-plain $NAME-distrusting $NAME-trusting >/dev/null 2>&1 || true
    docker network rm $NAME >/dev/null 2>&1 || true
    for image in service stages stand-ins builder runtime; do
        docker rmi --force $NAME-$image >/dev/null 2>&1 || true
    done
}

fail() {
    echo "container: $*" >&2
    for container in quay plain distrusting trusting; do
        echo "-- log of $container" >&2
        docker logs --tail 20 "$NAME-$container" >&2 2>&1 || true
    done
    exit 1
}

# expect WHAT FOUND WANTED: WANTED is a pattern.
expect() {
    # shellcheck disable=SC2053
    [[ $2 == $3 ]] || fail "$1: found '$2', wanted '$3'"
    echo "container: $1: $2"
}

# Two archives of Debian: runtime is the least of it, builder has a C compiler too.
make_roots() {
    [ ! -e "$KEPT/builder.tar" ] || return 0
    command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -qq -y debootstrap; }
    local suite root=$WORK/root
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mkdir -p "$KEPT"
    debootstrap --variant=minbase "$suite" "$root" >"$KEPT/debootstrap.log"
    in_root "$root" clean
    tar -C "$root" -cf "$KEPT/runtime.tar" .
    in_root "$root" update
    in_root "$root" install -y --no-install-recommends gcc libc6-dev ca-certificates
    in_root "$root" clean
    tar -C "$root" -cf "$KEPT/builder.tar.part" .
    mv "$KEPT/builder.tar.part" "$KEPT/builder.tar"
    rm -rf "$root"
}

in_root() {
    local root=$1
    shift
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -qq "$@" >>"$KEPT/debootstrap.log" 2>&1
}

# The builder is offline: it has the toolchain, what cargo has downloaded, and the dependencies as they are compiled here.
import_bases() {
    docker import "$KEPT/runtime.tar" $NAME-runtime >/dev/null
    local cargo=${CARGO_HOME:-$HOME/.cargo} target=${CARGO_TARGET_DIR:-target} archive=$WORK/builder.tar rust host
    rust=$(rustc --print sysroot)
    host=$(rustc -vV | sed -n 's/^host: //p')
    cargo build --quiet --locked -p omps-server --message-format json | grep -oE -- '-[0-9a-f]{16}\b' | sort -u >"$WORK/hashes"
    (cd "$target/debug" && find deps build .fingerprint -mindepth 1 -maxdepth 1) | grep -F -f "$WORK/hashes" >"$WORK/compiled"
    (cd / && find "${rust#/}/lib" -maxdepth 1 -name '*.so*') >"$WORK/toolchain"
    printf '%s\n' "${rust#/}"/{bin/cargo,bin/rustc,"lib/rustlib/$host"} "${cargo#/}"/registry/{index,cache} >>"$WORK/toolchain"
    [ ! -e "$cargo/config.toml" ] || echo "${cargo#/}/config.toml" >>"$WORK/toolchain"
    cp "$KEPT/builder.tar" "$archive"
    tar -C / -rf "$archive" -T "$WORK/toolchain"
    tar -C "$target/debug" -rf "$archive" --transform 's,^,src/target/debug/,' -T "$WORK/compiled"
    docker import --change "ENV PATH=$rust/bin:/usr/sbin:/usr/bin:/sbin:/bin" --change "ENV CARGO_HOME=$cargo" \
        --change "ENV CARGO_NET_OFFLINE=true" "$archive" $NAME-builder >/dev/null
    rm "$archive"
}

# build IMAGE ARGUMENT…: twice if need be, since Docker's old builder was seen to lose a layer between two stages.
build() {
    local image=$1
    shift
    docker build --tag "$NAME-$image" "$@" >"$KEPT/$image.log" 2>&1 ||
        docker build --tag "$NAME-$image" "$@" >>"$KEPT/$image.log" 2>&1 ||
        fail "$image does not build: $(tail -n 30 "$KEPT/$image.log")"
}

# The profile `dev` spares the minutes that the deployed one takes; the rest of the Dockerfile is as it is. The first
# stage has a name of its own, by which it is removed.
build_service() {
    local arguments=(--build-arg "BUILDER=$NAME-builder" --build-arg "RUNTIME=$NAME-runtime" --build-arg PROFILE=dev
        --build-arg VERSION=0.0.0-test --file "$WORK/Dockerfile")
    # Cache mounts would hide what the builder has compiled, and Docker's old builder knows none.
    sed -E 's/--mount=[^ ]+ //' Dockerfile >"$WORK/Dockerfile"
    build stages --target builder "${arguments[@]}" .
    build service "${arguments[@]}" .
}

# The sandbox reads its sample operator where it was built.
start_stand_ins() {
    cargo build --quiet --locked --workspace --bin sandbox
    mkdir "$WORK/stand-ins"
    cp "${CARGO_TARGET_DIR:-target}/debug/sandbox" "$WORK/stand-ins/"
    cp -r tests/fixtures "$WORK/stand-ins/"
    printf 'FROM %s\nCOPY sandbox /usr/local/bin/\nCOPY fixtures %s\n' $NAME-runtime "$PWD/tests/fixtures" \
        >"$WORK/stand-ins/Dockerfile"
    build stand-ins "$WORK/stand-ins"
    docker network create $NAME >/dev/null
    docker run --detach --init --name $NAME-quay --network $NAME --network-alias quay $NAME-stand-ins \
        sandbox --app-registry --quay 0.0.0.0:8081 --tls quay:8443 --ca 0.0.0.0:8085 --slow 4 --folder /tmp >/dev/null
}

# run NAME SETTING…: the service under these settings, once Docker finds it healthy.
run() {
    local name=$1 settings=()
    shift
    for setting in "$@"; do settings+=(--env "$setting"); done
    docker run --detach --name "$NAME-$name" --network $NAME --publish 127.0.0.1::8080 --health-interval 1s \
        "${settings[@]}" $NAME-service >/dev/null
    local health=
    for _ in $(seq 60); do
        health=$(docker inspect --format '{{.State.Health.Status}}' "$NAME-$name")
        [ "$health" != healthy ] || break
        sleep 0.5
    done
    expect "$name: health, as Docker asks for it" "$health" healthy
}

# url NAME PATH
url() {
    echo "http://$(docker port "$NAME-$1" 8080/tcp | head -1)$2"
}

# push NAME: pushes the sample operator, prints status and answer.
push() {
    curl -s -w '%{http_code} ' -o "$WORK/$1.json" -H "Authorization: $TOKEN" -F "file=@$WORK/sample.zip" \
        "$(url "$1" /v2/testorg/zipfile)"
    sed 's/"extracted_files":\[[^]]*\],//' "$WORK/$1.json"
}

check_image() {
    local label='{{index .Config.Labels "org.opencontainers.image.%s"}}'
    # shellcheck disable=SC2059
    local config="{{.Config.User}} $(printf "$label" title) $(printf "$label" version) {{.Config.Healthcheck.Test}}"
    expect "user, title, version, healthcheck" "$(docker inspect --format "$config" $NAME-service)" \
        '1001 omps 0.0.0-test \[CMD omps-server --healthcheck\]'
    local base size binary
    base=$(docker inspect --format '{{.Size}}' $NAME-runtime)
    size=$(docker inspect --format '{{.Size}}' $NAME-service)
    # The program and the CAs of the system, and nothing else.
    binary=$(docker run --rm --entrypoint stat $NAME-service -c %s /usr/local/bin/omps-server)
    ((size - base < binary + (4 << 20))) || fail "the image has $((size - base - binary)) bytes beside its base and the program"
    local builders="/src ${CARGO_HOME:-$HOME/.cargo} $(rustc --print sysroot) /usr/bin/gcc"
    expect "what the image keeps of its builder" \
        "$(docker run --rm --entrypoint sh $NAME-service -c "for path in $builders; do [ ! -e \$path ] || echo \$path; done")" ""
}

remove_all
WORK=$(mktemp -d)
trap 'remove_all; rm -rf "$WORK"' EXIT
make_roots
import_bases
build_service
check_image
start_stand_ins

run plain OMPS_RELEASE_FORMAT=app-registry OMPS_QUAY_URL=http://quay:8081
docker cp $NAME-quay:/tmp/larder-operator.zip "$WORK/sample.zip" >/dev/null
expect "runs as" "$(docker exec $NAME-plain id -u)" 1001
expect "healthcheck in the container" "$(docker exec $NAME-plain omps-server --healthcheck && echo healthy)" healthy
expect "push" "$(push plain)" '200 *"version":"1.0.0"*'

push plain >"$WORK/stopped" &
pushing=$!
sleep 2
docker stop --time 20 $NAME-plain >/dev/null
wait $pushing
expect "push that was under way when the container was stopped" "$(cat "$WORK/stopped")" '200 *"version":"2.0.0"*'
expect "exit code" "$(docker inspect --format '{{.State.ExitCode}}' $NAME-plain)" 0

run distrusting OMPS_RELEASE_FORMAT=app-registry OMPS_QUAY_URL=https://quay:8443
expect "push to a Quay of an unknown CA" "$(push distrusting)" '500 *"QuayPackageError"*UnknownIssuer*'
run trusting OMPS_RELEASE_FORMAT=app-registry OMPS_QUAY_URL=https://quay:8443 CA_URL=http://quay:8085/ca.pem
expect "push to a Quay of a CA that CA_URL tells" "$(push trusting)" '200 *"version":"3.0.0"*'
