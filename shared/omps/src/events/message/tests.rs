//! Every kind of message, and the events that it becomes.

use super::*;

fn outcomes(body: &str) -> Vec<String> {
    let config = Config::from_toml(
        r#"
        [P.organizations.one]
        koji_packages = ["larder-operator-container", "shared-container"]
        [P.organizations.two]
        koji_packages = ["shared-container"]
        "#,
        "P",
    )
    .unwrap();
    let described = |event| match event {
        Event::Push(push) => {
            let revision = match &push.source {
                Source::Object(object) => format!(" {:?}", object.revision),
                Source::Build(_) | Source::Zip(_) | Source::Upload(_) => String::new(),
            };
            format!("{}{revision}", push.message())
        }
        Event::Dropped(reason) => format!("dropped: {reason}"),
        Event::Refused(problem) => format!("refused: {problem}"),
    };
    read(body, &config).into_iter().map(described).collect()
}

fn outcome(body: &str) -> String {
    let outcomes = outcomes(body);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.into_iter().next().unwrap()
}

fn created(key: &str) -> String {
    json!({
        "version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3", "region": "eu-central-1",
        "detail": {"version": "0", "bucket": {"name": "uploads"}, "reason": "PutObject",
            "object": {"key": key, "size": 5, "etag": "e1", "sequencer": "1"}},
    })
    .to_string()
}

fn notification(name: &str, key: &str) -> String {
    let object = json!({"key": key, "size": 5, "eTag": "e1", "versionId": "v1", "sequencer": "1"});
    let bucket = json!({"name": "uploads", "arn": "arn:aws:s3:::uploads"});
    json!({"Records": [{"eventVersion": "2.1", "eventName": name, "s3": {"bucket": bucket, "object": object}}]})
        .to_string()
}

fn change(name: &str, attribute: &str, new: &Value) -> String {
    let detail = json!({
        "build_id": 7, "name": name, "version": "v0.5.1", "release": "1", "epoch": null, "instance": "primary",
        "attribute": attribute, "old": 0, "new": new, "owner": "somebody",
    });
    json!({"source": "omps.koji", "detail-type": "buildsys.build.state.change", "detail": detail})
        .to_string()
}

#[test]
fn a_key_names_the_organization_and_the_version() {
    let expected = "not v2/<organization>/zipfile[/<version>]/<name>.zip";
    let pushed = |key: &str, rest: &str| {
        format!(
            r#"{{"organization":"org","s3":{{"bucket":"uploads","key":"{key}"}}{rest}}} Some(Etag("e1"))"#
        )
    };
    let dropped = |key: &str| format!("dropped: the key '{key}' is {expected}");
    let cases = [
        ("v2/org/zipfile/a.zip", pushed("v2/org/zipfile/a.zip", "")),
        ("v2/org/zipfile/A.ZIP", pushed("v2/org/zipfile/A.ZIP", "")),
        (
            "v2/org/zipfile/1.0.0/a b+c%20.zip",
            pushed("v2/org/zipfile/1.0.0/a b+c%20.zip", r#","version":"1.0.0""#),
        ),
        (
            "v2/org/zipfile/latest/a.zip",
            pushed("v2/org/zipfile/latest/a.zip", r#","version":"latest""#),
        ),
        ("v2/org/zipfile/", dropped("v2/org/zipfile/")),
        ("v2/org/zipfile/a.txt", dropped("v2/org/zipfile/a.txt")),
        ("uploads/org/1.zip", dropped("uploads/org/1.zip")),
        (
            "v2/org/zipfile/1.0.0/x/a.zip",
            "refused: the key 'v2/org/zipfile/1.0.0/x/a.zip': wanted v2/<organization>/zipfile[/<version>]/<name>.zip".to_owned(),
        ),
        (
            "v2/org/zip/a.zip",
            "refused: the key 'v2/org/zip/a.zip': wanted v2/<organization>/zipfile[/<version>]/<name>.zip".to_owned(),
        ),
        (
            "v2/a b/zipfile/a.zip",
            "refused: the key 'v2/a b/zipfile/a.zip': organization 'a b' is not valid: it must start with a letter, \
             digit or underscore and go on with those, dots and dashes, 255 characters at most".to_owned(),
        ),
    ];
    for (key, wanted) in cases {
        assert_eq!(outcome(&created(key)), wanted, "{key}");
    }
}

#[test]
fn keys_are_encoded_in_notifications_only() {
    let put = |key| outcome(&notification("ObjectCreated:Put", key));
    assert_eq!(
        put("v2/org/zipfile/1.0.0/a+b%2Bc%C3%A4.zip"),
        r#"{"organization":"org","s3":{"bucket":"uploads","key":"v2/org/zipfile/1.0.0/a b+cä.zip"},"version":"1.0.0"} Some(Version("v1"))"#
    );
    assert_eq!(
        put("v2/org/zipfile/%ff.zip"),
        "refused: the key 'v2/org/zipfile/%ff.zip' is not UTF-8"
    );
}

#[test]
fn a_notification_may_report_several_objects_or_none() {
    let mut several: Value =
        serde_json::from_str(&notification("ObjectCreated:Put", "v2/a/zipfile/a.zip")).unwrap();
    let removed: Value =
        serde_json::from_str(&notification("ObjectRemoved:Delete", "v2/a/zipfile/a.zip")).unwrap();
    several["Records"]
        .as_array_mut()
        .unwrap()
        .push(removed["Records"][0].clone());
    let events = outcomes(&several.to_string());
    assert_eq!(events.len(), 2);
    assert!(
        events[0].starts_with(r#"{"organization":"a""#),
        "{events:?}"
    );
    assert_eq!(
        events[1],
        "dropped: notifications 'ObjectRemoved:Delete' push nothing"
    );

    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"uploads"}"#;
    assert_eq!(outcome(test), "dropped: S3 tests the queue");
    assert_eq!(outcomes(r#"{"Records":[]}"#), Vec::<String>::new());
}

#[test]
fn only_a_complete_build_of_a_named_package_is_pushed() {
    let larder = "larder-operator-container";
    let dropped = |reason| format!("dropped: build {larder}-v0.5.1-1: {reason}");
    let cases = [
        (larder, "state", json!(0), dropped("it is BUILDING, not COMPLETE")),
        (
            larder,
            "state",
            json!(1),
            r#"{"nvr":"larder-operator-container-v0.5.1-1","organization":"one"}"#.to_owned(),
        ),
        (larder, "state", json!(2), dropped("it is DELETED, not COMPLETE")),
        (larder, "state", json!(3), dropped("it is FAILED, not COMPLETE")),
        (larder, "state", json!(4), dropped("it is CANCELED, not COMPLETE")),
        (larder, "state", json!(5), dropped("it is in an unknown state, not COMPLETE")),
        (larder, "volume_id", json!(1), dropped("its volume_id changed, not its state")),
        (larder, "owner", Value::Null, dropped("its owner changed, not its state")),
        (
            larder,
            "state",
            json!("COMPLETE"),
            format!(r#"refused: build {larder}-v0.5.1-1: its state "COMPLETE" is not a number"#),
        ),
        (
            "other-container",
            "state",
            json!(1),
            "dropped: build other-container-v0.5.1-1: no organization's koji_packages names other-container".to_owned(),
        ),
    ];
    for (name, attribute, new, wanted) in cases {
        assert_eq!(
            outcome(&change(name, attribute, &new)),
            wanted,
            "{name} {attribute} {new}"
        );
    }
}

#[test]
fn a_build_is_pushed_once_for_each_organization_that_names_it() {
    let pushes = outcomes(&change("shared-container", "state", &json!(1)));
    assert_eq!(
        pushes,
        [
            r#"{"nvr":"shared-container-v0.5.1-1","organization":"one"}"#,
            r#"{"nvr":"shared-container-v0.5.1-1","organization":"two"}"#
        ]
    );
}

#[test]
fn a_direct_message_is_pushed_as_it_asks() {
    let cases = [
        (
            r#"{"organization":"org","nvr":"n-v-r"}"#,
            r#"{"nvr":"n-v-r","organization":"org"}"#,
        ),
        (
            r#"{"organization":"org","s3":{"bucket":"b","key":"any where"},"version":"1.0.0"}"#,
            r#"{"organization":"org","s3":{"bucket":"b","key":"any where"},"version":"1.0.0"} None"#,
        ),
        (
            r#"{"organization":"org"}"#,
            "refused: the message must have either nvr or s3",
        ),
        (
            r#"{"organization":"org","nvr":"n-v-r","s3":{"bucket":"b","key":"k"}}"#,
            "refused: the message must have either nvr or s3",
        ),
        (
            r#"{"organization":"org","nvr":"n-v-r","repo":"x"}"#,
            "refused: the message cannot be read: unknown field `repo`, expected one of `organization`, `nvr`, `s3`, `version`, `force`",
        ),
        (
            r#"{"organization":"org","s3":{"bucket":"b"}}"#,
            "refused: the message cannot be read: missing field `key`",
        ),
        (
            r#"{"organization":7,"nvr":"n-v-r"}"#,
            "refused: the message cannot be read: invalid type: integer `7`, expected a string",
        ),
        (
            r#"{"organization":"org","nvr":"n"}"#,
            "refused: N-V-R 'n' is not valid: it must have a name, a version and a release with a dash between them, \
             of letters, digits and ._+~^,:-, 255 characters at most",
        ),
    ];
    for (body, wanted) in cases {
        assert_eq!(outcome(body), wanted, "{body}");
    }
}

#[test]
fn a_message_that_cannot_be_read_is_refused_with_the_reason() {
    let cases = [
        (
            "",
            "refused: the message is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "hello",
            "refused: the message is not JSON: expected value at line 1 column 1",
        ),
        (
            "[]",
            "refused: the message is neither an EventBridge event nor an S3 notification, and it names no organization",
        ),
        (
            r#"{"detail-type":"Object Created","source":"aws.s3"}"#,
            "refused: the event of EventBridge cannot be read: missing field `detail`",
        ),
        (
            r#"{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"}}}"#,
            "refused: the event of S3 cannot be read: missing field `object`",
        ),
        (
            r#"{"detail-type":"Object Deleted","source":"aws.s3","detail":{}}"#,
            "dropped: events 'Object Deleted' of 'aws.s3' push nothing",
        ),
        (
            r#"{"detail-type":"buildsys.tag","source":"omps.koji","detail":{}}"#,
            "dropped: events 'buildsys.tag' of 'omps.koji' push nothing",
        ),
        (
            r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#,
            "refused: the notification of S3 cannot be read: missing field `s3`",
        ),
    ];
    for (body, wanted) in cases {
        assert_eq!(outcome(body), wanted, "{body}");
    }
}
