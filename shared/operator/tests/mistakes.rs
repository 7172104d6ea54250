//! The mistakes that people make most when they zip manifests, and the finding that each gets.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Write};

use omps_operator::report::{Finding, Severity, ValidationInfo};
use omps_operator::{Limits, Operator};

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: lamps.home.example}
spec: {group: home.example, version: v1, names: {kind: Lamp, plural: lamps}}
";
const CSV: &str = "apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata:
  name: lamp.v1.0.0
  annotations: {}
spec:
  version: 1.0.0
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
  customresourcedefinitions: {owned: [{name: lamps.home.example, kind: Lamp, version: v1}]}
";
const PACKAGE: &str = "packageName: lamp
channels: [{name: alpha, currentCSV: lamp.v1.0.0}]
";
const NO_PACKAGE: &str = "Could not find packageName in manifests.";
const INVALID: &str = "Resulting bundle is invalid, input yaml is improperly defined.";

/// The beginning of a file of AppleDouble.
const DOUBLE: [u8; 5] = [0, 5, 22, 7, 0];

type Files = Vec<(String, Vec<u8>)>;

fn file(path: &str, content: impl AsRef<[u8]>) -> (String, Vec<u8>) {
    (path.to_owned(), content.as_ref().to_vec())
}

/// A good operator below a folder; without one, where it is empty.
fn flat(folder: &str) -> Files {
    [
        ("crd.yaml", CRD),
        ("csv.yaml", CSV),
        ("package.yaml", PACKAGE),
    ]
    .map(|(name, text)| file(&format!("{folder}{name}"), text))
    .into()
}

fn nested() -> Files {
    vec![
        file("package.yaml", PACKAGE),
        file("1.0.0/crd.yaml", CRD),
        file("1.0.0/csv.yaml", CSV),
    ]
}

fn with(files: Files, path: &str, content: impl AsRef<[u8]>) -> Files {
    let mut files = without(files, path);
    files.push(file(path, content));
    files
}

fn without(mut files: Files, path: &str) -> Files {
    files.retain(|(other, _)| other != path);
    files
}

fn renamed(mut files: Files, old: &str, new: &str) -> Files {
    let (path, _) = files.iter_mut().find(|(path, _)| path == old).unwrap();
    new.clone_into(path);
    files
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (path, content) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The message of the refusal, or an empty one, and what was found.
fn judged(files: &Files) -> (String, ValidationInfo) {
    let opened = Operator::open(&zipped(files), &Limits::new(1 << 20));
    match opened.and_then(|operator| operator.judge("lamp")) {
        Ok(judged) => (String::new(), judged.report().validation_info()),
        Err(error) => (error.to_string(), error.validation_info()),
    }
}

fn of_rule<'a>(info: &'a ValidationInfo, rule: &str) -> &'a Finding {
    let mut found = info.findings.iter().filter(|finding| finding.rule == rule);
    let Some(finding) = found.next() else {
        panic!("no {rule} in {:#?}", info.findings);
    };
    assert!(found.next().is_none(), "{rule} twice");
    finding
}

/// A mistake: its name and files, the message, and of its finding the rule, the place, what was found, and how the advice
/// begins.
macro_rules! assert_found {
    ($($case:literal: $files:expr => $message:expr, $rule:literal at $path:literal line $line:literal,
       $found:expr, $advice:expr;)*) => {
        $(assert_one($case, &$files, $message, ($rule, $path, $line, $found), $advice);)*
    };
}

fn assert_one(
    case: &str,
    files: &Files,
    message: &str,
    wanted: (&str, &str, u32, &str),
    advice: &str,
) {
    let (said, info) = judged(files);
    let is_wanted = said.starts_with(message) && said.is_empty() == message.is_empty();
    assert!(is_wanted, "{case}: {said}");
    let finding = of_rule(&info, wanted.0);
    let found = (finding.rule, &*finding.file, finding.line, &*finding.found);
    assert_eq!(found, wanted, "{case}");
    assert!(finding.advice.starts_with(advice), "{case}: {finding:?}");
    if finding.severity == Severity::Hint {
        let mut lists = info.errors.iter().chain(&info.warnings);
        assert!(!lists.any(|text| *text == finding.message), "{case}");
    }
}

#[test]
fn a_good_operator_has_no_finding_of_a_mistake() {
    for files in [flat(""), nested()] {
        let (message, info) = judged(&files);
        assert_eq!(message, "");
        let mut findings = info.findings.iter();
        assert!(findings.all(|finding| finding.rule.starts_with("csv-")));
    }
}

#[test]
fn what_stands_in_place_of_a_package_file_is_told() {
    let annotations = "annotations: {operators.operatorframework.io.bundle.package.v1: lamp}\n";
    let bundle = vec![
        file("manifests/csv.yaml", CSV),
        file("metadata/annotations.yaml", annotations),
    ];
    let no_key = "name: lamp\nchannels: []\n";
    let (folder, add) = (
        "Zip the folder's content, not the folder.",
        "Add a package file",
    );
    assert_found! {
        "a folder": flat("lamp-main/") => NO_PACKAGE, "folder-around" at "lamp-main/package.yaml" line 1,
            "packageName lamp, one folder down", folder;
        "two folders": flat("a/b/") => NO_PACKAGE, "folder-around" at "a/b/package.yaml" line 1,
            "packageName lamp, 2 folders down", folder;
        "a folder, and what macOS adds": with(flat("lamp/"), "__MACOSX/lamp/._package.yaml", DOUBLE) => NO_PACKAGE,
            "folder-around" at "lamp/package.yaml" line 1, "packageName lamp, one folder down", folder;
        "a folder that is called as a bundle's": flat("manifests/") => NO_PACKAGE,
            "folder-around" at "manifests/package.yaml" line 1, "packageName lamp, one folder down", folder;
        "the package file beside a CSV, below": with(flat("1.0.0/"), "README.md", "x") => NO_PACKAGE,
            "package-below" at "1.0.0/package.yaml" line 1, "packageName lamp, one folder down", "Put the package file at the top";
        "a bundle": bundle => NO_PACKAGE, "bundle-instead" at "metadata/annotations.yaml" line 1, "a bundle",
            "Push it to an organization with release_format = \"bundle-image\"";
        "a zip": vec![file("operator.zip", zipped(&flat("")))] => NO_PACKAGE, "archive-inside" at "operator.zip" line 1,
            "a zip", "Zip the manifests themselves";
        "a tar.gz": vec![file("operator.tar.gz", [0x1f, 0x8b, 8])] => NO_PACKAGE, "archive-inside" at "operator.tar.gz" line 1,
            "a gzip file, as a .tar.gz is", "Zip the manifests themselves";
        "an extension": renamed(flat(""), "package.yaml", "package.YAML") => NO_PACKAGE,
            "package-extension" at "package.YAML" line 1, "packageName lamp, in a file that ends in .YAML", "Rename it";
        "no package file": without(flat(""), "package.yaml") => NO_PACKAGE, "no-package-file" at "crd.yaml" line 1,
            "crd.yaml of kind CustomResourceDefinition, csv.yaml of kind ClusterServiceVersion", add;
        "a package file without the key": with(flat(""), "package.yaml", no_key) => NO_PACKAGE,
            "no-package-file" at "package.yaml" line 2, "channels, but no packageName beside them", add;
        "no YAML": vec![file("a.txt", "x"), file("b.md", "x")] => NO_PACKAGE, "no-package-file" at "a.txt" line 1,
            "no YAML file that can be read, but a.txt, b.md", add;
        "nothing": vec![] => NO_PACKAGE, "no-package-file" at "" line 1, "no file at all", add;
    }
}

#[test]
fn the_files_of_macos_are_told_apart() {
    let (read, not_read) = (
        "Take out `__MACOSX` and `._*`: macOS writes them; `zip -r -X` does not.",
        "Take out `__MACOSX`, `._*` and `.DS_Store`",
    );
    assert_found! {
        "read as YAML": with(flat(""), "__MACOSX/._csv.yaml", DOUBLE) =>
            "Courier requires valid input YAML files: __MACOSX/._csv.yaml: ",
            "macos-file" at "__MACOSX/._csv.yaml" line 1, "control character U+0000", read;
        "read for the package": with(flat(""), "._a.yaml", DOUBLE) => "Failed to process yaml file /._a.yaml",
            "macos-file" at "._a.yaml" line 1, "control character U+0000", read;
        "not read": with(nested(), ".DS_Store", DOUBLE) => "", "macos-files" at ".DS_Store" line 1,
            "a file that macOS wrote", not_read;
        "several": with(with(nested(), ".DS_Store", DOUBLE), "1.0.0/.DS_Store", DOUBLE) => "",
            "macos-files" at ".DS_Store" line 1, "the first of 2 files that macOS wrote", not_read;
    }
    let (_, info) = judged(&with(nested(), ".DS_Store", DOUBLE));
    let mut findings = info.findings.iter();
    assert!(!findings.any(|finding| finding.rule == "unjudged-file"));
}

#[test]
fn a_file_of_another_kind_is_listed_where_one_is_missing() {
    let crd = CRD.replace("Definition\n", "Definitions\n");
    let csv = CSV.replace("Version\n", "Versions\n");
    let no_kind = CRD.replace("kind: CustomResourceDefinition\n", "");
    let advice = "Write kind: ClusterServiceVersion or kind: CustomResourceDefinition";
    let no_csv = "The source directory structure is not in valid flat or nested format";
    assert_found! {
        "a CRD": with(flat(""), "crd.yaml", &crd) => INVALID, "unknown-kind" at "crd.yaml" line 2,
            "the string \"CustomResourceDefinitions\"", advice;
        "a CRD without a kind": with(flat(""), "crd.yaml", no_kind) => INVALID, "unknown-kind" at "crd.yaml" line 1,
            "a map of apiVersion, metadata, spec", advice;
        "a CRD in a folder": with(nested(), "1.0.0/crd.yaml", &crd) => INVALID, "unknown-kind" at "1.0.0/crd.yaml" line 2,
            "the string \"CustomResourceDefinitions\"", advice;
        "a CSV": with(flat(""), "csv.yaml", csv) => no_csv, "unknown-kind" at "csv.yaml" line 2,
            "the string \"ClusterServiceVersions\"", advice;
        "a CSV with a wrong extension": renamed(flat(""), "csv.yaml", "csv.YAML") => no_csv,
            "yaml-extension" at "csv.YAML" line 1, ".YAML", "Rename it";
        "a CRD with a wrong extension": renamed(flat(""), "crd.yaml", "crd.Yml") => INVALID,
            "yaml-extension" at "crd.Yml" line 1, ".Yml", "Rename it";
    }
    let (_, info) = judged(&with(flat(""), "crd.yaml", &crd));
    let message = "crd.yaml: taken neither for a CSV nor for a CRD: its kind is the string \"CustomResourceDefinitions\"";
    assert_eq!(of_rule(&info, "unknown-kind").message, message);
    let (_, info) = judged(&with(flat(""), "role.yaml", "kind: Role\n"));
    let mut findings = info.findings.iter();
    assert!(!findings.any(|finding| finding.rule == "unknown-kind"));
}

#[test]
fn a_long_name_or_kind_is_shortened_where_it_is_told() {
    let (long, short) = ("k".repeat(5_000), format!("{}…", "k".repeat(100)));
    let kind = vec![file("a.yaml", format!("kind: {long}\n"))];
    let name = vec![file("a/b.yaml", format!("packageName: {long}\n"))];
    for (files, rule, found) in [
        (kind, "no-package-file", format!("a.yaml of kind {short}")),
        (
            name,
            "folder-around",
            format!("packageName {short}, one folder down"),
        ),
    ] {
        let (_, info) = judged(&files);
        assert_eq!(of_rule(&info, rule).found, found);
    }
}

#[test]
fn a_current_csv_that_is_not_there_is_told_with_those_that_are() {
    let package = PACKAGE.replace("lamp.v1.0.0", "lamp.v1.0");
    let found = "the string \"lamp.v1.0\", but the CSVs are the string \"lamp.v1.0.0\"";
    let unnamed = CSV.replace("  name: lamp.v1.0.0\n", "");
    assert_found! {
        "flat": with(flat(""), "package.yaml", &package) => INVALID, "channel-csv-unknown" at "package.yaml" line 2, found,
            "Add the CSV's file";
        "nested": with(nested(), "package.yaml", &package) => "", "current-csv" at "package.yaml" line 2, found,
            "Add the CSV's file";
        "no name at all": with(flat(""), "csv.yaml", unnamed) => INVALID, "channel-csv-unknown" at "package.yaml" line 2,
            "the string \"lamp.v1.0.0\", but no CSV has a name", "Add the CSV's file";
    }
}

#[test]
fn examples_that_are_no_json_have_the_files_own_line_and_column() {
    let block = "|-\n      [\n        {\"a\": 1,\n        }\n      ]";
    let cases = [
        (block, 9, 9, "a comma before }"),
        (
            ">-\n      [\n      1 2]",
            8,
            9,
            "text that is not JSON, at \"2]\"",
        ),
        (
            "'[{''a'': 1}]'",
            6,
            22,
            "text that is not JSON, at \"'a': 1}]\"",
        ),
        (r#""[\n {\"a\": 1,\n }]""#, 6, 37, "a comma before }"),
        ("'[1'", 6, 22, "JSON that ends too early"),
        ("''", 6, 19, "an empty text, which is not JSON"),
        ("[1]", 6, 19, "a list of 1"),
    ];
    for (examples, line, column, found) in cases {
        let annotations = format!("  annotations:\n    alm-examples: {examples}");
        let csv = CSV.replace("  annotations: {}", &annotations);
        let (message, info) = judged(&with(flat(""), "csv.yaml", csv));
        assert_eq!(message, INVALID, "{examples}");
        let finding = of_rule(&info, "csv-alm-examples");
        let place = (finding.line, finding.column, &*finding.found);
        assert_eq!(place, (line, column, found), "{examples}");
        assert_eq!(&*finding.file, "csv.yaml");
    }
}
