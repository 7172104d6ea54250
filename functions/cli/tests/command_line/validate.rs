//! `omps validate`: reports for people, programs and code scanning.

use serde_json::Value;

use crate::support::{CRD, CSV, Folder, PACKAGE, assert_golden, err, out};

const COURIER: [&str; 4] = ["validate", "doorbell", "--format", "app-registry"];

#[test]
fn a_valid_operator_is_0_and_quiet() {
    let folder = Folder::new();

    let output = folder.run(&COURIER, &[]);

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        out(&output),
        "valid: doorbell, the package doorbell-operator (no findings)\n"
    );
    assert_eq!(err(&output), "");
}

/// Breaks the operator of a folder.
type Mistake = fn(&Folder);

#[test]
fn each_mistake_is_shown_with_its_line_a_caret_and_what_to_do() {
    let mistakes: [(&str, Mistake); 8] = [
        ("no-install-modes", |folder| {
            folder.edit(CSV, "installModes:", "modes:");
        }),
        ("tab-in-yaml", |folder| {
            folder.edit(CRD, "spec:", "spec:\n\t- a");
        }),
        ("unknown-current-csv", |folder| {
            folder.edit(
                PACKAGE,
                "currentCSV: doorbell-operator.v1.0.0",
                "currentCSV: doorbell-operator.v2.0.0",
            );
        }),
        ("owned-crd-missing", |folder| {
            folder.edit(
                CSV,
                "- name: doorbells.example.com",
                "- name: bells.example.com",
            );
        }),
        ("no-package", |folder| {
            folder.edit(PACKAGE, "packageName", "package");
        }),
        ("several-documents", |folder| {
            folder.edit(CRD, "spec:", "---\nspec:");
        }),
        ("wrong-type", |folder| {
            folder.edit(PACKAGE, "packageName: doorbell-operator", "packageName: 12");
        }),
        ("control-characters", |folder| {
            folder.edit(
                CSV,
                "kind: Doorbell",
                "kind: \"Door\u{1b}[31m\u{202e}bell\"",
            );
        }),
    ];
    for (name, break_it) in mistakes {
        let folder = Folder::new();
        break_it(&folder);

        let output = folder.run(&COURIER, &[]);

        assert_eq!(output.status.code(), Some(1), "{name}: {}", out(&output));
        assert_golden(name, &out(&output));
    }
}

#[test]
fn what_bundle_images_add_is_shown_and_refuses_in_strict_mode_only() {
    let folder = Folder::new();

    let normal = folder.run(&["validate", "doorbell"], &[]);
    let strict = folder.run(&["validate", "doorbell", "--strict"], &[]);

    assert_eq!(normal.status.code(), Some(0));
    assert!(out(&normal).contains("an error refuses a bundle with --strict only"));
    assert_eq!(strict.status.code(), Some(1));
    assert!(out(&strict).contains("\nnot valid: doorbell"));
}

#[test]
fn what_an_organizations_rules_change_is_shown_as_a_diff() {
    let folder = Folder::new();
    folder.write(
        "rules.toml",
        r#"
[ProdConfig.organizations.acme]
release_format = "app-registry"
package_name_suffix = "-acme"
replace_registry = [{ old = "quay.io/", new = "registry.acme.example/" }]
"#,
    );
    let arguments = [
        "validate",
        "doorbell",
        "--rules",
        "rules.toml",
        "--organization",
        "acme",
    ];

    let output = folder.run(&arguments, &[]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_golden("rules", &out(&output));
}

#[test]
fn a_line_that_is_no_text_is_not_shown() {
    let folder = Folder::new();
    folder.write("doorbell/x.yaml", b"\0\x05\x16\x07");

    let output = folder.run(&COURIER, &[]);

    assert_eq!(output.status.code(), Some(1));
    let report = out(&output);
    assert!(report.contains("doorbell/x.yaml:1:1"), "{report}");
    assert!(
        !report.contains("\\u{0}") && !report.contains("1 |"),
        "{report}"
    );
}

#[test]
fn a_zip_and_its_directory_have_one_verdict() {
    let folder = Folder::new();
    folder.edit(CSV, "installModes:", "modes:");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.path("a.zip")).unwrap());
    for name in [CSV, PACKAGE, CRD] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(
            &mut zip,
            &std::fs::read(folder.path(&format!("doorbell/{name}"))).unwrap(),
        )
        .unwrap();
    }
    zip.finish().unwrap();

    let [directory, zip] = ["doorbell", "a.zip"].map(|input| {
        let output = folder.run(&["validate", input, "--output", "json"], &[]);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_str::<Value>(&out(&output)).unwrap()
    });

    assert_eq!(directory["validation_info"], zip["validation_info"]);
    assert_eq!(zip["input"], "a.zip");
    assert_eq!(zip["valid"], false);
}

#[test]
fn sarif_names_rule_file_and_place_from_the_repositorys_root() {
    let folder = Folder::new();
    folder.edit(CSV, "installModes:", "modes:");

    let output = folder.run(&["validate", "./doorbell/", "--output", "sarif"], &[]);

    assert_eq!(output.status.code(), Some(1));
    let log: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "csv-install-modes");
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], format!("doorbell/{CSV}"));
    assert_eq!(place["region"]["startLine"], 15);
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(
        log["runs"][0]["tool"]["driver"]["rules"][index]["id"],
        "csv-install-modes"
    );
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = Folder::new();
    for (arguments, variables, has_colours) in [
        (&["validate", "doorbell"][..], &[][..], false),
        (&["--color", "always", "validate", "doorbell"], &[], true),
        (
            &["validate", "doorbell", "--color", "never"],
            &[("CLICOLOR_FORCE", "1")],
            false,
        ),
        (&["validate", "doorbell"], &[("NO_COLOR", "1")], false),
    ] {
        let output = folder.run(arguments, variables);
        assert_eq!(out(&output).contains('\x1b'), has_colours, "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_done_is_2_and_says_why() {
    let folder = Folder::new();
    folder.write("rules.toml", "[ProdConfig.organizations.acme]\n");
    folder.write("empty/.hidden", "");
    for (arguments, reason) in [
        (&["validate", "nowhere"][..], "cannot read nowhere"),
        (&["validate", "empty"], "empty has no files"),
        (
            &["validate", "doorbell", "--rules", "rules.toml"],
            "--rules needs --organization",
        ),
        (
            &[
                "validate",
                "doorbell",
                "--rules",
                "rules.toml",
                "--organization",
                "x",
            ],
            "no organization x",
        ),
        (&["validate"], "required arguments"),
        (
            &["validate", "doorbell", "--format", "tar"],
            "invalid value 'tar'",
        ),
        (&["push", "doorbell"], "no organization"),
        (&["delete", "doorbell"], "required arguments"),
    ] {
        let output = folder.run(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            err(&output).contains(reason),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn completions_and_the_man_page_know_every_command() {
    let folder = Folder::new();
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["man"],
        &["--help"],
    ] {
        let output = folder.run(arguments, &[]);
        assert_eq!(output.status.code(), Some(0));
        let text = out(&output).replace("\\-", "-");
        for command in [
            "validate",
            "push",
            "push-koji",
            "releases",
            "delete",
            "health",
            "login",
        ] {
            assert!(text.contains(command), "{arguments:?} has no {command}");
        }
    }
}
