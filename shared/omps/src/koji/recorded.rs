//! The result for every exchange with a real hub that is recorded in `../shared/koji-wire`.

use std::fs;
use std::path::PathBuf;

use dxr::MethodCall;
use serde::Deserialize;

use super::*;

/// A case of `index.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    method: Option<String>,
    http_status: Option<u16>,
}

/// Every case, and the result of its answer: for a build or its logs, the location of the archive.
const OUTCOMES: &[(&str, &str)] = &[
    ("getAPIVersion", "version 1"),
    (
        "getBuild-typed",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "getBuild-legacy",
        "log operator_manifests.zip of Integer(6)",
    ),
    (
        "getBuild-both",
        "http://files.test/packages/lab-both-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    ("getBuild-not-found", "NVR not found: n-v-r"),
    ("getBuild-not-operator", "Not an operator image: n-v-r"),
    ("getBuild-no-archive-key", "Not an operator image: n-v-r"),
    ("getBuild-typeinfo-nil", "Not an operator image: n-v-r"),
    ("getBuild-extra-nil", "Not an operator image: n-v-r"),
    (
        "getBuild-building",
        "Not an operator image: n-v-r: the build is BUILDING, wanted COMPLETE",
    ),
    (
        "getBuild-deleted",
        "Not an operator image: n-v-r: the build is DELETED, wanted COMPLETE",
    ),
    (
        "getBuild-volume",
        "http://files.test/vol/archive/packages/lab-volume-container/v1.0.0/2/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "getBuild-draft",
        "log operator_manifests.zip of Integer(20)",
    ),
    (
        "getBuild-odd-name",
        "http://files.test/packages/lab-odd%2Bname.container/1.0~rc1%5Egit%2B2/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "getBuild-rich",
        "http://files.test/packages/lab-rich-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "getBuild-epoch-prefix",
        "http://files.test/packages/lab-rich-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "getBuildLogs-top",
        "http://files.test/packages/lab-legacy-container/v1.0.0/1/data/logs/operator_manifests.zip",
    ),
    (
        "getBuildLogs-subdir",
        "http://files.test/packages/lab-legacy-container/v1.0.0/2/data/logs/noarch/operator_manifests.zip",
    ),
    ("getBuildLogs-missing", "no such log"),
    ("getBuildLogs-empty", "no such log"),
    (
        "getBuildLogs-volume",
        "http://files.test/vol/archive/packages/lab-volume-legacy-container/v1.0.0/1/data/logs/operator_manifests.zip",
    ),
    (
        "getBuildLogs-draft",
        "http://files.test/packages/lab-draft-container/v1.0.0/1%2Cdraft_20/data/logs/operator_manifests.zip",
    ),
    (
        "getBuildLogs-no-such-build",
        "Koji answered with fault 1000: No such build: 999999",
    ),
    (
        "getBuildLogs-by-nvr",
        "http://files.test/packages/lab-legacy-container/v1.0.0/1/data/logs/operator_manifests.zip",
    ),
    ("fault-bad-nvr", "NVR not found: n-v-r"),
    ("fault-empty-nvr", "NVR not found: n-v-r"),
    ("fault-unicode-nvr", "NVR not found: n-v-r"),
    (
        "fault-type-list",
        "Koji answered with fault 1000: Invalid type for argument: <class 'list'>",
    ),
    (
        "fault-type-nil",
        "Koji answered with fault 1000: Invalid type for argument: <class 'NoneType'>",
    ),
    (
        "fault-type-double",
        "Koji answered with fault 1000: Invalid type for argument: <class 'float'>",
    ),
    (
        "fault-strict-not-found",
        "Koji answered with fault 1000: No such build: 'no-such-thing-1.0-1'",
    ),
    (
        "fault-struct-incomplete",
        "Koji answered with fault 1000: did not provide name, version, and release",
    ),
    (
        "fault-no-args",
        "Koji answered with fault 1019: get_build() missing 1 required positional argument: 'buildInfo'",
    ),
    (
        "fault-many-args",
        "Koji answered with fault 1019: get_build() takes from 1 to 2 positional arguments but 4 were given",
    ),
    (
        "fault-unknown-method",
        "Koji answered with fault 1000: Invalid method: getBild",
    ),
    (
        "fault-anonymous",
        "Koji answered with fault 1004: admin permission required (user not logged in)",
    ),
    ("getBuild-i8-argument", "NVR not found: n-v-r"),
    (
        "getBuild-by-id",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "fault-code-1",
        "Koji answered with fault 1: <class 'psycopg2.errors.UndefinedFunction'>: operator does not exist: integer = boolean\nLINE 9:  WHERE (build.id = true)\n                         ^\nHINT:  No operator matches the given name and argument types. You might need to add explicit type casts.",
    ),
    (
        "getBuild-by-struct",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    ("getKojiVersion", "String(\"1.35.3\")"),
    ("trailing-slash", "version 1"),
    (
        "raw-no-gzip",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-gzip",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-gzip-br",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-bare-value",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-i4",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-compact",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    ("raw-no-params", "version 1"),
    (
        "raw-no-content-type",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-octet-stream",
        "Koji answered with fault 1004: you must be logged-in to upload a file",
    ),
    (
        "raw-content-type-charset",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "raw-chunked",
        "Koji answered getBuild with 411 Length Required",
    ),
    (
        "raw-http-get",
        "Koji answered getBuild with 405 Method Not Allowed",
    ),
    (
        "raw-http-head",
        "Koji answered getBuild with 405 Method Not Allowed",
    ),
    ("raw-empty", "Koji answered getBuild with 400 Bad Request"),
    (
        "raw-malformed",
        "Koji answered getBuild with 400 Bad Request",
    ),
    (
        "raw-not-xmlrpc",
        "Koji answered getBuild with 400 Bad Request",
    ),
    ("raw-entity", "Koji answered getBuild with 400 Bad Request"),
    (
        "raw-subpath",
        "http://files.test/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
    ),
    (
        "fault-offline",
        "Koji answered with fault 1014: database outage",
    ),
];

fn recordings() -> Option<(PathBuf, Vec<Case>)> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/koji-wire"
    ));
    let Ok(index) = fs::read(folder.join("index.json")) else {
        println!("skipped: there are no recordings in {}", folder.display());
        return None;
    };
    Some((folder, serde_json::from_slice(&index).unwrap()))
}

fn outcome(case: &Case, nvr: &Nvr, body: &[u8]) -> Result<String, KojiError> {
    let root = Url::parse("http://files.test/").unwrap();
    let status = StatusCode::from_u16(case.http_status.unwrap()).unwrap();
    match case.method.as_deref() {
        Some("getBuildLogs") => {
            let logs = read_answer("getBuildLogs", status, body)?;
            let url = build::log_url(&root, &logs, "operator_manifests.zip")?;
            Ok(url.map_or_else(|| "no such log".to_owned(), |url| url.to_string()))
        }
        Some("getAPIVersion") => {
            let version = read_api_version(&read_answer("getAPIVersion", status, body)?)?;
            Ok(format!("version {version}"))
        }
        Some("getKojiVersion") => {
            let version = read_answer("getKojiVersion", status, body)?;
            Ok(format!("{version:?}"))
        }
        _ => {
            let build = read_build(read_answer("getBuild", status, body), nvr)?;
            match build.archive(nvr)? {
                ArchiveLocation::File(name) => Ok(build.file_url(&root, name)?.to_string()),
                ArchiveLocation::Log(name) => Ok(format!("log {name} of {:?}", build.id)),
            }
        }
    }
}

#[test]
fn every_recorded_answer_is_understood() {
    let Some((folder, cases)) = recordings() else {
        return;
    };
    let nvr = Nvr::parse("n-v-r").unwrap();
    let mut outcomes = Vec::new();
    for case in &cases {
        // Only the heads of downloads are recorded.
        if case.name.starts_with("download-") {
            continue;
        }
        let body = ["xml", "txt"]
            .iter()
            .find_map(|kind| fs::read(folder.join(format!("{}.response.{kind}", case.name))).ok());
        let outcome = outcome(case, &nvr, &body.unwrap());
        outcomes.push((
            case.name.as_str(),
            outcome.unwrap_or_else(|error| error.to_string()),
        ));
    }
    let wanted: Vec<(&str, String)> = OUTCOMES
        .iter()
        .map(|(name, wanted)| (*name, (*wanted).to_owned()))
        .collect();
    assert_eq!(outcomes, wanted);
}

#[test]
fn a_call_has_the_same_meaning_as_the_recorded_one() {
    let Some((folder, cases)) = recordings() else {
        return;
    };
    let mut said = 0;
    for case in cases
        .iter()
        .filter(|case| case.http_status == Some(200) && case.method.is_some())
    {
        let recorded =
            fs::read_to_string(folder.join(format!("{}.request.xml", case.name))).unwrap();
        let recorded = MethodCall::from_xml(&recorded).unwrap();

        let ours = xml_rpc::call(&recorded.name, recorded.params.clone()).unwrap();

        let ours = MethodCall::from_xml(&ours).unwrap();
        assert_eq!(
            (ours.name, ours.params),
            (recorded.name, recorded.params),
            "{}",
            case.name
        );
        said += 1;
    }
    assert!(said > 40, "only {said} requests were compared");
}

#[test]
fn a_download_asks_for_the_recorded_file() {
    let Some((folder, _)) = recordings() else {
        return;
    };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let root = Url::parse("http://localhost/kojifiles").unwrap();
    let nvr = Nvr::parse("n-v-r").unwrap();
    let answer = |name| read_answer("getBuild", StatusCode::OK, &read(name));
    let build = read_build(answer("getBuild-typed.response.xml"), &nvr).unwrap();
    let file = build.file_url(&root, "operator_manifests.zip").unwrap();
    let logs = answer("getBuildLogs-top.response.xml").unwrap();
    let log = build::log_url(&root, &logs, "operator_manifests.zip").unwrap();

    for (ours, case) in [
        (file, "download-typed.http.txt"),
        (log.unwrap(), "download-log.http.txt"),
    ] {
        let heads = String::from_utf8(read(case)).unwrap();
        let path = heads.lines().nth(1).and_then(|line| line.split(' ').nth(1));
        assert_eq!(ours.path(), path.unwrap().replace("//", "/"), "{case}");
    }
}
