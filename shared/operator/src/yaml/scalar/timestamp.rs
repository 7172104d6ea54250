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
