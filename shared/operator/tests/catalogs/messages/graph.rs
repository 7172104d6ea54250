//! What opm says of the upgrade graph.

use omps_operator::catalog::check;
use serde_json::json;

use super::{clean, entry, expect};

#[test]
fn faults_of_the_graph() {
    expect(&[
        (
            "two heads",
            |o| entry(o, 1, "replaces", json!("")),
            &["multiple channel heads found in graph: p.v1.0.0, p.v1.1.0"],
        ),
        (
            "no head",
            |o| entry(o, 0, "replaces", json!("p.v1.1.0")),
            &["no channel head found in graph"],
        ),
        (
            "a cycle",
            |o| entry(o, 0, "replaces", json!("p.v1.0.0")),
            &["detected cycle in replaces chain of upgrade graph: p.v1.0.0 -> p.v1.0.0"],
        ),
        (
            "stranded",
            |o| {
                entry(o, 1, "replaces", json!(""));
                entry(o, 0, "replaces", json!("p.v1.0.0"));
            },
            &["channel contains one or more stranded bundles: p.v1.0.0"],
        ),
        (
            "an empty skip",
            |o| entry(o, 1, "skips", json!([""])),
            &["skip[0] is empty"],
        ),
        (
            "skipping what is not there",
            |o| entry(o, 1, "skips", json!(["q"])),
            &[],
        ),
        (
            "a tail that replaces what is not there",
            |o| entry(o, 0, "replaces", json!("q")),
            &[],
        ),
        (
            "a skipped bundle instead of a replaced one",
            |o| {
                entry(o, 1, "replaces", json!(""));
                entry(o, 1, "skips", json!(["p.v1.0.0"]));
            },
            &[],
        ),
        (
            "a range is no edge",
            |o| {
                entry(o, 1, "replaces", json!(""));
                entry(o, 1, "skipRange", json!("<1.1.0"));
            },
            &["multiple channel heads found in graph: p.v1.0.0, p.v1.1.0"],
        ),
    ]);
}

#[test]
fn ranges_that_opm_takes_and_refuses() {
    let of = |range: &str| {
        let mut objects = clean();
        entry(&mut objects, 1, "skipRange", json!(range));
        check(&objects)
            .err()
            .map(|refusal| refusal.leaves()[0].to_owned())
    };
    for range in [
        "",
        "1.x",
        ">=1.0.0-alpha <1.1.0",
        "!1.0.0",
        "<1.0.0 || >=1.2.0",
        ">=1.0.0 <1.1.0",
    ] {
        assert_eq!(of(range), None, "{range}");
    }
    for range in ["~1.0.0", "^1.0.0", ">=1.0", "*", ">=1.*", ">=1.0.0, <1.1.0"] {
        let message = of(range).unwrap_or_default();
        let wanted = format!("invalid skipRange {range:?}: ");
        assert!(message.starts_with(&wanted), "{range}: {message}");
    }
}
