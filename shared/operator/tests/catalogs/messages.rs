//! What opm says of each fault, word for word, and what it lets pass.

mod bundles;
mod graph;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{check, read_objects};
use serde_json::{Value, json};

use super::support::*;

/// A change to the objects of a clean package, and the leaves of what opm says then.
type Fault = (&'static str, fn(&mut Vec<Value>), &'static [&'static str]);

// The package's objects: itself, the channel stable, and a bundle a version.
const PACKAGE: usize = 0;
const CHANNEL: usize = 1;
const OLD: usize = 2;

fn clean() -> Vec<Value> {
    chain(2).objects()
}

fn found(change: fn(&mut Vec<Value>)) -> Vec<String> {
    let mut objects = clean();
    change(&mut objects);
    match check(&objects) {
        Ok(()) => Vec::new(),
        Err(refusal) => refusal.leaves().into_iter().map(str::to_owned).collect(),
    }
}

fn expect(faults: &[Fault]) {
    for (case, change, wanted) in faults {
        assert_eq!(found(*change), *wanted, "{case}");
    }
}

/// Sets an entry of the channel.
fn entry(objects: &mut [Value], index: usize, key: &str, value: Value) {
    objects[CHANNEL]["entries"][index][key] = value;
}

fn add_entry(objects: &mut [Value], entry: Value) {
    let entries = objects[CHANNEL]["entries"].as_array_mut();
    entries.unwrap().push(entry);
}

#[test]
fn a_clean_package_passes() {
    assert_eq!(check(&clean()), Ok(()));
    assert_eq!(check(&[]), Ok(()));
}

#[test]
fn faults_of_reading() {
    expect(&[
        (
            "no object",
            |o| o[0] = json!([]),
            &["json: cannot unmarshal array into Go value of type map[string]interface {}"],
        ),
        (
            "no schema",
            |o| o[0] = json!({"name": "x"}),
            &["object '{\"name\":\"x\"}\n' is missing root schema field"],
        ),
        (
            "one key in two cases",
            |o| o[0]["Name"] = json!("p"),
            &["duplicate keys for key \"name\": [Name name]"],
        ),
        (
            "entries that are no list",
            |o| o[CHANNEL]["entries"] = json!({}),
            &[
                "parse channel: json: cannot unmarshal object into Go struct field Channel.entries of type []declcfg.ChannelEntry",
            ],
        ),
        (
            "skips that are no list",
            |o| entry(o, 0, "skips", json!("a")),
            &[
                "parse channel: json: cannot unmarshal string into Go struct field ChannelEntry.entries.skips of type []string",
            ],
        ),
        (
            "properties that are no list",
            |o| o[OLD]["properties"] = json!("a"),
            &[
                "parse bundle: json: cannot unmarshal string into Go struct field Bundle.properties of type []property.Property",
            ],
        ),
        (
            "properties of a channel that are no list",
            |o| o[CHANNEL]["properties"] = json!("a"),
            &[
                "parse channel: json: cannot unmarshal string into Go struct field Channel.properties of type []property.Property",
            ],
        ),
        (
            "an icon that is no base64",
            |o| o[PACKAGE]["icon"] = json!({"base64data": "%"}),
            &["parse package: illegal base64 data at input byte 0"],
        ),
        (
            "keys in another case",
            |o| {
                o[PACKAGE] =
                    json!({"SCHEMA": "olm.package", "Name": "p", "DefaultChannel": "stable"});
            },
            &[],
        ),
        ("an unknown key", |o| o[PACKAGE]["other"] = json!(1), &[]),
        (
            "an unknown schema",
            |o| o.push(json!({"schema": "other", "properties": 1})),
            &[],
        ),
    ]);
}

#[test]
fn faults_of_packages() {
    const LABEL: &str = "invalid package name \"P\": [a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]";
    expect(&[
        (
            "no name",
            |o| o[PACKAGE]["name"] = json!(""),
            &["config contains package with no name"],
        ),
        (
            "twice",
            |o| o.push(o[PACKAGE].clone()),
            &["duplicate package \"p\""],
        ),
        (
            "a name in capitals",
            |o| o[PACKAGE]["name"] = json!("P"),
            &[LABEL],
        ),
        (
            "no default channel",
            |o| o[PACKAGE]["defaultChannel"] = json!(""),
            &["default channel must be set"],
        ),
        (
            "a default channel that is not there",
            |o| o[PACKAGE]["defaultChannel"] = json!("q"),
            &["channel must contain at least one bundle"],
        ),
        (
            "no channel",
            |o| {
                o.truncate(1);
                o[PACKAGE]["defaultChannel"] = json!("");
            },
            &[
                "default channel must be set",
                "package must contain at least one channel",
            ],
        ),
    ]);
}

#[test]
fn faults_of_channels() {
    expect(&[
        (
            "an unknown package",
            |o| o[CHANNEL]["package"] = json!("q"),
            &["unknown package \"q\" for channel \"stable\""],
        ),
        (
            "no name",
            |o| o[CHANNEL]["name"] = json!(""),
            &["package \"p\" contains channel with no name"],
        ),
        (
            "twice",
            |o| o.push(o[CHANNEL].clone()),
            &["package \"p\" has duplicate channel \"stable\""],
        ),
        (
            "an entry twice",
            |o| add_entry(o, json!({"name": "p.v1.0.0"})),
            &["invalid package \"p\", channel \"stable\": duplicate entry \"p.v1.0.0\""],
        ),
        (
            "no entries",
            |o| {
                o.truncate(2);
                o[CHANNEL]["entries"] = json!([]);
            },
            &["channel must contain at least one bundle"],
        ),
        (
            "a name with a space",
            |o| {
                o[CHANNEL]["name"] = json!("a b");
                o[PACKAGE]["defaultChannel"] = json!("a b");
            },
            &[],
        ),
        (
            "an entry without bundle",
            |o| add_entry(o, json!({"name": "n", "replaces": "p.v1.1.0"})),
            &["no olm.bundle blobs found in package \"p\" for olm.channel entries [n]"],
        ),
        (
            "an entry without bundle in the first of two channels",
            |o| {
                let last = json!({"schema": "olm.channel", "package": "p", "name": "z", "entries": [{"name": "p.v1.0.0"}]});
                o.insert(CHANNEL + 1, last);
                add_entry(o, json!({"name": "n", "replaces": "p.v1.1.0"}));
            },
            &[
                "must be exactly one property with type \"olm.package\"",
                "bundle image must be set",
            ],
        ),
    ]);
}

#[test]
fn the_first_step_that_finds_something_is_the_last() {
    // Linking comes before checking, packages before channels.
    let first = found(|o| {
        o[PACKAGE]["defaultChannel"] = json!("");
        o[CHANNEL]["name"] = json!("");
        o.push(o[PACKAGE].clone());
    });
    assert_eq!(first, ["duplicate package \"p\""]);
    // Checking finds everything, in every package.
    let mut objects = clean();
    objects[PACKAGE]["defaultChannel"] = json!("");
    objects.push(json!({"schema": "olm.package", "name": "q", "defaultChannel": "a"}));
    let tree = check(&objects).unwrap_err().to_string();
    assert_eq!(
        tree,
        "invalid index:\n├── invalid package \"p\":\n│   └── default channel must be set\n\
         └── invalid package \"q\":\n    └── invalid channel \"a\":\n        └── channel must contain at least one bundle"
    );
}

#[test]
fn text_that_is_no_catalog_is_refused_while_reading() {
    for (case, text) in [
        ("a text", "\"hello\""),
        ("a list", "[1]"),
        ("half an object", "{\"schema\": "),
        ("a tab in YAML", "schema: a\n\tb: c\n"),
    ] {
        let objects = read_objects(text.as_bytes(), &CatalogLimits::default());
        let is_refused = objects.map_or(true, |objects| check(&objects).is_err());
        assert!(is_refused, "{case}");
    }
}
