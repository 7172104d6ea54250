//! What a scalar means: PyYAML's resolver and constructors for YAML 1.1, ruamel's resolver for YAML 1.2.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use regex::{Captures, Regex};

use super::Value;

/// Why a scalar has no value: the reference cannot construct it either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScalarError {
    /// `tag` asks for a type that the text cannot be.
    #[error("{text:?} is not a valid {tag}")]
    Invalid {
        /// The type, as in `!!int`.
        tag: &'static str,
        /// The text, shortened.
        text: String,
    },
    /// PyYAML knows no constructor for the plain scalars `=` and `<<`.
    #[error("a plain `{0}` has no value in YAML 1.1; write it in quotes")]
    Indicator(&'static str),
    /// A tag outside YAML 1.1's own.
    #[error("unknown tag {0}")]
    UnknownTag(String),
}

/// Characters of a number or a date; the longest that means something is a number of 4,300 digits.
const MAX_NUMBER: usize = 5_000;

/// The prefix of YAML's own tags, as `!!` stands for it.
pub const YAML_TAG: &str = "tag:yaml.org,2002:";

fn pattern(source: &str) -> Regex {
    #[expect(
        clippy::unwrap_used,
        reason = "the patterns below are constant and compiled by every test"
    )]
    Regex::new(&format!("^(?:{source})$")).unwrap()
}

// The patterns of PyYAML 6 (resolver.py), in the order in which it tries them.
static FLOAT_1_1: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    )
});
static INT_1_1: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    )
});
static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9][0-9]?)-(?P<day>[0-9][0-9]?)(?:(?:[Tt]|[ \t]+)(?P<hour>[0-9][0-9]?):(?P<minute>[0-9][0-9]):(?P<second>[0-9][0-9])(?:\.(?P<fraction>[0-9]*))?(?:[ \t]*(?P<zone>Z|(?P<sign>[-+])(?P<zone_hour>[0-9][0-9]?)(?::(?P<zone_minute>[0-9][0-9]))?))?)?",
    )
});
// The patterns of ruamel.yaml for YAML 1.2.
static FLOAT_1_2: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    )
});
static INT_1_2: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"));

/// Resolves a plain scalar as PyYAML's `safe_load` does; nothing when it is text.
///
/// # Errors
/// Where PyYAML finds a type by the scalar's form and then cannot construct it (`2020-13-45`, `0x_`, `=`).
pub fn plain_1_1(text: &str) -> Result<Option<Value>, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Some(Value::Bool(true)));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Some(Value::Bool(false)));
        }
        "=" => return Err(ScalarError::Indicator("=")),
        "<<" => return Err(ScalarError::Indicator("<<")),
        _ => {}
    }
    if text.starts_with(|first: char| matches!(first, '-' | '+' | '.' | '0'..='9')) {
        if FLOAT_1_1.is_match(text) {
            return float(text).map(Some);
        }
        if INT_1_1.is_match(text) {
            return int(text).map(Some);
        }
        if is_plain_timestamp(text) {
            return timestamp(text).map(Some);
        }
    }
    Ok(None)
}

/// Resolves a plain scalar as ruamel.yaml does under YAML 1.2; nothing when it is text.
///
/// # Errors
/// Where a type is found by the scalar's form and then cannot be constructed (`2020-13-45`).
pub fn plain_1_2(text: &str) -> Result<Option<Value>, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        "true" | "True" | "TRUE" => return Ok(Some(Value::Bool(true))),
        "false" | "False" | "FALSE" => return Ok(Some(Value::Bool(false))),
        _ => {}
    }
    if text.starts_with(|first: char| matches!(first, '-' | '+' | '.' | '0'..='9')) {
        if FLOAT_1_2.is_match(text) {
            return float(text).map(Some);
        }
        if INT_1_2.is_match(text) {
            let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
            let prefix = ["0b", "0o", "0x"]
                .into_iter()
                .find(|prefix| unsigned.starts_with(prefix));
            let digits = unsigned.trim_start_matches(prefix.unwrap_or_default());
            if digits.bytes().all(|byte| byte == b'_') {
                return Err(invalid("!!int", text));
            }
            // Octal is 0o7 here; a leading zero alone means nothing.
            let digits = text.trim_start_matches(['-', '+', '0', '_']);
            if digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'_')
            {
                let sign = if text.starts_with('-') { "-" } else { "" };
                let digits = if digits.is_empty() { "0" } else { digits };
                return int(&format!("{sign}{digits}")).map(Some);
            }
            return int(&text.replacen("0o", "0", 1)).map(Some);
        }
        if is_plain_timestamp(text) {
            return timestamp(text).map(Some);
        }
    }
    Ok(None)
}

/// Constructs a scalar whose tag is written in the file.
///
/// # Errors
/// [`ScalarError`] when the tag is not one of YAML 1.1's own, or its text cannot be of that type.
pub fn tagged(tag: &str, text: String) -> Result<Value, ScalarError> {
    match tag.strip_prefix(YAML_TAG) {
        Some("str") => Ok(Value::String(text)),
        Some("null") => Ok(Value::Null),
        Some("bool") => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(invalid("!!bool", &text)),
        },
        Some("int") => int(text.trim()),
        Some("float") => float(&text),
        Some("timestamp") => timestamp(&text),
        Some("binary") if !text.is_ascii() => Err(invalid("!!binary", &text)),
        Some("binary") => {
            let wrong = invalid("!!binary", &text);
            lenient_base64(text).map(Value::Binary).ok_or(wrong)
        }
        _ => Err(unknown_tag(tag)),
    }
}

/// As [`tagged`], for ruamel.yaml under YAML 1.2, where numbers have no parts.
///
/// # Errors
/// [`ScalarError`]
pub fn tagged_1_2(tag: &str, text: String) -> Result<Value, ScalarError> {
    match tag.strip_prefix(YAML_TAG) {
        Some("int") if text.contains(':') => Err(invalid("!!int", &text)),
        Some("float") if text.contains(':') => Err(invalid("!!float", &text)),
        Some("bool") if matches!(text.as_str(), "y" | "Y") => Ok(Value::Bool(true)),
        Some("bool") if matches!(text.as_str(), "n" | "N") => Ok(Value::Bool(false)),
        _ => tagged(tag, text),
    }
}

/// Whether [`tagged`] knows a tag.
pub fn is_known(tag: &str) -> bool {
    let types = ["str", "null", "bool", "int", "float", "timestamp", "binary"];
    tag.strip_prefix(YAML_TAG)
        .is_some_and(|name| types.contains(&name))
}

/// Base64 as Python's decoder reads it: what is not of the alphabet is dropped, and padding that is complete ends it.
fn lenient_base64(text: String) -> Option<Vec<u8>> {
    let (mut count, mut padding) = (0, 0);
    let mut data = text.into_bytes();
    data.retain(|byte| {
        let is_complete = padding > 0 && (count + padding) % 4 == 0;
        let is_data = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        match byte {
            _ if is_complete => return false,
            b'=' if count % 4 >= 2 => padding += 1,
            _ if is_data => (count, padding) = (count + 1, 0),
            _ => {}
        }
        is_data
    });
    let missing = data.len().next_multiple_of(4) - data.len();
    if padding < missing {
        return None;
    }
    data.resize(data.len() + missing, b'A'); // zeros
    let mut bytes = BASE64.decode(data).ok()?;
    bytes.truncate(bytes.len() - missing);
    Some(bytes)
}

/// A date alone has two digits for month and day; with a time of day one is enough.
fn is_plain_timestamp(text: &str) -> bool {
    TIMESTAMP.is_match(text) && (text.len() > 10 || text.len() == 10 && text.as_bytes()[7] == b'-')
}

/// A tag that means nothing here, shortened for a message.
pub(super) fn unknown_tag(tag: &str) -> ScalarError {
    ScalarError::UnknownTag(tag.chars().take(60).collect())
}

fn invalid(tag: &'static str, text: &str) -> ScalarError {
    ScalarError::Invalid {
        tag,
        text: text.chars().take(60).collect(),
    }
}

/// The whole number in decimal digits, since YAML bounds none.
fn int(text: &str) -> Result<Value, ScalarError> {
    let wrong = || invalid("!!int", text);
    if text.len() > MAX_NUMBER {
        return Err(wrong());
    }
    let digits = text.replace('_', "");
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let magnitude = if let Some(binary) = digits.strip_prefix("0b") {
        radix(binary, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        radix(digits.strip_prefix("0o").unwrap_or(digits), 8)
    } else if digits.contains(':') {
        sexagesimal(digits)
    } else {
        decimal(digits)
    }
    .ok_or_else(wrong)?;
    let sign = if negative && magnitude != "0" {
        "-"
    } else {
        ""
    };
    Ok(Value::Int(format!("{sign}{magnitude}")))
}

fn decimal(digits: &str) -> Option<String> {
    // Python itself refuses to read a whole number of more than 4,300 digits.
    if digits.is_empty() || digits.len() > 4300 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let trimmed = digits.trim_start_matches('0');
    Some(if trimmed.is_empty() { "0" } else { trimmed }.to_owned())
}

/// Digits of a power of two; past 128 bits they are kept as written, which still tells two of them apart.
fn radix(digits: &str, base: u32) -> Option<String> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let trimmed = digits.trim_start_matches('0');
    Some(
        match u128::from_str_radix(if trimmed.is_empty() { "0" } else { trimmed }, base) {
            Ok(number) => number.to_string(),
            Err(_) => format!("{base}:{}", trimmed.to_lowercase()),
        },
    )
}

fn sexagesimal(digits: &str) -> Option<String> {
    let mut total: u128 = 0;
    for part in digits.split(':') {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(total.to_string())
}

fn float(text: &str) -> Result<Value, ScalarError> {
    if text.len() > MAX_NUMBER {
        return Err(invalid("!!float", text));
    }
    let lower = text.replace('_', "").to_lowercase();
    let (sign, digits) = match lower.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, lower.strip_prefix('+').unwrap_or(&lower)),
    };
    let number = match digits {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ if digits.contains(':') => {
            let mut total = 0.0;
            for part in digits.split(':') {
                total = total * 60.0 + part.parse::<f64>().map_err(|_| invalid("!!float", text))?;
            }
            total
        }
        _ => digits.parse().map_err(|_| invalid("!!float", text))?,
    };
    Ok(Value::Float(sign * number))
}

/// The moment as Python's `str()` writes it: `2020-02-29`, `2001-12-14 21:59:43.100000-05:00`.
fn timestamp(text: &str) -> Result<Value, ScalarError> {
    let wrong = || invalid("!!timestamp", text);
    if text.len() > MAX_NUMBER {
        return Err(wrong());
    }
    let fields = TIMESTAMP.captures(text).ok_or_else(wrong)?;
    let (year, month, day) = (
        number(&fields, "year"),
        number(&fields, "month"),
        number(&fields, "day"),
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err(wrong()),
    };
    if year == 0 || day == 0 || day > days {
        return Err(wrong());
    }
    let mut written = format!("{year:04}-{month:02}-{day:02}");
    if fields.name("hour").is_some() {
        let (hour, minute, second) = (
            number(&fields, "hour"),
            number(&fields, "minute"),
            number(&fields, "second"),
        );
        if hour > 23 || minute > 59 || second > 59 {
            return Err(wrong());
        }
        written += &format!(" {hour:02}:{minute:02}:{second:02}");
        let micros = fields
            .name("fraction")
            .map_or("", |fraction| fraction.as_str());
        let micros = format!("{:0<6}", micros.get(..6).unwrap_or(micros));
        if micros != "000000" {
            written += &format!(".{micros}");
        }
        if fields.name("sign").is_some() {
            let (hours, minutes) = (number(&fields, "zone_hour"), number(&fields, "zone_minute"));
            if hours * 60 + minutes >= 24 * 60 {
                return Err(wrong());
            }
            written += &format!(
                "{}{:02}:{:02}",
                &fields["sign"],
                hours + minutes / 60,
                minutes % 60
            );
        } else if fields.name("zone").is_some() {
            written += "+00:00";
        }
    }
    Ok(Value::Timestamp(written))
}

fn number(fields: &Captures<'_>, name: &str) -> u32 {
    fields
        .name(name)
        .and_then(|digits| digits.as_str().parse().ok())
        .unwrap_or(0)
}

/// A float as Python's `repr` writes it.
pub fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
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
        for (text, wanted) in cases {
            assert_eq!(plain_1_1(text), Ok(wanted), "{text:?}");
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
        for (number, wanted) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (123456789.25, "123456789.25"),
        ] {
            assert_eq!(python_float(number), wanted);
        }
    }
}
