//! The order of a release's bundles, and their tags.

use std::cmp::Ordering;

use semver::{Prerelease, Version};

use super::document::{self, Document};

/// Characters of a tag.
const MAX_TAG: usize = 128;

/// Characters of `spec.release`.
const MAX_RELEASE: usize = 20;

/// `spec.version` and `spec.release` of a CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) version: Version,
    pub(crate) release: Option<Prerelease>,
}

impl Number {
    /// Reads them; nothing where they are no strict semver.
    pub(crate) fn of(csv: &Document) -> Option<Self> {
        let place = csv.place();
        let version = Version::parse(document::text(&place, "spec.version")?).ok()?;
        let release = match document::at(&place, "spec.release") {
            None => None,
            Some(release) => match document::text_of(release.value()).unwrap_or("") {
                "" => None,
                text => Some(parse_release(text)?),
            },
        };
        Some(Number { version, release })
    }

    /// The tag: a tag has no `+`.
    pub(crate) fn tag(&self) -> String {
        let version = self.version.to_string().replace('+', "_");
        match &self.release {
            Some(release) => format!("{version}-{release}"),
            None => version,
        }
    }

    /// Whether a registry takes the tag.
    pub(crate) fn has_room(&self) -> bool {
        self.tag().len() <= MAX_TAG
    }

    /// By version, then by release; build metadata is of no account.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        let versions = self.version.cmp_precedence(&other.version);
        versions.then_with(|| self.release.cmp(&other.release))
    }
}

/// A release: `[0-9A-Za-z.-]{1,20}`, ordered as semver orders what stands behind a dash.
pub(crate) fn parse_release(text: &str) -> Option<Prerelease> {
    let fits = !text.is_empty() && text.len() <= MAX_RELEASE;
    fits.then(|| Prerelease::new(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(version: &str, release: &str) -> Number {
        Number {
            version: Version::parse(version).unwrap(),
            release: parse_release(release),
        }
    }

    #[test]
    fn a_tag_is_the_version_and_the_release() {
        for (version, release, wanted) in [
            ("1.2.3", "", "1.2.3"),
            ("1.0.0+b1", "", "1.0.0_b1"),
            ("1.0.0-rc.1", "2", "1.0.0-rc.1-2"),
        ] {
            assert_eq!(number(version, release).tag(), wanted);
        }
    }

    #[test]
    fn bundles_are_ordered_by_version_then_release() {
        let ordered = [
            ("0.9.0", ""),
            ("1.0.0-rc.1", ""),
            ("1.0.0", ""),
            ("1.0.0", "2"),
            ("1.0.0", "10"),
            ("1.0.0", "a"),
            ("10.0.0", ""),
        ];
        for pair in ordered.windows(2) {
            let [first, second] =
                [pair[0], pair[1]].map(|(version, release)| number(version, release));
            assert_eq!(first.precedence(&second), Ordering::Less, "{pair:?}");
        }
        let builds = [number("1.0.0+a", ""), number("1.0.0+b", "")];
        assert_eq!(builds[0].precedence(&builds[1]), Ordering::Equal);
    }

    #[test]
    fn releases_have_few_characters_and_no_leading_zero() {
        for text in ["1", "a-b.2", "01a", "12345678901234567890"] {
            assert!(parse_release(text).is_some(), "{text}");
        }
        for text in ["", "a_b", "01", "a..b", "a b", "123456789012345678901"] {
            assert!(parse_release(text).is_none(), "{text}");
        }
    }
}
