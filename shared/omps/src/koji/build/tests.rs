//! Builds and logs as a hub may describe them.

use super::*;

fn root() -> Url {
    Url::parse("http://files.test/koji/").unwrap()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members = members.into_iter();
    Value::Struct(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn build(changed: &str, value: Value) -> Value {
    let Value::Struct(mut build) = object([
        ("id", Value::Integer(1)),
        ("state", Value::Integer(1)),
        ("volume_name", text("DEFAULT")),
        ("name", text("n")),
        ("version", text("v")),
        ("release", text("r")),
        ("extra", typed(text("x.zip"))),
    ]) else {
        unreachable!("an object is a struct");
    };
    build.insert(changed.to_owned(), value);
    Value::Struct(build)
}

fn typed(archive: Value) -> Value {
    let manifests = object([("archive", archive)]);
    object([("typeinfo", object([(OPERATOR_MANIFESTS, manifests)]))])
}

fn located(build: &Value) -> String {
    let nvr = Nvr::parse("n-v-r").unwrap();
    let url = Build::read(build).and_then(|build| match build.archive(&nvr)? {
        ArchiveLocation::File(file) => build.file_url(&root(), file).map(|url| url.to_string()),
        ArchiveLocation::Log(log) => Ok(format!("log {log}")),
    });
    url.unwrap_or_else(|error| error.to_string())
}

#[test]
fn the_archive_is_at_the_location_that_the_contract_names() {
    let both = |file| {
        let Value::Struct(mut extra) = typed(file) else {
            unreachable!("an object is a struct");
        };
        extra.insert("operator_manifests_archive".to_owned(), text("y.zip"));
        Value::Struct(extra)
    };
    let files = "http://files.test/koji/packages/n/v/r/files/operator-manifests";
    let no_operator = "Not an operator image: n-v-r";
    let not_complete =
        |state: &str| format!("{no_operator}: the build is {state}, wanted COMPLETE");
    let cases = [
        ("id", Value::Long(1 << 40), format!("{files}/x.zip")),
        ("volume_name", Value::Nil, format!("{files}/x.zip")),
        (
            "volume_name",
            text("slow disk"),
            files.replace("koji/", "koji/vol/slow%20disk/") + "/x.zip",
        ),
        (
            "version",
            text("1~a^b+c"),
            files.replace("/v/", "/1~a%5Eb%2Bc/") + "/x.zip",
        ),
        (
            "extra",
            typed(text("a b?#%.zip")),
            format!("{files}/a%20b%3F%23%25.zip"),
        ),
        ("extra", both(text("x.zip")), format!("{files}/x.zip")),
        ("extra", both(Value::Nil), "log y.zip".to_owned()),
        ("extra", both(text("")), "log y.zip".to_owned()),
        ("extra", both(Value::Integer(1)), "log y.zip".to_owned()),
        ("extra", Value::Nil, no_operator.to_owned()),
        ("extra", text("x.zip"), no_operator.to_owned()),
        (
            "extra",
            typed(Value::Array(vec![text("x.zip")])),
            no_operator.to_owned(),
        ),
        (
            "extra",
            object([("typeinfo", Value::Nil)]),
            no_operator.to_owned(),
        ),
        ("state", Value::Integer(0), not_complete("BUILDING")),
        ("state", Value::Integer(2), not_complete("DELETED")),
        ("state", Value::Integer(3), not_complete("FAILED")),
        ("state", Value::Integer(4), not_complete("CANCELED")),
        ("state", Value::Integer(-1), not_complete("in state -1")),
    ];
    for (name, value, wanted) in cases {
        assert_eq!(
            located(&build(name, value.clone())),
            wanted,
            "{name}: {value:?}"
        );
    }
}

#[test]
fn a_build_that_could_lead_out_of_the_root_is_refused() {
    for odd in [
        "..",
        ".",
        "a/b",
        "/etc",
        "a\\b",
        "a\n",
        "a\0",
        &"a".repeat(256),
    ] {
        let builds = [
            build("name", text(odd)),
            build("version", text(odd)),
            build("release", text(odd)),
            build("volume_name", text(odd)),
            build("extra", typed(text(odd))),
        ];
        for build in builds {
            let message = located(&build);
            assert!(message.contains("cannot be a part of a path"), "{message}");
        }
    }
}

#[test]
fn a_build_without_a_required_member_is_refused() {
    let cases = [
        ("id", "it has no id"),
        ("state", "it has no state"),
        ("name", "it has no text 'name'"),
        ("release", "it has no text 'release'"),
    ];
    for (name, wanted) in cases {
        let message = located(&build(name, Value::Nil));
        assert_eq!(
            message,
            format!("Koji's answer to getBuild could not be understood: {wanted}")
        );
    }
}

#[test]
fn a_log_is_found_by_its_name_and_only_below_the_root() {
    let found = |path: Value| {
        let logs = Value::Array(vec![
            Value::Nil,
            object([("name", text("a.log")), ("path", text("a.log"))]),
            object([("name", text("x.zip")), ("path", path)]),
        ]);
        match log_url(&root(), &logs, "x.zip") {
            Ok(url) => url.map_or("none".to_owned(), |url| url.to_string()),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(
        found(text("vol/a/packages/n/v/1,draft_2/data/logs/./x.zip")),
        "http://files.test/koji/vol/a/packages/n/v/1%2Cdraft_2/data/logs/x.zip"
    );
    for odd in [
        "/etc/x.zip",
        "a/../../x.zip",
        "a//x.zip",
        "",
        "http://e/x.zip",
        "a/x\n.zip",
    ] {
        let message = found(text(odd));
        assert!(
            message.contains("cannot be a part of a path"),
            "{odd}: {message}"
        );
    }
    assert!(found(Value::Nil).ends_with("the log \"x.zip\" has no path"));
    assert_eq!(
        log_url(&root(), &Value::Array(vec![]), "x.zip").unwrap(),
        None
    );
    assert!(log_url(&root(), &Value::Nil, "x.zip").is_err());
}
