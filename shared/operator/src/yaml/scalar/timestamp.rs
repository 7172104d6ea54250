//! Dates and moments.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{MAX_NUMBER, ScalarError, invalid, pattern};
use crate::yaml::Value;

static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9][0-9]?)-(?P<day>[0-9][0-9]?)(?:(?:[Tt]|[ \t]+)(?P<hour>[0-9][0-9]?):(?P<minute>[0-9][0-9]):(?P<second>[0-9][0-9])(?:\.(?P<fraction>[0-9]*))?(?:[ \t]*(?P<zone>Z|(?P<sign>[-+])(?P<zone_hour>[0-9][0-9]?)(?::(?P<zone_minute>[0-9][0-9]))?))?)?",
    )
});

/// A date alone has two digits for month and day; with a time of day one is enough.
pub(super) fn is_plain(text: &str) -> bool {
    TIMESTAMP.is_match(text) && (text.len() > 10 || text.len() == 10 && text.as_bytes()[7] == b'-')
}

/// The moment as Python's `str()` writes it: `2020-02-29`, `2001-12-14 21:59:43.100000-05:00`.
pub(super) fn timestamp(text: &str) -> Result<Value, ScalarError> {
    let written = match text.len() {
        ..=MAX_NUMBER => written(text),
        _ => None,
    };
    let written = written.ok_or_else(|| invalid("!!timestamp", text))?;
    Ok(Value::Timestamp(written))
}

/// Nothing for a moment that does not exist.
fn written(text: &str) -> Option<String> {
    let fields = TIMESTAMP.captures(text)?;
    let date = date(&fields)?;
    if fields.name("hour").is_none() {
        return Some(date);
    }
    Some(format!("{date} {}{}", time(&fields)?, zone(&fields)?))
}

fn date(fields: &Captures<'_>) -> Option<String> {
    let [year, month, day] = ["year", "month", "day"].map(|name| number(fields, name));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let exists = year > 0 && (1..=days).contains(&day);
    exists.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn time(fields: &Captures<'_>) -> Option<String> {
    let [hour, minute, second] = ["hour", "minute", "second"].map(|name| number(fields, name));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fields.name("fraction").map_or("", |digits| digits.as_str());
    let micros = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction));
    let fraction = match micros.as_str() {
        "000000" => String::new(),
        micros => format!(".{micros}"),
    };
    Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}"))
}

fn zone(fields: &Captures<'_>) -> Option<String> {
    let Some(sign) = fields.name("sign") else {
        let is_utc = fields.name("zone").is_some();
        return Some(if is_utc { "+00:00" } else { "" }.to_owned());
    };
    let minutes = number(fields, "zone_hour") * 60 + number(fields, "zone_minute");
    let (hour, minute) = (minutes / 60, minutes % 60);
    (hour < 24).then(|| format!("{}{hour:02}:{minute:02}", sign.as_str()))
}

fn number(fields: &Captures<'_>, name: &str) -> u32 {
    fields
        .name(name)
        .and_then(|digits| digits.as_str().parse().ok())
        .unwrap_or(0)
}
