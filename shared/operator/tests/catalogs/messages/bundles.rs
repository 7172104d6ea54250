//! What opm says of bundles, and of what is deprecated.

use serde_json::{Value, json};

use super::{CHANNEL, OLD, expect};

/// Sets the value of the property `olm.package` of the old bundle.
fn property(objects: &mut [Value], key: &str, value: Value) {
    objects[OLD]["properties"][0]["value"][key] = value;
}

/// Adds an `olm.deprecations` of one entry.
fn deprecate(objects: &mut Vec<Value>, reference: &Value, message: &str) {
    let entry = json!({"reference": reference, "message": message});
    objects.push(json!({"schema": "olm.deprecations", "package": "p", "entries": [entry]}));
}

#[test]
fn faults_of_bundles() {
    expect(&[
        (
            "twice",
            |o| o.push(o[OLD].clone()),
            &["package \"p\" has duplicate bundle \"p.v1.0.0\""],
        ),
        (
            "no package property",
            |o| o[OLD]["properties"] = json!([]),
            &[
                "package \"p\" bundle \"p.v1.0.0\" must have exactly 1 \"olm.package\" property, found 0",
            ],
        ),
        (
            "of another package",
            |o| property(o, "packageName", json!("q")),
            &["package \"p\" does not match \"olm.package\" property \"q\""],
        ),
        (
            "no pull specification",
            |o| o[OLD]["image"] = json!("quay.io/Org/p:1"),
            &[
                "package \"p\" bundle \"p.v1.0.0\" image: invalid image pull spec \"quay.io/Org/p:1\": invalid reference format: repository name must be lowercase",
            ],
        ),
        (
            "a related image",
            |o| {
                o[OLD]["relatedImages"] =
                    json!([{"name": "", "image": ""}, {"name": "a", "image": "a:"}]);
            },
            &[
                "package \"p\" bundle \"p.v1.0.0\" relatedImages[1].image: invalid image pull spec \"a:\": invalid reference format",
            ],
        ),
        (
            "two numbers",
            |o| property(o, "version", json!("1.0")),
            &[
                "error parsing bundle \"p.v1.0.0\" version \"1.0\": No Major.Minor.Patch elements found",
            ],
        ),
        (
            "a release that is none",
            |o| property(o, "release", json!("a_b")),
            &[
                "error parsing bundle \"p.v1.0.0\" release version \"a_b\": invalid release \"a_b\": segment 0: Invalid character(s) found in prerelease \"a_b\"",
            ],
        ),
        (
            "a release under another name",
            |o| property(o, "release", json!("1")),
            &["name \"p.v1.0.0\" does not match normalized name \"p-v1.0.0-1\""],
        ),
        (
            "in no channel",
            |o| {
                o[CHANNEL]["entries"].as_array_mut().unwrap().pop();
            },
            &["package \"p\", bundle \"p.v1.1.0\" not found in any channel entries"],
        ),
        (
            "no image",
            |o| o[OLD]["image"] = json!(""),
            &["bundle image must be set"],
        ),
        (
            "a tag instead of a digest",
            |o| o[OLD]["image"] = json!("quay.io/org/p:1"),
            &[],
        ),
        (
            "two of one version",
            |o| property(o, "version", json!("1.1.0")),
            &["duplicate versions found in bundles: [{1.1.0: [p.v1.0.0, p.v1.1.0]}]"],
        ),
        (
            "two versions but for build metadata",
            |o| property(o, "version", json!("1.1.0+1")),
            &[],
        ),
        (
            "versions that go down",
            |o| property(o, "version", json!("9.0.0")),
            &[],
        ),
    ]);
}

#[test]
fn faults_of_deprecations() {
    expect(&[
        (
            "a bundle",
            |o| {
                deprecate(
                    o,
                    &json!({"schema": "olm.bundle", "name": "p.v1.0.0"}),
                    "old",
                );
            },
            &[],
        ),
        (
            "no message",
            |o| deprecate(o, &json!({"schema": "olm.bundle", "name": "p.v1.0.0"}), ""),
            &["invalid deprecation: message must be set"],
        ),
        (
            "no message for the package",
            |o| deprecate(o, &json!({"schema": "olm.package"}), ""),
            &["invalid deprecation: message must be set"],
        ),
        (
            "a bundle that is not there",
            |o| deprecate(o, &json!({"schema": "olm.bundle", "name": "n"}), "old"),
            &["cannot deprecate bundle \"n\" for package \"p\": bundle not found"],
        ),
        (
            "a channel that is not there",
            |o| deprecate(o, &json!({"schema": "olm.channel", "name": "n"}), "old"),
            &["cannot deprecate channel \"n\" for package \"p\": channel not found"],
        ),
        (
            "a package by name",
            |o| deprecate(o, &json!({"schema": "olm.package", "name": "p"}), "old"),
            &["package name must be empty for deprecated package \"p\" (specified \"p\")"],
        ),
        (
            "no schema",
            |o| deprecate(o, &json!({}), "old"),
            &["schema must be set for deprecation entry [0] for package \"p\""],
        ),
        (
            "two lists",
            |o| {
                for _ in 0..2 {
                    deprecate(o, &json!({"schema": "olm.package"}), "old");
                }
            },
            &["expected a maximum of one deprecation per package: \"p\""],
        ),
        (
            "two lists without entries",
            |o| {
                o.extend([(); 2].map(
                    |()| json!({"schema": "olm.deprecations", "package": "p", "entries": []}),
                ));
            },
            &["expected a maximum of one deprecation per package: \"p\""],
        ),
        (
            "an unknown package",
            |o| o.push(json!({"schema": "olm.deprecations", "package": "q"})),
            &["cannot apply deprecations to an unknown package \"q\""],
        ),
    ]);
}
