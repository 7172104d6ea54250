#!/usr/bin/env bash
# The tests that need more than Rust: real operators, operator-courier as oracle, the Lambda emulator, and figures of
# the built server; and the container. Installs what it needs with pip, into target/tools, and debootstrap with apt.
#   tests/with-tools.sh [STEP…]   steps: corpus oracle lambda secrets memory load container; all when none is named
# With SKIP_BUILD=1 the binaries in target/release are taken as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=$PWD/target/tools
PYTHON=$TOOLS/bin/python
export SAM_CLI_TELEMETRY=0
started=()

stop_all() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
}
trap stop_all EXIT

# start LOG COMMAND…: runs a server in the background until this script ends.
start() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    started+=($!)
}

# wait_for URL: until a server answers.
wait_for() {
    for _ in $(seq 100); do
        if curl -s -o /dev/null "$1"; then return; fi
        sleep 0.1
    done
    echo "nothing answers at $1" >&2
    exit 1
}

install_tools() {
    [ -x "$PYTHON" ] || python3 -m venv "$TOOLS"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check PyYAML==6.0.3 aws-sam-cli "moto[server]"
}

build() {
    cargo build --locked --release -p omps-server -p push-zipfile
}

# Real operators, where the reference material is at hand.
corpus() {
    local material=../shared/corpus
    if [ ! -d "$material" ]; then
        echo "corpus: NOT RUN, there is no $material"
        return
    fi
    "$PYTHON" tests/tools/corpus_config.py "$material/organizations.json" http://127.0.0.1:18799 >target/corpus.toml
    start target/corpus-registry.log "$PYTHON" "$material/registry.py" --port 18799
    OMPS_CONF_FILE=target/corpus.toml OMPS_LISTEN=127.0.0.1:18080 start target/corpus-server.log target/release/omps-server
    wait_for http://127.0.0.1:18080/v2/about
    for set in verdicts transforms; do
        "$PYTHON" "$material/check.py" --url http://127.0.0.1:18080 --registry http://127.0.0.1:18799 --set $set
    done
}

# Variations of valid operators, against operator-courier itself.
oracle() {
    "$PYTHON" tests/oracle/oracle.py --venv target/oracle-venv --server target/release/omps-server --count 300
}

# The deployed binary under AWS's emulator answers as the server does.
lambda() {
    local emulator
    emulator=$("$PYTHON" -c 'import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64")')
    cargo build --locked -p omps-tests --bin sandbox
    rm -rf target/lambda-sandbox
    start target/sandbox.log target/debug/sandbox --listen 127.0.0.1:18081 --quay 127.0.0.1:18082 \
        --koji 127.0.0.1:18087 --greenwave 127.0.0.1:18088 --folder target/lambda-sandbox
    wait_for http://127.0.0.1:18081/v2/about
    OMPS_QUAY_URL=http://127.0.0.1:18082 start target/lambda.log timeout 600 "$emulator" \
        --runtime-interface-emulator-address 127.0.0.1:18083 --runtime-api-address 127.0.0.1:18084 \
        target/release/push-zipfile
    wait_for http://127.0.0.1:18083/
    "$PYTHON" tests/tools/lambda_event.py events/push-zipfile.json http://127.0.0.1:18083 http://127.0.0.1:18081
}

# A token rotated in a real Secrets Manager, as far as moto is one.
secrets() {
    start target/moto.log "$TOOLS/bin/moto_server" -H 127.0.0.1 -p 18090
    wait_for http://127.0.0.1:18090/moto-api/
    MOTO_URL=http://127.0.0.1:18090 cargo test --locked -p omps-tests --test api moto:: -- --ignored
}

# Many pushes at once, and more than there are workers.
load() {
    "$PYTHON" tests/tools/load.py target/release/omps-server
}

# What an upload of 20 MiB of manifests costs in memory.
memory() {
    "$PYTHON" tests/tools/memory.py target/release/omps-server
}

# The image, built and run with Docker.
container() {
    tests/container.sh
}

install_tools
[ -n "${SKIP_BUILD:-}" ] || build
for step in "${@:-corpus oracle lambda secrets memory load container}"; do
    for name in $step; do
        echo "-- $name"
        from=$SECONDS
        "$name"
        echo "-- $name: $((SECONDS - from)) s"
    done
done
