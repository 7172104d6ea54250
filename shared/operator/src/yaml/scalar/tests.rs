//! Scalars as Python reads and writes them.

use super::*;

#[test]
fn plain_scalars_are_what_pyyaml_makes_of_them() {
    let int = |digits: &str| Some(Value::Int(digits.to_owned()));
    let cases = [
        ("010", int("8")),
        ("08", None),
        ("0o10", None),
        ("1:30", int("90")),
        ("-1:30", int("-90")),
        ("0x_1F", int("31")),
        ("0b1_0", int("2")),
        ("0", int("0")),
        ("-0", int("0")),
        ("1_000", int("1000")),
        ("yes", Some(Value::Bool(true))),
        ("oFF", None),
        ("y", None),
        ("1e3", None),
        ("1.0e3", None),
        ("1.0e+3", Some(Value::Float(1000.0))),
        ("1_0.5", Some(Value::Float(10.5))),
        ("1:30.5", Some(Value::Float(90.5))),
        ("-.inf", Some(Value::Float(f64::NEG_INFINITY))),
        ("+.5", None),
        (".", None),
        ("2020-02-29", Some(Value::Timestamp("2020-02-29".into()))),
        ("2020-2-9", None),
        (
            "2020-2-9 1:02:03.5 -5",
            Some(Value::Timestamp("2020-02-09 01:02:03.500000-05:00".into())),
        ),
        (
            "2020-02-09T01:02:03Z",
            Some(Value::Timestamp("2020-02-09 01:02:03+00:00".into())),
        ),
        ("", Some(Value::Null)),
        (
            "99999999999999999999999999999999999999999",
            int("99999999999999999999999999999999999999999"),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(plain_1_1(text), Ok(expected), "{text:?}");
    }
    for text in [
        "=",
        "<<",
        "2020-13-45",
        "2019-02-29",
        "0000-01-01",
        "0x_",
        "0b_",
        "2020-01-01 25:00:00",
    ] {
        assert!(plain_1_1(text).is_err(), "{text:?}");
    }
}

#[test]
fn floats_are_written_as_python_writes_them() {
    for (number, expected) in [
        (1.0, "1.0"),
        (0.0, "0.0"),
        (1e16, "1e+16"),
        (1.5e-5, "1.5e-05"),
        (0.0001, "0.0001"),
        (123456789.25, "123456789.25"),
    ] {
        assert_eq!(python_float(number), expected);
    }
}
