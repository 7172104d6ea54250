//! Release versions: `x.y.z`, of any length.

use std::cmp::Ordering;
use std::fmt;

/// A release version: `(0|[1-9][0-9]*)` three times, with dots between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseVersion {
    text: String,
}

/// The form of a version, as OMPS's message has it.
const REGEXP: &str = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$";

/// A version that is not `x.y.z`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Version '{version}' must be in format '<int>.<int>.<int>': must match regexp '{REGEXP}': {problem}"
)]
pub struct InvalidVersion {
    version: String,
    problem: String,
}

impl ReleaseVersion {
    /// Parses a version. The whole text must be the version.
    ///
    /// # Errors
    /// [`InvalidVersion`], which names the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = |problem| InvalidVersion {
            version: text.escape_debug().to_string(),
            problem,
        };
        let parts: Vec<&str> = text.split('.').collect();
        if parts.len() != 3 {
            return Err(invalid(format!("found {} parts, wanted 3", parts.len())));
        }
        for part in parts {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid(format!(
                    "'{}' is not a whole number",
                    part.escape_debug()
                )));
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(invalid(format!("'{part}' has a leading zero")));
            }
        }
        Ok(ReleaseVersion {
            text: text.to_owned(),
        })
    }

    /// The version as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version with the next major number: 2.5.1 → 3.0.0.
    pub fn next_major(&self) -> Self {
        let major = self.parts().next().unwrap_or_default();
        ReleaseVersion {
            text: format!("{}.0.0", incremented(major)),
        }
    }

    /// The highest `x.y.z` among release names. Other names are ignored.
    pub fn highest<'a>(releases: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        releases
            .into_iter()
            .filter_map(|release| Self::parse(release).ok())
            .max()
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split('.')
    }
}

/// Adds one to a number in decimal digits.
fn incremented(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let zeros = "0".repeat(digits.len() - kept.len());
    match kept.as_bytes().split_last() {
        None => format!("1{zeros}"),
        Some((last, _)) => format!("{}{}{zeros}", &kept[..kept.len() - 1], char::from(last + 1)),
    }
}

impl Ord for ReleaseVersion {
    /// Compares by number. There are no leading zeros, so the longer number is greater.
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |part: &str| (part.len(), part.to_owned());
        self.parts().map(number).cmp(other.parts().map(number))
    }
}

impl PartialOrd for ReleaseVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for ReleaseVersion {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::ReleaseVersion;

    #[test]
    fn a_version_that_is_not_three_numbers_is_refused_and_the_part_is_named() {
        let cases = [
            ("1.0", "found 2 parts, wanted 3"),
            ("1.0.0.0", "found 4 parts, wanted 3"),
            ("", "found 1 parts, wanted 3"),
            ("1..0", "'' is not a whole number"),
            ("v1.0.0", "'v1' is not a whole number"),
            ("1.0.-1", "'-1' is not a whole number"),
            ("1.0.0-2", "'0-2' is not a whole number"),
            ("01.0.0", "'01' has a leading zero"),
            ("1.0.0\n", "'0\\n' is not a whole number"),
            ("1.0.٣", "'٣' is not a whole number"),
        ];
        for (text, problem) in cases {
            let error = ReleaseVersion::parse(text).unwrap_err().to_string();
            let wanted = format!("<int>': must match regexp '{}': {problem}", super::REGEXP);
            assert!(error.ends_with(&wanted), "{error}");
        }
    }

    #[test]
    fn the_next_major_follows_the_highest_version_by_number() {
        let next = |releases: &[&str]| {
            ReleaseVersion::highest(releases.iter().copied())
                .map(|version| version.next_major().to_string())
        };
        assert_eq!(
            next(&["2.5.1", "10.0.0", "9.9.9"]).as_deref(),
            Some("11.0.0")
        );
        assert_eq!(
            next(&["1.0.0", "3.0.0-1", "latest"]).as_deref(),
            Some("2.0.0")
        );
        assert_eq!(
            next(&["99999999999999999999.0.0"]).as_deref(),
            Some("100000000000000000000.0.0")
        );
        assert_eq!(next(&["1.0.0-2"]), None);
    }
}
