//! The names that an OCI registry knows: repositories, tags and digests. A name that breaks its rule is refused before
//! anything is sent, and is safe in a URL after that.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A name that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: it must {rule}")]
pub struct InvalidImageName {
    what: &'static str,
    value: String,
    rule: &'static str,
}

/// The longest part of a name that a message shows.
const SHOWN: usize = 100;

/// Where images are: `organization/repository`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageRepository {
    organization: String,
    name: String,
}

impl ImageRepository {
    /// Checks both parts by the rule of the OCI specification,
    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, and by Quay's, `^[a-z0-9][a-z0-9._-]{0,254}$`.
    ///
    /// # Errors
    /// [`InvalidImageName`], which says the rule.
    pub fn parse(organization: &str, name: &str) -> Result<Self, InvalidImageName> {
        const RULE: &str = "consist of lower-case letters and digits, with '.', '_', '__' or dashes between them, \
                            255 characters at most";
        check("organization", organization, RULE, is_path_component)?;
        check("repository", name, RULE, is_path_component)?;
        Ok(ImageRepository {
            organization: organization.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The part before the slash.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The part behind the slash.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ImageRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.name)
    }
}

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// Checks a tag by the rule of the OCI specification, `^\w[\w.-]{0,127}$` in ASCII.
    ///
    /// # Errors
    /// [`InvalidImageName`], which says the rule.
    pub fn parse(value: &str) -> Result<Self, InvalidImageName> {
        const RULE: &str = "start with a letter, digit or underscore and go on with those, dots and dashes, \
                            128 characters at most";
        check("tag", value, RULE, is_tag)?;
        Ok(Tag(value.to_owned()))
    }

    /// The tag as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 digest of a blob or a manifest: `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Digest(format!("sha256:{hex}"))
    }

    /// Reads a digest.
    ///
    /// # Errors
    /// [`InvalidImageName`], which says the rule.
    pub fn parse(value: &str) -> Result<Self, InvalidImageName> {
        const RULE: &str = "be 'sha256:' and 64 hexadecimal digits in lower case";
        check("digest", value, RULE, is_digest)?;
        Ok(Digest(value.to_owned()))
    }

    /// The digest as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(
    what: &'static str,
    value: &str,
    rule: &'static str,
    is_valid: fn(&str) -> bool,
) -> Result<(), InvalidImageName> {
    if is_valid(value) {
        return Ok(());
    }
    let value = value.chars().take(SHOWN).collect();
    Err(InvalidImageName { what, value, rule })
}

fn is_path_component(value: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_well = value.bytes().next().is_some_and(alphanumeric)
        && value.bytes().next_back().is_some_and(alphanumeric);
    let separators = value.split(|char: char| char.is_ascii_lowercase() || char.is_ascii_digit());
    value.len() <= 255 && ends_well && separators.into_iter().all(is_separator)
}

/// Whether this may stand between two letters or digits.
fn is_separator(value: &str) -> bool {
    matches!(value, "" | "." | "_" | "__") || value.bytes().all(|byte| byte == b'-')
}

fn is_tag(value: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    value.len() <= 128
        && value.bytes().next().is_some_and(word)
        && value
            .bytes()
            .all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(value: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    value
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(hexadecimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_keeps_the_rules_of_oci_and_of_quay() {
        for good in [
            "a",
            "a0",
            "a.b",
            "a_b",
            "a__b",
            "a-b",
            "a---b",
            "0-9",
            &"a".repeat(255),
        ] {
            assert!(ImageRepository::parse("org", good).is_ok(), "{good:?}");
            assert!(ImageRepository::parse(good, "name").is_ok(), "{good:?}");
        }
        for bad in [
            "",
            ".",
            "..",
            "A",
            "a b",
            "-a",
            "a-",
            "_a",
            "a.",
            "a..b",
            "a___b",
            "a.-b",
            "a/b",
            "a%2fb",
            "ä",
            "a\n",
            &"a".repeat(256),
        ] {
            assert!(ImageRepository::parse("org", bad).is_err(), "{bad:?}");
            assert!(ImageRepository::parse(bad, "name").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_tag_has_no_plus_and_no_slash() {
        for good in ["1.0.0", "latest", "_1", "1.0.0-rc.1_b", &"1".repeat(128)] {
            assert!(Tag::parse(good).is_ok(), "{good:?}");
        }
        for bad in [
            "",
            ".1",
            "-1",
            "1+b",
            "a/b",
            "ä",
            "1 0",
            "..",
            &"1".repeat(129),
        ] {
            assert!(Tag::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(Digest::of(b"hello").as_str(), digest);
        assert_eq!(Digest::parse(digest), Ok(Digest::of(b"hello")));
        for bad in [
            "",
            "sha256:",
            "sha512:00",
            &digest[1..],
            &digest.to_uppercase(),
            &digest[..70],
        ] {
            assert!(Digest::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refused_name_is_shown_on_one_line_with_its_rule() {
        let error = Tag::parse("1.0.0+b\n").unwrap_err().to_string();
        assert_eq!(
            error,
            "tag \"1.0.0+b\\n\" is not valid: it must start with a letter, digit or underscore and go on with those, \
             dots and dashes, 128 characters at most"
        );
    }
}
