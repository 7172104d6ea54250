//! What costs too much.

use super::*;

#[test]
fn numbers_and_anchors_without_end_are_refused() {
    let end = "0".repeat(5_000);
    for text in [
        format!("1{end}"),
        format!("0x1{end}"),
        format!("1.{end}"),
        format!("2020-01-01T00:00:00.{end}"),
        format!("&a{end} b"),
    ] {
        assert!(read_text(&text).is_err());
        assert!(read_text(&format!("a{text}")).is_ok(), "text");
    }
}

#[test]
fn all_files_of_a_push_share_one_budget() {
    let limits = ReadLimits {
        total: 30,
        ..ReadLimits::default()
    };
    let mut budget = Budget::new(limits);
    let mut again = || read(b"[a, b, c]", YamlVersion::V1_1, &mut budget).map(|_| ());
    for _ in 0..3 {
        assert!(again().is_ok(), "nine events each");
    }
    let error = again().unwrap_err();
    assert!(error.ends_all());
    assert_eq!(
        error.to_string(),
        "line 1, column 2: more than 30 values in all files together, aliases expanded"
    );
}

#[test]
fn an_alias_costs_as_much_as_its_value() {
    let limits = ReadLimits {
        total: 40,
        ..ReadLimits::default()
    };
    let text = "[&a [b, c, d, e], *a, *a, *a, *a, *a]";
    let read = read(text.as_bytes(), YamlVersion::V1_1, &mut Budget::new(limits));
    assert!(read.map(|_| ()).unwrap_err().ends_all());
}

#[test]
fn aliases_do_not_nest_deeper_than_lists_and_maps() {
    for version in [YamlVersion::V1_1, YamlVersion::V1_2] {
        let read = |text: &str| {
            let read = read(text.as_bytes(), version, &mut Budget::default());
            read.map(|_| ()).map_err(|error| error.to_string())
        };
        let nested = |anchor: &str, depth: usize, innermost: &str| {
            format!(
                "{anchor} {}{innermost}{}\n",
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        let first = nested("a: &a", 64, "x");
        let second = |depth| format!("{first}{}", nested("b: &b", depth, "*a"));
        // The root is a level, too.
        assert_eq!(read(&second(63)), Ok(()));
        let too_deep = "line 2, column 71: nested deeper than 128 levels";
        assert_eq!(read(&second(64)), Err(too_deep.to_owned()));
        let chain = format!("{}{}", second(63), "c: [*b]\n");
        let too_deep = "line 3, column 5: nested deeper than 128 levels";
        assert_eq!(read(&chain), Err(too_deep.to_owned()));
        assert_eq!(read(&format!("{first}c: {{<<: {{d: *a}}}}\n")), Ok(()));
    }
}

#[test]
fn a_date_costs_as_much_as_four_values() {
    let limits = ReadLimits {
        total: 100,
        ..ReadLimits::default()
    };
    let read = |item: &str, count: usize| {
        let text = format!("- {item}\n").repeat(count);
        let mut budget = Budget::new(limits.clone());
        read(text.as_bytes(), YamlVersion::V1_1, &mut budget).map(|_| ())
    };
    let around = 6; // events that begin and end the text, its document and its list
    assert!(read("2020-02-29", (100 - around) / 4).is_ok());
    assert!(
        read("2020-02-29", (100 - around) / 4 + 1)
            .unwrap_err()
            .ends_all()
    );
    assert!(read("2020-02", 100 - around).is_ok());
    assert!(read("2020-02", 101 - around).unwrap_err().ends_all());
}

#[test]
fn a_scalar_that_no_cluster_takes_is_refused() {
    let limits = ReadLimits {
        scalar: 5,
        ..ReadLimits::default()
    };
    let read = |text: &str| {
        read(
            text.as_bytes(),
            YamlVersion::V1_1,
            &mut Budget::new(limits.clone()),
        )
    };
    assert!(read("a: äbcd").is_ok());
    assert_eq!(
        read("a: [äbcde]").map(|_| ()).unwrap_err().to_string(),
        "line 1, column 5: a scalar of 6 bytes, of which 5 are allowed"
    );
}

#[test]
fn a_tag_is_no_longer_than_a_name() {
    let text = format!("%TAG !e! !{}\n--- !e!a [b]\n", "t".repeat(1_000));
    assert_eq!(
        problem(&text),
        "line 2, column 5: a tag of more than 1000 characters"
    );
}

#[test]
fn an_alias_to_a_long_text_costs_its_length() {
    let limits = ReadLimits {
        total: 400,
        ..ReadLimits::default()
    };
    let text = |count: usize| format!("- &a {}\n{}", "a".repeat(25_600), "- *a\n".repeat(count));
    let read = |text: &str| {
        read(
            text.as_bytes(),
            YamlVersion::V1_1,
            &mut Budget::new(limits.clone()),
        )
    };
    assert!(read(&text(3)).is_ok());
    assert!(read(&text(4)).map(|_| ()).unwrap_err().ends_all());
}

#[test]
fn a_merge_costs_what_it_takes_over() {
    let limits = ReadLimits {
        total: 200,
        ..ReadLimits::default()
    };
    let inner = "{a: b, c: d, e: f, g: h}";
    let nested = |depth: usize| format!("{}{inner}{}", "{<<: ".repeat(depth), "}".repeat(depth));
    let read = |text: &str| {
        read(
            text.as_bytes(),
            YamlVersion::V1_1,
            &mut Budget::new(limits.clone()),
        )
    };
    assert!(read(&nested(20)).is_ok());
    assert!(read(&nested(30)).map(|_| ()).unwrap_err().ends_all());
}

#[test]
fn names_in_messages_are_short() {
    let long = "n".repeat(10_000);
    let read = |text: String| read(text.as_bytes(), YamlVersion::V1_2, &mut Budget::default());
    for text in [
        format!("a: *{long}"),
        format!("? {long}\n: a\n? {long}\n: b\n"),
    ] {
        assert!(read(text).map(|_| ()).unwrap_err().to_string().len() < 200);
    }
}

#[test]
fn directives_that_would_take_long_are_refused() {
    for end in ["\n", "\r", "\r\n"] {
        let text = format!("{}--- a", format!("%TAG !a! b{end}").repeat(102));
        assert_eq!(
            problem(&text),
            "line 102, column 1: more than 100 directives",
            "{end:?}"
        );
    }
}
