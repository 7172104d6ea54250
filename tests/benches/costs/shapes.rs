//! The uploads of the benchmark: small and large, flat and nested, the same bytes on every machine.

use std::fmt::Write;

use omps_tests::operator::Operator;

/// An upload.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) zip: Vec<u8>,
    /// The package's name.
    pub(crate) package: &'static str,
}

const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";

/// All shapes, the smallest first.
pub(crate) fn all() -> [Shape; 4] {
    let (doorbell, larder) = ("doorbell-operator", "larder-operator");
    let shape = |name, operator: Operator, package| Shape {
        name,
        zip: operator.zip(),
        package,
    };
    [
        shape("small, flat", Operator::doorbell(), doorbell),
        shape("sample, nested", Operator::larder(), larder),
        shape("large, flat", flat(), doorbell),
        shape("very large, nested", nested(), larder),
    ]
}

/// One folder with four versions and a large CRD, as operators with long histories were uploaded.
fn flat() -> Operator {
    let csv = Operator::doorbell().file(CSV).to_owned();
    let mut operator = Operator::doorbell();
    for minor in 1..=3 {
        let version = format!("1.{minor}.0");
        let described = format!("  description: |\n{}", prose(minor, 700, 4));
        let csv = csv.replace(
            "doorbell-operator.v1.0.0",
            &format!("doorbell-operator.v{version}"),
        );
        let replaces = format!("  replaces: doorbell-operator.v1.{}.0\n", minor - 1);
        let csv = csv.replace(
            "  version: 1.0.0\n",
            &format!("  version: {version}\n{replaces}"),
        );
        let (before, behind) = csv.split_once("  description: |\n").expect("a description");
        let csv = format!("{before}{described}{behind}");
        let path = format!("doorbell-operator.v{version}.clusterserviceversion.yaml");
        operator = operator.with(&path, &csv);
    }
    let crd = operator.file("doorbells.crd.yaml").to_owned();
    let crd = format!("{crd}{}", schema(8, 1_600));
    operator
        .edit("doorbell.package.yaml", "v1.0.0", "v1.3.0")
        .with("doorbells.crd.yaml", &crd)
}

/// Forty versions in folders of their own, each with a large CRD.
fn nested() -> Operator {
    let sample = Operator::larder();
    let mut operator = sample.clone();
    for minor in 6..46_usize {
        for path in sample
            .paths()
            .into_iter()
            .filter(|path| path.starts_with("0.5.1/"))
        {
            let content = sample
                .file(path)
                .replace("larder-operator.v0.4.0", "larder-operator.before");
            let content = content.replace("0.5.1", &format!("0.{minor}.0"));
            let before = match minor {
                6 => "0.5.1".to_owned(),
                _ => format!("0.{}.0", minor - 1),
            };
            let content = content.replace(
                "larder-operator.before",
                &format!("larder-operator.v{before}"),
            );
            let content = match path.ends_with("clusterserviceversion.yaml") {
                true => content,
                false => format!("{content}{}", notes(minor, 800)),
            };
            operator = operator.with(&path.replace("0.5.1", &format!("0.{minor}.0")), &content);
        }
    }
    operator.edit("larder.package.yaml", "v0.5.1", "v0.45.0")
}

/// Properties of a schema that a CRD ends with, at this depth.
fn schema(depth: usize, count: usize) -> String {
    let mut text = String::new();
    let indent = " ".repeat(depth + 4);
    for number in 0..count {
        let description = sentence(number);
        let _ = write!(
            text,
            "{indent}field{number}:\n{indent}  description: {description}\n{indent}  type: string\n"
        );
    }
    text
}

/// Comments and annotations behind a CRD, which every reader passes over.
fn notes(seed: usize, count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = writeln!(text, "# {}", sentence(seed * 1_000 + number));
    }
    text
}

fn prose(seed: usize, lines: usize, indent: usize) -> String {
    let lines =
        (0..lines).map(|line| format!("{}{}\n", " ".repeat(indent), sentence(seed * 1_000 + line)));
    lines.collect()
}

/// Eight words, as unlike each other as those of a text.
fn sentence(seed: usize) -> String {
    const WORDS: [&str; 32] = [
        "the",
        "operator",
        "reconciles",
        "a",
        "resource",
        "when",
        "its",
        "owner",
        "changes",
        "and",
        "writes",
        "status",
        "conditions",
        "into",
        "every",
        "namespace",
        "that",
        "users",
        "select",
        "with",
        "labels",
        "until",
        "cluster",
        "version",
        "upgrades",
        "finish",
        "without",
        "downtime",
        "for",
        "workloads",
        "of",
        "tenants",
    ];
    // The generator of the C standard: no random numbers, only unlike ones.
    let mut state = seed as u64 * 2_654_435_761 + 12_345;
    let words = (0..8).map(|_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        WORDS[(state >> 16) as usize % WORDS.len()]
    });
    words.collect::<Vec<_>>().join(" ")
}
