#!/usr/bin/env bash
# What is released, in target/dist: the server and the command line as archives, each function as the zip that Lambda takes, a
# bill of materials of each, and SHA256SUMS. The same commit and the same toolchain give the same bytes, in whatever folder.
#   tests/tools/release.sh [NAME…]   names: omps-server omps-cli and those of the functions; all when none is given
# Needs git, cargo-lambda (tests/with-tools.sh installs it) and what tests/tools/sbom.sh needs. PROFILE=dev tries the script in
# a fraction of the time, and makes no bill of materials.
set -euo pipefail
cd "$(dirname "$0")/../.."

PROFILE=${PROFILE:-release}
OUT=$PWD/target/dist
CARGO=${CARGO_HOME:-$HOME/.cargo}
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
TARGET=$(rustc -vV | sed -n 's/^host: //p')
PATH=$PWD/target/tools/bin:$PATH

[ -z "$(git status --porcelain)" ] || echo "release: the folder has changes that are in no commit" >&2

# Neither the folder nor the hour is in the bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
export RUSTFLAGS="--remap-path-prefix=$PWD=/omps --remap-path-prefix=$CARGO=/cargo"
export CFLAGS="-ffile-prefix-map=$PWD=/omps -ffile-prefix-map=$CARGO=/cargo"
export CXXFLAGS=$CFLAGS
# Other flags: the everyday builds stay as they are.
export CARGO_TARGET_DIR=$PWD/target/released
folder=$CARGO_TARGET_DIR/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")

# archive NAME BINARY: the binary with licence and changelog.
archive() {
    local root=$1-$VERSION-$TARGET stage
    stage=$(mktemp -d)
    mkdir "$stage/$root"
    install -m 755 "$folder/$2" "$stage/$root/$2"
    install -m 644 LICENSE CHANGELOG.md "$stage/$root/"
    tar -C "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar -c "$root" |
        gzip -9n >"$OUT/$root.tar.gz"
    rm -r "$stage"
}

# package NAME: the function's zip.
package() {
    python3 - "$CARGO_TARGET_DIR/lambda/$1/bootstrap" "$OUT/$1-$VERSION-${TARGET%%-*}.zip" "$SOURCE_DATE_EPOCH" <<'PYTHON'
import sys, time, zipfile
binary, zipped, epoch = sys.argv[1:]
entry = zipfile.ZipInfo('bootstrap', time.gmtime(int(epoch))[:6])
entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o755 << 16
with zipfile.ZipFile(zipped, 'w', compresslevel=9) as package, open(binary, 'rb') as file:
    package.writestr(entry, file.read())
PYTHON
}

names=("$@")
[ $# -gt 0 ] || names=(omps-server omps-cli $(sed -n 's,^ *CodeUri: functions/,,p' template.yaml | sort -u))
rm -rf "$OUT"
mkdir -p "$OUT"
for name in "${names[@]}"; do
    case $name in
    omps-server | omps-cli)
        cargo build --locked --profile "$PROFILE" -p "$name"
        archive "$name" "$([ "$name" = omps-cli ] && echo omps || echo "$name")"
        ;;
    *)
        cargo lambda build --locked --profile "$PROFILE" -p "$name"
        package "$name"
        ;;
    esac
done
if [ "$PROFILE" = dev ]; then
    echo "release: PROFILE=dev makes no bill of materials" >&2
else
    env -u RUSTFLAGS -u CFLAGS -u CXXFLAGS -u CARGO_TARGET_DIR tests/tools/sbom.sh
    for bill in target/sbom/*.cdx.json; do
        name=$(basename "$bill" .cdx.json)
        [[ " ${names[*]} " != *" $name "* ]] ||
            jq --arg time "$(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" 'del(.serialNumber) | .metadata.timestamp = $time' "$bill" \
                >"$OUT/$name-$VERSION.cdx.json"
    done
fi
(cd "$OUT" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
