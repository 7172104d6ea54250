#!/usr/bin/env bash
# The files for Kubernetes: kustomize builds both ways of running omps, every object fits its schema, and omps accepts the
# configuration.
#   tests/tools/kubernetes.sh PYTHON SERVER     PYTHON has the package kubernetes-validate
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1
server=$2

if ! kubectl kustomize --help >/dev/null 2>&1; then
    echo "kubernetes: NOT RUN, there is no kubectl (1.21 or later) on this machine"
    exit 0
fi
for way in single replicated; do
    built=target/kubernetes-$way.yaml
    kubectl kustomize "config/kubernetes/$way" >"$built"
    "$python" -m kubernetes_validate --strict -k 1.32 "$built"
    OMPS_CONF_FILE=config/kubernetes/$way/omps.toml "$server" --check-config
done
