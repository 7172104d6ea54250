//! `omps catalog check`: verdicts and messages, of a file and of a directory; `show` and `rebuild`: what is asked and printed.

use crate::stand_in::{Answer, StandIn};
use crate::support::{Folder, err, out};

const PACKAGE: &str =
    "{\"schema\": \"olm.package\", \"name\": \"p\", \"defaultChannel\": \"stable\"}\n";
const CHANNEL: &str = "schema: olm.channel\npackage: p\nname: stable\nentries:\n- name: p.v1.0.0\n";

fn bundle(name: &str, version: &str) -> String {
    let properties = format!(
        "[{{\"type\": \"olm.package\", \"value\": {{\"packageName\": \"p\", \"version\": \"{version}\"}}}}]"
    );
    format!(
        "{{\"schema\": \"olm.bundle\", \"package\": \"p\", \"name\": \"{name}\", \"image\": \"quay.io/o/p@sha256:{}\", \"properties\": {properties}}}\n",
        "0".repeat(64)
    )
}

/// A catalog of three files, whose bundle has this name.
fn catalog(name: &str) -> Folder {
    let folder = Folder::new();
    folder.write("catalog/p/package.json", PACKAGE);
    folder.write("catalog/p/channel.yaml", CHANNEL);
    folder.write("catalog/p/bundle.json", bundle(name, "1.0.0"));
    folder
}

#[test]
fn the_files_of_a_directory_are_one_catalog() {
    let folder = catalog("p.v1.0.0");

    let output = folder.run(&["catalog", "check", "catalog"], &[]);

    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert_eq!(out(&output), "valid: catalog\n");
}

#[test]
fn a_catalog_that_opm_refuses_is_1_with_its_words() {
    let folder = catalog("p.v2.0.0");

    let text = folder.run(&["catalog", "check", "catalog"], &[]);
    let json = folder.run(&["catalog", "check", "catalog", "--output", "json"], &[]);

    assert_eq!(text.status.code(), Some(1));
    let message = "package \"p\", bundle \"p.v2.0.0\" not found in any channel entries";
    assert_eq!(
        out(&text).lines().next(),
        Some(&*format!("error: {message}"))
    );
    assert!(out(&text).contains("not valid: catalog"));
    let answer: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["errors"], serde_json::json!([message]));
}

#[test]
fn a_file_that_is_none_of_a_catalog_is_named() {
    let folder = catalog("p.v1.0.0");
    folder.write("catalog/README.md", "Catalog: [\n");

    let output = folder.run(&["catalog", "check", "catalog"], &[]);

    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("error: README.md: "),
        "{}",
        out(&output)
    );
}

#[test]
fn what_cannot_be_checked_is_2() {
    let folder = catalog("p.v1.0.0");
    folder.write("catalog/.indexignore", "*.md\n");

    for path in ["catalog", "nothing"] {
        let output = folder.run(&["catalog", "check", path], &[]);

        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(err(&output).contains(path));
    }
}

const LISTED: &str = r#"{"image": "quay.io/my-org/catalog:latest", "digest": "sha256:0", "packages": [
    {"package": "p", "default_channel": "stable", "withdrawn": ["p.v1.1.0"],
     "channels": [{"name": "stable", "head": "p.v1.2.0", "entries": ["p.v1.0.0", "p.v1.1.0", "p.v1.2.0"]}]}],
    "pending": [{"action": "release", "repo": "p", "version": "4.0.0", "reason": "two heads"}]}"#;

#[test]
fn show_lists_packages_and_what_is_pending() {
    let service = StandIn::new(vec![Answer::Says(200, "", LISTED)]);

    let output = run_at(&service.url, &["catalog", "show"]);

    assert_eq!(
        out(&output),
        "quay.io/my-org/catalog:latest\np\n  stable: p.v1.2.0 (3 in all, default)\n  \
         withdrawn, and still a step: p.v1.1.0\npending: release p 4.0.0: two heads\n"
    );
    let asked = service.asked();
    assert_eq!(asked[0].line, "GET /v2/my-org/catalog");
    assert_eq!(asked[0].header("authorization"), Some("basic dDp0"));
}

#[test]
fn show_prints_one_package_as_it_came() {
    for (arguments, accepted) in [
        (vec![], "application/yaml"),
        (vec!["--output", "json"], "application/jsonl"),
        (vec!["--form", "graph"], "text/vnd.mermaid"),
    ] {
        let service = StandIn::new(vec![Answer::Says(200, "", "flowchart LR\n")]);

        let output = run_at(
            &service.url,
            &[&["catalog", "show", "p"], &arguments[..]].concat(),
        );

        assert_eq!(out(&output), "flowchart LR\n", "{arguments:?}");
        let asked = service.asked();
        assert_eq!(asked[0].line, "GET /v2/my-org/catalog/p");
        assert_eq!(asked[0].header("accept"), Some(accepted));
    }
}

#[test]
fn rebuild_says_what_changed_and_is_1_where_something_was_skipped() {
    let done = r#"{"updated": true, "image": "i", "digest": "d", "added": ["p.v1.0.0"], "dropped": [], "skipped": []}"#;
    let left = r#"{"updated": false, "image": "i", "digest": "d", "added": [], "dropped": ["p.v1.0.0"],
        "skipped": [{"release": "p 2.0.0", "message": "two heads"}]}"#;
    let service = StandIn::new(vec![
        Answer::Says(200, "", done),
        Answer::Says(200, "", left),
    ]);

    let all = run_at(&service.url, &["catalog", "rebuild"]);
    let fresh = run_at(
        &service.url,
        &["catalog", "rebuild", "--package", "p", "--fresh"],
    );

    assert_eq!(
        (all.status.code(), &*out(&all)),
        (Some(0), "added: p.v1.0.0\nup to date: i\n")
    );
    let report = "dropped: p.v1.0.0\nskipped: p 2.0.0: two heads\nnot up to date: i\n";
    assert_eq!((fresh.status.code(), &*out(&fresh)), (Some(1), report));
    let asked = service.asked();
    assert_eq!(asked[0].line, "POST /v2/my-org/catalog");
    assert_eq!(
        asked[1].line,
        "POST /v2/my-org/catalog?package=p&fresh=true"
    );
}

fn run_at(url: &str, arguments: &[&str]) -> std::process::Output {
    let whose = ["--organization", "my-org", "--url", url];
    Folder::new().run(
        &[arguments, &whose].concat(),
        &[("OMPS_TOKEN", "basic dDp0")],
    )
}
