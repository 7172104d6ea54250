//! Matches and replacements, and what they cost, in steps.

use super::*;
use crate::limits::Limits;

fn sub(pattern: &str, template: &str, text: &str) -> String {
    let pattern = Pattern::parse(pattern).unwrap();
    let template = Template::parse(template, &pattern).unwrap();
    pattern
        .replace(
            text,
            &template,
            usize::MAX,
            &mut Steps::new(&Limits::new(0), 1 << 20),
        )
        .unwrap()
        .unwrap_or_else(|| text.to_owned())
}

#[test]
fn replacements_are_those_of_python() {
    // (pattern, replacement, text, re.sub(pattern, replacement, text, flags=re.M) in Python 3.11)
    let cases = [
        (
            "quay\\.io",
            "r.test",
            "a quay.io b quay.io",
            "a r.test b r.test",
        ),
        (
            "^(\\s*image:\\s*)(?P<host>q)/(.+)$",
            "\\1m/\\g<host>/\\3",
            " image: q/a:1\nimage: q/b",
            " image: m/q/a:1\nimage: m/q/b",
        ),
        ("x*", "-", "abxd", "-a-b--d-"),
        ("a|b", "[\\g<0>]", "cab", "c[a][b]"),
        ("(a)|(b)", "<\\1\\2>", "ab", "<a><b>"),
        ("a{,2}b", "X", "aab ab b", "X X X"),
        ("{a}", "X", "{a}", "X"),
        ("[[]a", "X", "[a", "X"),
        ("[]a]", "X", "]a", "XX"),
        ("b\\Z", "X", "b\nb", "b\nX"),
        ("a", "\\n\\\\\\.", "a", "\n\\\\."),
        ("(?<=/)a", "X", "/a a", "/X a"),
        ("(a)\\1", "X", "aa a", "X a"),
        ("(?=a).", "X", "ab", "Xb"),
        ("(?!x)a$", "X", "a\nba", "X\nbX"),
        ("(?<=a)a", "X", "aaa", "aXX"),
        ("(?<=ä)ö", "X", "öäöö", "öäXö"),
        ("(?=a)", "X", "aba", "XabXa"),
        ("(?!a)", "X", "ab", "aXbX"),
        (
            "(?P<q>['\"])(.*?)(?P=q)",
            "<\\2>",
            "'a' \"b' \"",
            "<a> <b' >",
        ),
        (
            "(?<!:)//+(?=[^/]*$)",
            "/",
            "http://a//b\nx//y/z//",
            "http://a/b\nx//y/z/",
        ),
    ];
    for (pattern, template, text, wanted) in cases {
        assert_eq!(sub(pattern, template, text), wanted, "{pattern}");
    }
}

#[test]
fn line_ends_of_two_characters_count_as_one() {
    assert_eq!(sub("^a$", "b", "a\r\na\r\n"), "b\r\nb\r\n");
    assert_eq!(sub("a.*$", "b", "ax\r\n"), "b\r\n");
    assert_eq!(sub("(?!x)a.*$", "b", "ax\r\nay"), "b\r\nb");
}

#[test]
fn patterns_and_replacements_that_cannot_work_are_refused() {
    for pattern in ["(", "*a", "[z-a]"] {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
    let pattern = Pattern::parse("(?P<x>a)").unwrap();
    for template in ["\\2", "\\g<y>", "\\g", "\\q", "\\"] {
        assert!(Template::parse(template, &pattern).is_err(), "{template}");
    }
}

/// A tenth of the usual steps, so that they are soon used up.
fn few_steps() -> Limits {
    let usual = Limits::new(0);
    Limits {
        rule_steps: usual.rule_steps / 10,
        ..usual
    }
}

/// The steps that a pattern takes to pass over a text, of those that there are for it.
fn taken(pattern: &str, text: &str, limits: &Limits) -> Result<u64, ReplaceError> {
    let template = Template(Vec::new());
    let mut steps = Steps::new(limits, text.len());
    let all = steps.left();
    let pattern = Pattern::parse(pattern).unwrap();
    pattern.replace(text, &template, usize::MAX, &mut steps)?;
    Ok(all - steps.left())
}

#[test]
fn a_pattern_that_would_run_wild_is_stopped() {
    // Each of these would take hours: in one search of many steps, and in searches that are many or long.
    let wild = [
        ("(?!x)(a|aa)+(?!.)b", "a".repeat(60) + "b"),
        ("(x+x+)+\\1y", "x".repeat(20_000) + "zy"),
        ("(?=[^z]*z)[^z]", "x".repeat(20_000)),
        ("(?=[^z]*z)[^z]", "x".repeat(20_000) + "z"),
        ("(?![^z]*z)[^z]", "x".repeat(20_000)),
        ("(?=[^z\\n]*z)[^z\\n]", "x".repeat(20_000) + "z"),
        ("[a-z]*z|a", "a".repeat(50_000)),
        ("a[^z]*z|b", "ab".repeat(25_000)),
    ];
    for (pattern, text) in wild {
        let taken = taken(pattern, &text, &few_steps());
        assert!(
            matches!(taken, Err(ReplaceError::Steps)),
            "{pattern}: {taken:?}"
        );
    }
}

#[test]
fn a_pattern_with_look_around_passes_over_a_long_text() {
    let nothing = "                d: the number of lamps that are lit at once, and for how long\n";
    let approved =
        "image: quay.io/approved/a, my.quay.io/dev/b, quay.io/dev/c, \"quay.io/d@sha256:0\"\n";
    let text = (nothing.repeat(20) + approved).repeat(50);
    let all = Steps::new(&Limits::new(0), text.len()).left();
    for pattern in [
        "(?<![\\w.-])quay\\.io/(?!approved/)",
        "(?<=image: )\\S+",
        "(?<!my\\.)quay\\.io/\\w+(?!/a)",
        "image:\\s*(?!quay\\.io/approved)\\S+(?=\")",
        "(?i)\\b(?!lamp)QUAY\\.io",
        "(['\"])quay\\.io([^'\"\\n]*)\\1",
        "^(?!\\s*#).*quay\\.io$",
        "(?<![\\w.])[a-z]+\\.io",
    ] {
        let taken = taken(pattern, &text, &Limits::new(0)).unwrap();
        assert!(taken < all / 2, "{pattern}: {taken} of {all}");
    }
}

#[test]
fn steps_are_the_same_each_time_and_grow_with_the_text() {
    let text = |count| "image: quay.io/dev/c\n".repeat(count);
    for pattern in [
        "(?<!x)quay\\.io/\\w+",
        "(?<!x)quay\\.io",
        "image:\\s*quay",
        "q.*$",
    ] {
        let one = taken(pattern, &text(1_000), &Limits::new(0)).unwrap();
        let ten = taken(pattern, &text(10_000), &Limits::new(0)).unwrap();
        assert_eq!(one, taken(pattern, &text(1_000), &Limits::new(0)).unwrap());
        assert!(ten.abs_diff(10 * one) < one, "{pattern}: {one}, then {ten}");
    }
}

#[test]
fn lines_that_are_searched_one_by_one_match_as_the_whole_text_does() {
    let lines = "a b\n\nquay.io/a b\n b a\nab";
    for (pattern, wanted) in [
        ("^(?!a)", "a b\nX\nXquay.io/a b\nX b a\nab"),
        ("(?<!\\w)b", "a X\n\nquay.io/a X\n X a\nab"),
        ("(?!a).$", "a X\n\nquay.io/a X\n b a\naX"),
        ("(?<=a)\\b", "aX b\n\nquay.io/aX b\n b aX\nab"),
    ] {
        assert_eq!(sub(pattern, "X", lines), wanted, "{pattern}");
        let crlf = lines.replace('\n', "\r\n");
        assert_eq!(
            sub(pattern, "X", &crlf),
            wanted.replace('\n', "\r\n"),
            "{pattern}"
        );
    }
}

#[test]
fn a_text_that_grows_past_its_room_is_stopped() {
    let pattern = Pattern::parse("a").unwrap();
    let template = Template::parse("bb", &pattern).unwrap();
    let replaced =
        |room| pattern.replace("xaa", &template, room, &mut Steps::new(&Limits::new(0), 3));
    assert!(matches!(replaced(5), Ok(Some(text)) if text == "xbbbb"));
    assert!(matches!(replaced(4), Err(ReplaceError::Room(4))));
}
