//! The client, with a hub and a file server that follow scripts.

use std::time::Duration;

use super::*;
use crate::upstream::scripted::{Scripted, Step, say};

fn answer(value: &str) -> Step {
    let body = format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n</methodResponse>\n"
    );
    say("200 OK", "Content-Type: text/xml\r\n", body.as_bytes())
}

fn member(name: &str, value: &str) -> String {
    format!("<member>\n<name>{name}</name>\n<value>{value}</value>\n</member>\n")
}

/// A build whose `extra` has one member.
fn build(extra: &str) -> Step {
    answer(&format!(
        "<struct>\n{}{}{}{}{}{}{}</struct>",
        member("build_id", "<int>6</int>"),
        member("state", "<int>1</int>"),
        member("name", "<string>n</string>"),
        member("version", "<string>v</string>"),
        member("release", "<string>r</string>"),
        member("volume_name", "<string>DEFAULT</string>"),
        member("extra", &format!("<struct>\n{extra}</struct>")),
    ))
}

fn typed() -> Step {
    let archive = member("archive", "<string>x.zip</string>");
    let manifests = member(
        "operator-manifests",
        &format!("<struct>\n{archive}</struct>"),
    );
    build(&member(
        "typeinfo",
        &format!("<struct>\n{manifests}</struct>"),
    ))
}

fn logged() -> Step {
    build(&member(
        "operator_manifests_archive",
        "<string>x.zip</string>",
    ))
}

fn logs(name: &str) -> Step {
    let log = [
        member("name", &format!("<string>{name}</string>")),
        member(
            "path",
            &format!("<string>packages/n/v/r/data/logs/./{name}</string>"),
        ),
    ];
    answer(&format!(
        "<array><data>\n<value><struct>\n{}</struct></value>\n</data></array>",
        log.concat()
    ))
}

/// The result of a call for an archive of at most ten bytes, and the requests to the hub and to the file server.
async fn archive(hub: Vec<Step>, files: Vec<Step>) -> (String, Vec<String>, Vec<String>) {
    let (hub, files) = (Scripted::play(hub), Scripted::play(files));
    let koji = Koji::new(
        Scripted::upstream(Duration::from_secs(5)),
        hub.url.join("/kojihub").unwrap(),
        files.url.join("/kojifiles/").unwrap(),
    );
    let archive = koji.archive(&Nvr::parse("n-v-r").unwrap(), 10).await;
    let outcome = archive.map_or_else(
        |error| error.to_string(),
        |archive| String::from_utf8(archive.zip.to_vec()).unwrap(),
    );
    (outcome, hub.requests(), files.requests())
}

fn zip() -> Vec<Step> {
    vec![say("200 OK", "Content-Type: application/zip\r\n", b"zip")]
}

#[tokio::test]
async fn the_archive_of_a_typed_build_takes_one_call_and_one_download() {
    let (archive, hub, files) = archive(vec![typed()], zip()).await;

    assert_eq!(archive, "zip");
    let [call] = hub.as_slice() else {
        panic!("{hub:?}");
    };
    let (head, body) = call.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        body,
        xml_rpc::call("getBuild", vec![Value::String("n-v-r".to_owned())]).unwrap()
    );
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /kojihub http/1.1\r\n"), "{head}");
    for line in [
        "\r\ncontent-type: text/xml".to_owned(),
        format!("\r\ncontent-length: {}", body.len()),
    ] {
        assert!(head.contains(&line), "{head}");
    }
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    let path = "GET /kojifiles/packages/n/v/r/files/operator-manifests/x.zip HTTP/1.1\r\n";
    assert!(files[0].starts_with(path), "{files:?}");
}

#[tokio::test]
async fn the_archive_of_an_older_build_is_looked_up_in_its_logs() {
    let (archive, hub, files) = archive(vec![logged(), logs("x.zip")], zip()).await;

    assert_eq!(archive, "zip");
    assert!(hub[1].ends_with(&xml_rpc::call("getBuildLogs", vec![Value::Integer(6)]).unwrap()));
    let path = "GET /kojifiles/packages/n/v/r/data/logs/x.zip HTTP/1.1\r\n";
    assert!(files[0].starts_with(path), "{files:?}");
}

#[tokio::test]
async fn a_failure_is_reported_with_its_reason() {
    let fault = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
                 <value><int>1014</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
                 <value><string>database outage</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n";
    let found = || vec![typed()];
    let no_file = || vec![];
    let cases = [
        (vec![answer("<nil/>")], no_file(), "NVR not found: n-v-r"),
        (vec![build("")], no_file(), "Not an operator image: n-v-r"),
        (
            vec![logged(), logs("y.zip")],
            no_file(),
            "The manifests archive 'x.zip' is not among the logs of build n-v-r",
        ),
        (
            vec![say("200 OK", "", fault.as_bytes())],
            no_file(),
            "Koji answered with fault 1014: database outage",
        ),
        (
            vec![say("200 OK", "", b"<html>Maintenance</html>")],
            no_file(),
            "Koji's answer to getBuild could not be understood: it is not an XML-RPC response",
        ),
        (
            vec![say("411 Length Required", "", b"<html>")],
            no_file(),
            "Koji answered getBuild with 411 Length Required",
        ),
        (
            found(),
            vec![say("404 Not Found", "", b"<html>")],
            "Koji answered the download of the archive of build n-v-r with 404 Not Found",
        ),
        (
            found(),
            vec![say("302 Found", "Location: http://127.0.0.1:1/\r\n", b"")],
            "Koji answered the download of the archive of build n-v-r with 302 Found",
        ),
        (
            found(),
            vec![say("200 OK", "", b"elevenbytes")],
            "The archive of build n-v-r is larger than the 10 bytes that are allowed",
        ),
    ];
    for (hub, files, wanted) in cases {
        assert_eq!(archive(hub, files).await.0, wanted);
    }
}
