#!/usr/bin/env bash
# A bill of materials for each deployed binary, as CycloneDX 1.5, in target/sbom: which crates are in it, in which versions,
# from where, under which licences. Needs jq; installs cargo-cyclonedx into target/tools. Builds nothing.
#   tests/tools/sbom.sh [TARGET]   TARGET as Rust names it; this machine's when none is given
set -euo pipefail
cd "$(dirname "$0")/../.."

CYCLONEDX=0.5.9
TARGET=${1:-$(rustc -vV | sed -n 's/^host: //p')}
TOOLS=$PWD/target/tools
OUT=$PWD/target/sbom

[ -x "$TOOLS/bin/cargo-cyclonedx" ] ||
    CARGO_TARGET_DIR=$PWD/target/cyclonedx cargo install --quiet --locked --root "$TOOLS" "cargo-cyclonedx@$CYCLONEDX"

# cargo-cyclonedx writes beside each Cargo.toml.
remove_raw() { rm -f functions/*/*.cdx.json tests/*.cdx.json; }
trap remove_raw EXIT
PATH=$TOOLS/bin:$PATH cargo cyclonedx --quiet --describe binaries --format json --spec-version 1.5 --no-build-deps \
    --target "$TARGET"

# linked PACKAGE: "name vVERSION" of each crate that goes into it; itself it may have another name.
linked() {
    cargo tree --locked --package "$1" --edges normal --target "$TARGET" --prefix none --no-dedupe | sed '1d; s/ (.*//' | sort -u
}

# It lists optional dependencies that nobody turned on, and names this folder.
FILTER='
    def kept(list): . as $item | any(list[]; . == $item);
    ($linked | split("\n")) as $names
    | .components |= map(select("\(.name) v\(.version)" | kept($names)))
    | ([.metadata.component, .components[]] | map(."bom-ref")) as $refs
    | .dependencies |= map(select(.ref | kept($refs)) | .dependsOn = ((.dependsOn // []) | map(select(kept($refs)))))
    | walk(if type == "string" then split($folder) | join(".") else . end)
'
mkdir -p "$OUT"
for raw in functions/*/*.cdx.json; do
    # The binary of omps-cli has another name than the package.
    package=$(sed -n 's/^name = "\(.*\)"/\1/p' "$(dirname "$raw")/Cargo.toml" | head -1)
    jq --arg linked "$(linked "$package")" --arg folder "$PWD" "$FILTER" "$raw" >"$OUT/$package.cdx.json"
    jq -r '"\(.metadata.component.name): \(.components | length) crates"' "$OUT/$package.cdx.json"
    missing=$(comm -13 <(jq -r '.metadata.component, .components[] | "\(.name) v\(.version)"' "$OUT/$package.cdx.json" | sort -u) \
        <(linked "$package"))
    [ -z "$missing" ] || { echo "sbom: $package lacks $missing" >&2; exit 1; }
done
