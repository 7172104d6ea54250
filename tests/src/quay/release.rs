//! Checks strict semantic versions, with the messages of Python's `semantic_version`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$")
        .expect("the pattern compiles")
});

/// Checks a release. The error is Quay's message.
pub(super) fn check(release: &str) -> Result<(), String> {
    if release.is_empty() {
        return Err("Invalid empty version string: ''".to_owned());
    }
    let Some(parts) = FORM.captures(release) else {
        return Err(format!("Invalid version string: '{release}'"));
    };
    for (index, part) in ["major", "minor", "patch"].into_iter().enumerate() {
        if has_leading_zero(&parts[index + 1]) {
            return Err(format!("Invalid leading zero in {part}: '{release}'"));
        }
    }
    Ok(())
}

/// Compares two releases by precedence. Numbers may have any length.
pub(super) fn precedence(left: &str, right: &str) -> Ordering {
    let (left_numbers, left_prerelease) = key(left);
    let (right_numbers, right_prerelease) = key(right);
    let numbers = left_numbers
        .split('.')
        .zip(right_numbers.split('.'))
        .map(|(left, right)| compare_numbers(left, right))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal);
    numbers.then_with(|| match (left_prerelease, right_prerelease) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => left.cmp(right),
    })
}

fn key(release: &str) -> (&str, Option<&str>) {
    let without_build = release.split('+').next().unwrap_or(release);
    match without_build.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (without_build, None),
    }
}

fn compare_numbers(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn has_leading_zero(number: &str) -> bool {
    number.len() > 1 && number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_sorted_by_precedence() {
        let mut releases = [
            "1.0.0-1",
            "10.0.0",
            "99999999999999999999.0.0",
            "1.0.0",
            "9.0.0",
        ];
        releases.sort_by(|left, right| precedence(right, left));
        assert_eq!(
            releases,
            [
                "99999999999999999999.0.0",
                "10.0.0",
                "9.0.0",
                "1.0.0",
                "1.0.0-1"
            ]
        );
    }
}
