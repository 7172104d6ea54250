#!/usr/bin/env bash
# A pipeline's script as it was written for OMPS: curl, Quay's token, jq on the answers. It must go through unchanged.
#   pipeline_of_omps.sh OMPS QUAY ZIP BROKEN     addresses of a sandbox that pushes to an App Registry, its sample operator,
#                                                and its operator with a mistake. Needs curl and jq.
set -euo pipefail
OMPS=$1 QUAY=$2 ZIP=$3 BROKEN=$4
ORG=testorg REPO=larder-operator NVR=larder-operator-container-v0.5.1-1
ANSWER=$(mktemp)
trap 'rm -f "$ANSWER"' EXIT

# call STATUS CURL-OPTION…: the body in $ANSWER.
call() {
    local wanted=$1 found
    shift
    found=$(curl -s -o "$ANSWER" -w '%{http_code}' "$@")
    [ "$found" = "$wanted" ] || { echo "pipeline: ${*: -1}: $found, wanted $wanted: $(cat "$ANSWER")" >&2; exit 1; }
}

# holds FILTER: jq finds it true of the last answer.
holds() {
    jq -e "$1" "$ANSWER" >/dev/null || { echo "pipeline: not $1: $(cat "$ANSWER")" >&2; exit 1; }
}

TOKEN=$(curl -sf -H 'Content-Type: application/json' -X POST "$QUAY/cnr/api/v1/users/login" \
    -d '{"user": {"username": "'$ORG'+omps", "password": "TESTORGROBOTTOKEN"}}' | jq -er .token)
AUTH="Authorization: $TOKEN"

# Whatever earlier runs left.
curl -s -o /dev/null -H "$AUTH" -X DELETE "$OMPS/v1/$ORG/$REPO"

call 200 "$OMPS/v1/about"
holds '.version | type == "string"'
call 200 "$OMPS/v1/health/ping"
holds '.ok == true and .status == 200'

# A zip, first with the next version and then with one of its own.
call 200 -H "$AUTH" -X POST -F "file=@$ZIP" "$OMPS/v1/$ORG/$REPO/zipfile"
holds ".organization == \"$ORG\" and .repo == \"$REPO\" and (.extracted_files | length > 0)"
FIRST=$(jq -r .version "$ANSWER")
call 200 -H "$AUTH" -X POST -F "file=@$ZIP" "$OMPS/v1/$ORG/$REPO/zipfile/$((${FIRST%%.*} + 6)).0.0"
holds '.version | endswith(".0.0")'
SECOND=$(jq -r .version "$ANSWER")

# A build.
call 200 -H "$AUTH" -X POST "$OMPS/v1/$ORG/$REPO/koji/$NVR"
holds ".nvr == \"$NVR\""
THIRD=$(jq -r .version "$ANSWER")
[ "${THIRD%%.*}" = $((${SECOND%%.*} + 1)) ] || { echo "pipeline: $THIRD does not follow $SECOND" >&2; exit 1; }

# What pipelines look for when something is wrong.
call 500 -H "$AUTH" -X POST -F "file=@$ZIP" "$OMPS/v1/$ORG/$REPO/zipfile/$SECOND"
holds '.error == "QuayCourierError" and (.message | startswith("Failed to push manifest")) and has("quay_response")'
call 400 -H "$AUTH" -X POST -F "file=@$ZIP" "$OMPS/v1/$ORG/$REPO/zipfile/1.0"
holds '.error == "OMPSInvalidVersionFormat"'
call 400 -H "$AUTH" -X POST -F "file=@$BROKEN" "$OMPS/v1/$ORG/$REPO/zipfile"
holds '.error == "PackageValidationError" and (.validation_info.errors | length > 0)'
call 400 -H "$AUTH" -X POST "$OMPS/v1/$ORG/$REPO/zipfile"
holds '.error == "OMPSExpectedFileError"'
call 403 -X POST -F "file=@$ZIP" "$OMPS/v1/$ORG/$REPO/zipfile"
holds '.error == "OMPSAuthorizationHeaderRequired"'
call 404 -H "$AUTH" -X POST "$OMPS/v1/$ORG/$REPO/koji/no-such-build-1-1"
holds '.error == "KojiNVRBuildNotFound"'

# Releases go, one and then all; then there are none.
call 200 -H "$AUTH" -X DELETE "$OMPS/v1/$ORG/$REPO/$FIRST"
holds ".deleted == [\"$FIRST\"]"
call 200 -H "$AUTH" -X DELETE "$OMPS/v1/$ORG/$REPO"
holds ".deleted | sort == ([\"$SECOND\", \"$THIRD\"] | sort)"
call 404 -H "$AUTH" -X DELETE "$OMPS/v1/$ORG/$REPO"
holds '.error == "QuayPackageNotFound"'
echo "pipeline: a script of OMPS's days goes through unchanged"
