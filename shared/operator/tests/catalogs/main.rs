//! Catalogs: what is merged stays, the same content gives the same image, and hostile text is refused.

#![expect(clippy::unwrap_used, reason = "a test")]

mod foreign;
mod image;
mod messages;
mod random;
mod support;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{Package, check, read_objects};

use serde_json::json;
use support::*;

#[test]
fn a_second_head_is_refused_in_opm_s_words_with_the_remedy() {
    let refused = first()
        .merge(&upload(
            "p.v1.2.0",
            vec![uploaded("1.2.0", Some("p.v1.1.0"))],
        ))
        .unwrap_err();
    assert_eq!(
        refused.refusal.leaves(),
        ["multiple channel heads found in graph: p.v1.0.0, p.v1.2.0"]
    );
    assert_eq!(
        refused.advice[0].message,
        "p.v1.2.0 does not lead on from p.v1.0.0, the head of stable in the catalog: give it replaces: p.v1.0.0, \
         or skips: [p.v1.0.0], or another channel, or push p.v1.1.0 first"
    );
}

#[test]
fn a_bundle_in_the_middle_stays_marked_until_it_can_go() {
    let two = upload("p.v1.1.0", vec![uploaded("1.1.0", Some("p.v1.0.0"))]);
    let two = first().merge(&two).unwrap().package;
    let three = upload("p.v1.2.0", vec![uploaded("1.2.0", Some("p.v1.1.0"))]);
    let three = two.merge(&three).unwrap().package;
    let deleted = three.delete(&["p.v1.1.0".into()]);
    assert_eq!(deleted.kept, ["p.v1.1.0"]);
    assert_eq!(deleted.package.bundles(), three.bundles());
    let deleted = deleted.package.delete(&["p.v1.2.0".into()]);
    assert_eq!(deleted.package, first());
}

#[test]
fn hundreds_of_withdrawn_bundles_go_when_the_oldest_goes() {
    let package = chain(400);
    let names = |range: std::ops::Range<u64>| -> Vec<String> {
        range.map(|number| format!("p.v1.{number}.0")).collect()
    };
    let middle = package.delete(&names(1..399));
    assert_eq!(middle.kept, names(1..399));
    let tail = middle.package.delete(&names(0..1));
    assert_eq!(tail.kept, [] as [String; 0]);
    assert_eq!(tail.package.bundles(), ["p.v1.399.0"]);
}

#[test]
fn a_catalog_is_read_back_strictly() {
    let bytes = first().bytes();
    assert_eq!(
        Package::read("p", &bytes, &CatalogLimits::default()).unwrap(),
        first()
    );
    let text = String::from_utf8(bytes).unwrap();
    for (what, odd) in [
        (
            "a key twice",
            text.replacen("\"name\"", "\"name\":\"p\",\"name\"", 1),
        ),
        (
            "an unknown key",
            text.replacen("\"name\"", "\"Name\":\"p\",\"name\"", 1),
        ),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("a trailing comma", text.replacen("}\n", ",}\n", 1)),
        ("YAML", "schema: olm.package\nname: p\n".to_owned()),
    ] {
        assert!(
            Package::read("p", odd.as_bytes(), &CatalogLimits::default()).is_err(),
            "{what}"
        );
    }
    assert!(Package::read("q", text.as_bytes(), &CatalogLimits::default()).is_err());
}

#[test]
fn deep_text_is_refused() {
    for text in [
        "[".repeat(1 << 20),
        format!("{{\"a\":{}", "[".repeat(1 << 20)),
    ] {
        let objects = read_objects(text.as_bytes(), &CatalogLimits::default());
        assert!(objects.is_err() || check(&objects.unwrap()).is_err());
        assert!(Package::read("p", text.as_bytes(), &CatalogLimits::default()).is_err());
    }
}

#[test]
fn behind_a_byte_order_mark_only_the_first_object_counts() {
    let [one, two] = ["a", "b"].map(|name| json!({"schema": "olm.package", "name": name}));
    for (case, text, wanted) in [
        ("JSON", format!("\u{feff}{one}\n{two}\n"), vec![one.clone()]),
        (
            "YAML",
            "\u{feff}schema: olm.package\nname: a\n".to_owned(),
            vec![one.clone()],
        ),
        (
            "no mark",
            format!("{one}\n{two}\n"),
            vec![one.clone(), two.clone()],
        ),
    ] {
        let objects = read_objects(text.as_bytes(), &CatalogLimits::default());
        assert_eq!(objects, Ok(wanted), "{case}");
    }
}

#[test]
fn bytes_and_objects_of_a_file_are_limited() {
    let object = r#"{"schema": "olm.package", "name": "p"}"#;
    let limits = CatalogLimits {
        file_size: 200,
        objects: 2,
        ..CatalogLimits::default()
    };
    let file = |count: usize| format!("{object}\n").repeat(count).into_bytes();
    let yaml = |count: usize| "---\nschema: a\n".repeat(count).into_bytes();
    let many = "the file has more than 2 objects";
    let large = "the file has more than 200 bytes";
    for (case, text, wanted) in [
        ("two", file(2), None),
        ("three", file(3), Some(many)),
        ("two in YAML", yaml(2), None),
        ("three in YAML", yaml(3), Some(many)),
        ("200 bytes", [file(2), vec![b' '; 122]].concat(), None),
        (
            "201 bytes",
            [file(2), vec![b' '; 123]].concat(),
            Some(large),
        ),
    ] {
        let error = read_objects(&text, &limits)
            .err()
            .map(|error| error.to_string());
        assert_eq!(error.as_deref(), wanted, "{case}");
    }
    for (count, wanted) in [(3, many), (6, large)] {
        let error = Package::read("p", &file(count), &limits).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn the_graph_has_an_arrow_for_each_edge() {
    let two = upload("p.v1.1.0", vec![uploaded("1.1.0", Some("p.v1.0.0"))]);
    let two = first().merge(&two).unwrap().package;
    assert_eq!(
        two.mermaid(),
        "flowchart LR\n  subgraph c0[\"stable\"]\n    c0b0[\"p.v1.0.0\"]\n    c0b1([\"p.v1.1.0\"])\n    c0b0 --> c0b1\n  end\n"
    );
}
