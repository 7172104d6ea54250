//! Numbers: whole ones in decimal digits, all others as floats.

use super::{MAX_NUMBER, ScalarError, invalid};
use crate::yaml::Value;

/// The whole number in decimal digits: YAML has no largest number.
pub(super) fn int(text: &str) -> Result<Value, ScalarError> {
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

/// Digits of a base that is a power of two. A number of more than 128 bits is kept as written, which still differs from
/// every other number.
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

pub(super) fn float(text: &str) -> Result<Value, ScalarError> {
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

/// A float as Python's `repr` writes it.
pub(crate) fn python_float(number: f64) -> String {
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
