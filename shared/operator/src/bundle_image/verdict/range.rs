//! Version ranges as opm reads them.

use semver::Version;

/// Comparisons that a range may have.
const OPERATORS: [&str; 9] = ["", "=", "==", "!", "!=", ">", ">=", "<", "<="];

/// Whether opm takes a text for a range of versions: comparisons that all hold, or alternatives of them behind `||`.
///
/// `1.x` and `1.2.*` stand for all versions that start so; `~`, `^` and commas are no part of the language.
pub(crate) fn is_valid(text: &str) -> bool {
    text.split("||").all(|alternative| {
        let comparisons = comparisons(alternative);
        !comparisons.is_empty()
            && comparisons
                .iter()
                .all(|comparison| is_comparison(comparison))
    })
}

/// The comparisons of a range, without the spaces that may stand behind an operator.
fn comparisons(text: &str) -> Vec<String> {
    let mut comparisons: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        match comparisons.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '!']) => last.push_str(word),
            _ => comparisons.push(word.to_owned()),
        }
    }
    comparisons
}

fn is_comparison(text: &str) -> bool {
    let Some(digit) = text.find(|letter: char| letter.is_ascii_digit()) else {
        return false;
    };
    let (operator, version) = text.split_at(digit);
    OPERATORS.contains(&operator) && (Version::parse(version).is_ok() || is_wildcard(version))
}

/// `1.x`, `1.2.x`, `1.*`: numbers, and behind them letters that stand for all.
fn is_wildcard(version: &str) -> bool {
    let parts: Vec<&str> = version.split('.').collect();
    let is_number =
        |part: &&str| part.parse::<u64>().is_ok() && (*part == "0" || !part.starts_with('0'));
    let numbers = parts.iter().take_while(|part| is_number(part)).count();
    let wild = &parts[numbers..];
    (1..=2).contains(&numbers)
        && (1..=2).contains(&wild.len())
        && parts.len() <= 3
        && wild.iter().all(|part| matches!(*part, "x" | "X" | "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_comparisons_and_alternatives() {
        for text in [
            "1.0.0",
            ">=1.0.0 <2.0.0",
            ">= 1.0.0 < 2.0.0",
            "1.x",
            ">=1.*",
            "!1.0.0",
            "<1.0.0 || >=2.0.0-rc.1+b",
        ] {
            assert!(is_valid(text), "{text}");
        }
        for text in [
            "",
            "~1.0.0",
            "^1.0.0",
            ">=1.0",
            "*",
            ">=1.0.0, <2.0.0",
            "||",
            "1.0.0 ||",
            "a",
            ">=",
            "01.0.0",
            "1.x.0",
        ] {
            assert!(!is_valid(text), "{text}");
        }
    }
}
