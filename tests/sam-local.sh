#!/usr/bin/env bash
# What `sam build` made, run by `sam local` in Docker: functions, stand-ins and a Secrets Manager (moto) on a network of
# their own, requests by curl, then every file of events/. Nothing is pulled: where the base image that SAM asks for is
# missing, this machine's own release of Debian or Ubuntu stands in for it, as the binary is all that runs in it.
#   tests/sam-local.sh         as a step of with-tools.sh, which has installed the tools and run `sam build`
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=$PWD/target/tools
FOLDER=$PWD/target/sam-local
SANDBOX=${CARGO_TARGET_DIR:-$PWD/target}/debug/sandbox
# What SAM wants for provided.al2023; with layers it builds an image of its own from it.
BASE=public.ecr.aws/lambda/provided:al2023-x86_64
NAME=omps-sam-local-$$
API=http://127.0.0.1:18120
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test

if ! docker version >/dev/null 2>&1; then
    echo "sam-local: NOT RUN, no Docker daemon answers"
    exit
fi

# One at a time: the image's name and the port are the whole machine's.
exec 9>/tmp/omps-sam-local.lock
flock 9

api_pid=
base_before=$(docker image inspect -f '{{.Id}}' "$BASE" 2>/dev/null || true)
stop_all() {
    if [ -n "$api_pid" ]; then kill "$api_pid" 2>/dev/null && wait "$api_pid" || true; fi
    docker rm -f "$NAME-stand-ins" "$NAME-moto" >/dev/null 2>&1 || true
    docker network rm "$NAME" >/dev/null 2>&1 || true
    # The name is not ours: nobody shall take the stand-in for the real image later.
    if [ -n "$base_before" ]; then docker tag "$base_before" "$BASE"; else docker rmi "$BASE" >/dev/null 2>&1 || true; fi
}
trap stop_all EXIT

# A root file system with a C library, made once.
if ! docker image inspect omps-test-root >/dev/null 2>&1; then
    command -v debootstrap >/dev/null || { apt-get -qq update && apt-get -qq install -y debootstrap; }
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=ca-certificates "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" \
        >target/debootstrap.log
    tar -C "$root" -c . | docker import - omps-test-root >/dev/null
    rm -rf "$root"
fi

mkdir -p "$FOLDER"
rm -rf "$FOLDER/sandbox"
docker network create "$NAME" >/dev/null
wait_for() {
    curl -s --max-time 5 --retry 60 --retry-delay 1 --retry-all-errors -o /dev/null "$1" || {
        echo "nothing answers at $1" >&2
        docker logs "$NAME-stand-ins" >&2
        exit 1
    }
}
address() { docker inspect -f "{{(index .NetworkSettings.Networks \"$NAME\").IPAddress}}" "$1"; }

# The stand-ins, on the ports that events/env.json names.
docker run -d --name "$NAME-stand-ins" --network "$NAME" --network-alias stand-ins \
    -v "$SANDBOX:/sandbox:ro" -v "$PWD/tests/fixtures:$PWD/tests/fixtures:ro" -v "$FOLDER:/folder" omps-test-root \
    /sandbox --app-registry --listen 0.0.0.0:8080 --quay 0.0.0.0:8081 --koji 0.0.0.0:8082 --greenwave 0.0.0.0:8083 \
    --folder /folder/sandbox >/dev/null

# moto, with this machine's Python.
python_home=$("$TOOLS/bin/python" -c 'import sys; print(sys.base_prefix)')
docker run -d --name "$NAME-moto" --network "$NAME" \
    -v /usr:/usr:ro $([ "$python_home" = /usr ] || echo -v "$python_home:$python_home:ro") -v "$TOOLS:$TOOLS:ro" \
    omps-test-root "$TOOLS/bin/python" -m moto.server -H 0.0.0.0 -p 5000 >/dev/null
moto=http://$(address "$NAME-moto"):5000
quay=http://$(address "$NAME-stand-ins"):8081
wait_for "$moto/moto-api/"
wait_for "$quay/cnr/version"
"$TOOLS/bin/python" tests/tools/seed_aws.py "$moto" "$FOLDER/sandbox/larder-operator.zip"

# SAM hands a function only the variables that its template names, so the image has moto's address. As a number: to a name,
# S3's client would put the bucket's in front.
docker build -q -t "$BASE" - >"$FOLDER/base.log" 2>&1 <<DOCKERFILE || { cat "$FOLDER/base.log"; exit 1; }
FROM ${base_before:-omps-test-root}
ENV AWS_ENDPOINT_URL=$moto
WORKDIR /var/task
DOCKERFILE

options=(--skip-pull-image --docker-network "$NAME" --env-vars events/env.json)
echo "\$ sam local start-api --port ${API##*:} ${options[*]}"
"$TOOLS/bin/sam" local start-api --host 127.0.0.1 --port "${API##*:}" --warm-containers LAZY "${options[@]}" \
    >"$FOLDER/start-api.log" 2>&1 9>&- &
api_pid=$!
wait_for "$API/"
"$TOOLS/bin/python" tests/tools/sam_local.py "$API" "$quay" "$FOLDER/sandbox/larder-operator.zip" "${options[@]}" || {
    tail -40 "$FOLDER/start-api.log"
    exit 1
}
