//! `omps releases`, `delete` and `health`: what they ask, and what they make of the answers.

use std::process::Command;

use crate::stand_in::Answer::Says;
use crate::stand_in::StandIn;
use crate::support::{Folder, TOKEN, err, out};

#[test]
fn releases_are_listed_with_their_bundles() {
    let answer = r#"{"organization": "acme", "repo": "d", "releases": [{"version": "1.0.0", "tag": "1.0.0",
        "digest": "sha256:a", "image": "quay.io/acme/d@sha256:a", "pushed_at": null,
        "bundles": [{"name": "d.v0.2.0", "version": "0.2.0", "tag": "0.2.0", "digest": "sha256:b"}]}]}"#;
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(200, "", answer)]));
    let arguments = [
        "releases",
        "d",
        "--url",
        &service.url,
        "--organization",
        "acme",
    ];

    let output = folder.run(&arguments, &[]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let expected = "VERSION      PUSHED               IMAGE\n\
                    1.0.0        -                    quay.io/acme/d@sha256:a\n  d.v0.2.0  sha256:b\n";
    assert_eq!(out(&output), expected);
    let asked = service.asked();
    assert_eq!(asked[0].line, "GET /v2/acme/d/releases");
    assert_eq!(asked[0].header("authorization"), None);
}

#[test]
fn one_release_is_deleted_and_all_only_when_asked_for() {
    for (more, line) in [
        (&["1.0.0+b"][..], "DELETE /v2/acme/d/1.0.0+b"),
        (&["--all"], "DELETE /v2/acme/d"),
    ] {
        let answer = r#"{"organization": "acme", "repo": "d", "deleted": ["1.0.0"]}"#;
        let (folder, service) = (Folder::new(), StandIn::new(vec![Says(200, "", answer)]));
        folder.write("token", format!("{TOKEN}\n"));
        let arguments = [
            "delete",
            "d",
            "--url",
            &service.url,
            "--organization",
            "acme",
            "--token-file",
            "token",
        ];

        let output = folder.run(&[&arguments[..], more].concat(), &[]);

        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(out(&output), "deleted: d 1.0.0\n");
        let asked = service.asked();
        assert_eq!(asked[0].line, line);
        assert_eq!(asked[0].header("authorization"), Some(TOKEN));
    }
}

#[test]
fn a_name_that_an_address_would_leave_out_is_2_and_nothing_is_deleted() {
    let folder = Folder::new();
    for names in [
        ["d", ""],
        ["d", "."],
        ["d", ".."],
        ["..", "1.0.0"],
        ["", "1.0.0"],
    ] {
        let [repository, version] = names;
        let arguments = ["delete", repository, version, "--url", "http://127.0.0.1:9"];

        let variables = [("OMPS_ORGANIZATION", "acme"), ("OMPS_TOKEN", TOKEN)];
        let output = folder.run(&arguments, &variables);

        assert_eq!(output.status.code(), Some(2), "{names:?}: {}", err(&output));
        assert!(err(&output).contains("is no name of"), "{}", err(&output));
    }
}

#[test]
fn a_full_disk_is_2_and_a_reader_that_has_left_is_no_error() {
    for (out, code) in [("> /dev/full", 2), ("| true", 0)] {
        let omps = env!("CARGO_BIN_EXE_omps");
        let command = format!("set -o pipefail; {omps} completions bash {out}");

        let status = Command::new("bash")
            .args(["-c", &command])
            .status()
            .unwrap();

        assert_eq!(status.code(), Some(code), "{out}");
    }
}

#[test]
fn a_service_that_is_down_is_3_and_named() {
    let answer = r#"{"ok": false, "status": 503, "services": {"koji": {"ok": true, "details": "It works!"},
        "quay": {"ok": false, "details": "refused"}, "greenwave": null}}"#;
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(503, "", answer)]));

    let output = folder.run(&["health", "--url", &service.url, "--retries", "0"], &[]);

    assert_eq!(output.status.code(), Some(3));
    assert_eq!(out(&output), "ok: koji (It works!)\ndown: quay (refused)\n");
    assert_eq!(service.asked()[0].line, "GET /v2/health/ping");
}
