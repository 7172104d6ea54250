#!/usr/bin/env bash
# The tests that need more than Rust: real operators, operator-courier as oracle, the template, the functions in Lambda's
# emulators, pushes at once and interrupted, a real registry, figures of the built server, and the container. Installs
# what it needs with pip, into target/tools, and with apt.
#   tests/with-tools.sh [STEP…]   steps: corpus bundles oracle template lambda pipeline sam-local secrets events races
#                                 interrupted oci memory load strangers page openapi kubernetes
#                                 container; all when none is named
# With SKIP_BUILD=1 the binaries in target/release and .aws-sam are taken as they are. DEPLOYED=1 builds them with link-time
# optimization, as they are deployed.
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
    "$PYTHON" -m pip install --quiet --disable-pip-version-check PyYAML==6.0.3 aws-sam-cli \
        cargo-lambda cfn-lint cfn-lint-serverless 'moto[server]' kubernetes-validate==1.37.0 \
        playwright==1.65.2 axe-playwright-python==0.1.8 schemathesis==4.32.5 openapi-spec-validator==0.9.0
}

install_with_apt() {
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# The server, the sandbox, and the functions as they are deployed, but for link-time optimization, which takes half an hour
# longer. DEPLOYED=1 takes it; then sizes are judged, too.
build() {
    [ -n "${DEPLOYED:-}" ] || export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    cargo build --locked --workspace --bin sandbox
    # The server by the tool that builds the functions: what they share is compiled once.
    PATH=$TOOLS/bin:$PATH cargo lambda build --locked --release -p omps-server
    install -D target/lambda/omps-server/bootstrap target/release/omps-server
    PATH=$TOOLS/bin:$PATH sam build
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

# What opm and the validators of operator-framework/api say of bundles, where the reference material is at hand.
bundles() {
    local material=../shared/bundles
    if [ ! -d "$material" ]; then
        echo "bundles: NOT RUN, there is no $material"
        return
    fi
    OMPS_REGISTRY_URL=http://127.0.0.1:18798 OMPS_LISTEN=127.0.0.1:18797 start target/bundles-server.log target/release/omps-server
    wait_for http://127.0.0.1:18797/v2/about
    "$PYTHON" "$material/check.py" --url http://127.0.0.1:18797 --set all
}

# Variations of valid operators, against operator-courier itself.
oracle() {
    "$PYTHON" tests/oracle/oracle.py --venv target/oracle-venv --server target/release/omps-server --count 300
}

# Linters find nothing in the template, nor in what SAM makes of it for CloudFormation; checkov finds nothing without a
# reason; two stacks share no name; each function is small, and asks for no newer C library than Lambda has.
template() {
    local checkov=$PWD/target/checkov
    PATH=$TOOLS/bin:$PATH sam validate --lint --region eu-central-1
    "$TOOLS/bin/cfn-lint" -t template.yaml -a cfn_lint_serverless.rules
    "$PYTHON" tests/tools/transformed.py template.yaml >target/transformed.json
    "$TOOLS/bin/cfn-lint" -t target/transformed.json
    "$PYTHON" tests/tools/names.py target/transformed.json
    # In a folder of its own: it asks for older versions of what SAM and moto need. A newer checkov may find more.
    [ -x "$checkov/bin/python" ] || python3 -m venv "$checkov"
    "$checkov/bin/python" -m pip install --quiet --disable-pip-version-check checkov==3.3.30
    "$checkov/bin/python" tests/tools/policy.py "$checkov/bin/checkov" template.yaml tests/api/template/checkov.toml
    "$PYTHON" tests/tools/packages.py .aws-sam/build ${DEPLOYED:+--judge-sizes}
}

# The deployed functions under AWS's emulator.
lambda() {
    local emulator port=18130 emulators=() name
    emulator=$("$PYTHON" -c 'import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64")')
    rm -rf target/lambda-sandbox
    start target/sandbox.log target/debug/sandbox --app-registry --listen 127.0.0.1:18081 --quay 127.0.0.1:18082 \
        --koji 127.0.0.1:18087 --greenwave 127.0.0.1:18088 --folder target/lambda-sandbox
    start target/moto.log "$PYTHON" -m moto.server -H 127.0.0.1 -p 18089
    wait_for http://127.0.0.1:18081/v2/about
    wait_for http://127.0.0.1:18089/moto-api/
    "$PYTHON" tests/tools/seed_aws.py http://127.0.0.1:18089 target/lambda-sandbox/larder-operator.zip
    for name in push-zipfile push-koji create-upload releases catalog delete-release validate health about page; do
        OMPS_CONF_FILE=config/omps.toml OMPS_CONF_SECTION=LocalConfig OMPS_SECRETS_PREFIX=omps \
            OMPS_UPLOAD_BUCKET=omps-uploads \
            OMPS_RELEASE_FORMAT=app-registry OMPS_QUAY_URL=http://127.0.0.1:18082 OMPS_KOJIHUB_URL=http://127.0.0.1:18087/kojihub \
            OMPS_KOJIROOT_URL=http://127.0.0.1:18087/kojifiles/ OMPS_GREENWAVE_URL=http://127.0.0.1:18088 \
            OMPS_GREENWAVE_CONTEXT=omps_push OMPS_GREENWAVE_PRODUCT_VERSION=larder-1 \
            AWS_ENDPOINT_URL=http://127.0.0.1:18089 AWS_REGION=eu-central-1 \
            AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
            start "target/lambda-$name.log" timeout 600 "$emulator" \
            --runtime-interface-emulator-address "127.0.0.1:$port" \
            --runtime-api-address "127.0.0.1:$((port + 1))" "target/lambda/$name/bootstrap"
        wait_for "http://127.0.0.1:$port/"
        emulators+=("$name=http://127.0.0.1:$port")
        port=$((port + 2))
    done
    "$PYTHON" tests/tools/emulator.py http://127.0.0.1:18082 target/lambda-sandbox/larder-operator.zip "${emulators[@]}"
}

# A script of OMPS's days, unchanged, in front of an App Registry.
pipeline() {
    command -v jq >/dev/null || install_with_apt jq
    cargo build --locked --workspace --bin sandbox
    rm -rf target/pipeline-sandbox
    start target/pipeline-sandbox.log "${CARGO_TARGET_DIR:-$PWD/target}/debug/sandbox" --app-registry --listen 127.0.0.1:18170 \
        --quay 127.0.0.1:18171 --koji 127.0.0.1:18172 --greenwave 127.0.0.1:18173 --folder target/pipeline-sandbox
    wait_for http://127.0.0.1:18170/v2/about
    tests/tools/pipeline_of_omps.sh http://127.0.0.1:18170 http://127.0.0.1:18171 \
        target/pipeline-sandbox/larder-operator.zip target/pipeline-sandbox/broken-operator.zip
}

# The same requests through `sam local`, in Docker.
sam-local() {
    tests/sam-local.sh
}

# A token rotated in a real Secrets Manager, as far as moto is one.
secrets() {
    start target/moto-secrets.log "$PYTHON" -m moto.server -H 127.0.0.1 -p 18070
    wait_for http://127.0.0.1:18070/moto-api/
    MOTO_URL=http://127.0.0.1:18070 cargo test --locked --workspace --test api moto:: -- --ignored
}

# Pushes by event and by upload, with moto for AWS. Debug builds: what counts here is not time.
events() {
    local emulator binaries=${CARGO_TARGET_DIR:-$PWD/target}/debug
    emulator=$("$PYTHON" -c 'import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64")')
    cargo build --locked --workspace
    rm -rf target/events-sandbox
    start target/events-sandbox.log "$binaries/sandbox" --app-registry --listen 127.0.0.1:18102 --quay 127.0.0.1:18103 \
        --koji 127.0.0.1:18104 --greenwave 127.0.0.1:18105 --folder target/events-sandbox
    wait_for http://127.0.0.1:18102/v2/about
    "$PYTHON" tests/tools/events.py "$emulator" "$binaries" 18101 http://127.0.0.1:18103 \
        http://127.0.0.1:18104 target/events-sandbox/larder-operator.zip
}

# Many pushes at once: every 200 is a release of its own whose content is there, whatever the processes share.
races() {
    debug_binaries
    "$PYTHON" tests/tools/races.py "${FLEET[@]}"
    "$PYTHON" tests/tools/races.py "${FLEET[@]}" --store sqlite --processes 2
    "$PYTHON" tests/tools/races.py "${FLEET[@]}" --store dynamodb --processes 2 --function "$DEBUG/push-zipfile" --functions 8
}

# Processes killed at each step of a push: the same request again finishes it.
interrupted() {
    debug_binaries
    "$PYTHON" tests/tools/interrupted.py "${FLEET[@]}" --store sqlite
    "$PYTHON" tests/tools/interrupted.py "${FLEET[@]}" --store dynamodb --function "$DEBUG/push-event"
}

# What these two run. Debug builds: what counts here is not time.
debug_binaries() {
    DEBUG=${CARGO_TARGET_DIR:-$PWD/target}/debug
    cargo build --locked --workspace --bins
    FLEET=(--server "$DEBUG/omps-server" --stand-ins "$DEBUG/stand-ins")
}

# Debian's docker-registry: the client for OCI registries, every valid operator of the corpus, where that is at hand, and many
# pushes at once.
oci() {
    local bundles=../shared/bundles/packages.jsonl cases=../shared/corpus/cases
    tests/tools/oci_real.sh
    debug_binaries
    if [ -f "$bundles" ] && [ -d "$cases" ]; then
        "$PYTHON" tests/tools/bundle_corpus.py --server "$DEBUG/omps-server" "$bundles" "$cases" "${bundles%/*}/layers.jsonl"
        "$PYTHON" tests/tools/bundle_catalogs.py --server "$DEBUG/omps-server" "$bundles" "$cases"
    else
        echo "oci: corpus NOT RUN, there is no $bundles or no $cases"
    fi
    "$PYTHON" tests/tools/bundle_races.py --server "$DEBUG/omps-server"
}

# Many pushes at once, and more than there are workers.
load() {
    "$PYTHON" tests/tools/load.py target/release/omps-server
}

# What an upload of 20 MiB of manifests costs in memory.
memory() {
    "$PYTHON" tests/tools/memory.py target/release/omps-server
}

# Floods of connections, bodies, unread answers and validations, and slow honest uploads.
strangers() {
    STRANGERS_SECONDS=20 "$PYTHON" tests/tools/strangers.py target/release/omps-server
}

# The sandbox for the next two.
sandbox() {
    [ -n "${SANDBOX:-}" ] && return
    SANDBOX=http://127.0.0.1:18160
    cargo build --locked --workspace --bin sandbox
    rm -rf target/page-sandbox
    start target/page-sandbox.log "${CARGO_TARGET_DIR:-$PWD/target}/debug/sandbox" --listen 127.0.0.1:18160 --quay 127.0.0.1:18161 \
        --koji 127.0.0.1:18162 --greenwave 127.0.0.1:18163 --folder target/page-sandbox
    wait_for "$SANDBOX/v2/about"
    SANDBOX_TOKEN="basic $(printf 'testorg+omps:TESTORGROBOTTOKEN' | base64 -w0)"
}

# The page for people, in Chromium; its screenshots are in target/page.
page() {
    command -v chromium >/dev/null || install_with_apt chromium
    sandbox
    "$PYTHON" tests/tools/page.py "$SANDBOX" "$SANDBOX_TOKEN" target/page-sandbox/larder-operator.zip target/page
}

# The OpenAPI document fits the specification, and the server answers as the document says, whatever it is asked.
openapi() {
    sandbox
    "$PYTHON" -m openapi_spec_validator docs/openapi.json
    # A release that exists is a 500 by contract, hence no check for 5xx; a defect of omps is counted.
    "$TOOLS/bin/schemathesis" run "$SANDBOX/v2/openapi.json" --max-examples 30 --header "Authorization: $SANDBOX_TOKEN" \
        --exclude-method PUT --checks status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
    ! grep InternalServerError target/page-sandbox.log
}

# The files for Kubernetes.
kubernetes() {
    tests/tools/kubernetes.sh "$PYTHON" target/release/omps-server
}

# The image, built and run with Docker.
container() {
    tests/container.sh
}

install_tools
[ -n "${SKIP_BUILD:-}" ] || build
for step in "${@:-corpus bundles oracle template lambda pipeline sam-local secrets events races interrupted oci memory load strangers page openapi kubernetes container}"; do
    for name in $step; do
        echo "-- $name"
        from=$SECONDS
        "$name"
        echo "-- $name: $((SECONDS - from)) s"
    done
done
