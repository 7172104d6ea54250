//! `omps catalog check`: verdicts and messages, of a file and of a directory.

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
