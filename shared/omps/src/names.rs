//! Names that come from outside. Each kind has a type that checks the name once; after that it is safe in a URL.

use std::fmt;

use serde::Serialize;

/// A name that does not follow its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} '{}' is not valid: it must {rule}", shown(.value))]
pub struct InvalidName {
    what: &'static str,
    value: String,
    rule: &'static str,
}

/// A name for a message: on one line, and cut to a length at which it can be recognized.
fn shown(value: &str) -> String {
    let short: String = value.chars().take(100).collect();
    let more = if short.len() < value.len() { "…" } else { "" };
    format!("{}{more}", short.escape_debug())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks the name.
            ///
            /// # Errors
            /// [`InvalidName`], which contains the rule.
            pub fn parse(value: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                match check(value) {
                    true => Ok($name(value.to_owned())),
                    false => Err(InvalidName { what: $what, value: value.to_owned(), rule: $rule }),
                }
            }

            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of an organization on Quay.
    OrganizationName, "organization",
    "start with a letter, digit or underscore and go on with those, dots and dashes, 255 characters at most",
    is_plain
}

name! {
    /// The name of a repository. Upper case is allowed here; Quay may refuse it.
    RepositoryName, "repository",
    "start with a letter, digit or underscore and go on with those, dots and dashes, 255 characters at most",
    is_plain
}

name! {
    /// The name of a release on Quay, which is not always x.y.z. It must be percent-encoded in URLs.
    ReleaseName, "release",
    "be 1 to 255 printable characters without a slash",
    |value| {
        let printable = |char: char| !char.is_control() && char != '/';
        (1..=255).contains(&value.chars().count()) && !matches!(value, "." | "..") && value.chars().all(printable)
    }
}

name! {
    /// The N-V-R of a build in Koji: name, version and release, with dashes between them.
    Nvr, "N-V-R",
    "have a name, a version and a release with a dash between them, of letters, digits and ._+~^,:-, 255 characters at most",
    |value| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+~^,:-".contains(&byte);
        value.len() <= 255 && value.bytes().filter(|byte| *byte == b'-').count() >= 2 && value.bytes().all(allowed)
    }
}

impl OrganizationName {
    /// The same name, unless one of the `configured` names is the same but for upper and lower case. A registry may find
    /// the organization by either of them, but its rules are found by one.
    ///
    /// # Errors
    /// [`InvalidName`]
    pub fn spelled_as<'a>(
        self,
        configured: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, InvalidName> {
        let mut is_other = false;
        for name in configured {
            if *name == self.0 {
                return Ok(self);
            }
            is_other |= name.eq_ignore_ascii_case(&self.0);
        }
        match is_other {
            false => Ok(self),
            true => Err(InvalidName {
                what: "organization",
                value: self.0,
                rule: "have upper and lower case as in the configuration",
            }),
        }
    }
}

/// `^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}$`
fn is_plain(value: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    value.len() <= 255
        && value.bytes().next().is_some_and(letter)
        && value
            .bytes()
            .all(|byte| letter(byte) || byte == b'.' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_change_the_path_of_a_url_are_refused() {
        for bad in [
            "",
            ".",
            "..",
            "-a",
            ".a",
            "a/b",
            "a b",
            "a%2f",
            "a\n",
            "ä",
            "a?b",
            "a#b",
            &"a".repeat(256),
        ] {
            assert!(OrganizationName::parse(bad).is_err(), "{bad:?}");
            assert!(RepositoryName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "_a", "A-b.c_1", &"a".repeat(255)] {
            assert!(RepositoryName::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_organization_is_spelled_as_it_is_configured() {
        let configured = ["my-org".to_owned(), "Other".to_owned()];
        for (name, is_taken) in [
            ("my-org", true),
            ("Other", true),
            ("third", true),
            ("My-Org", false),
            ("other", false),
        ] {
            let name = OrganizationName::parse(name).unwrap();
            let spelled = name.clone().spelled_as(&configured);
            assert_eq!(spelled.is_ok(), is_taken, "{name}");
        }
    }

    #[test]
    fn a_release_may_be_any_single_path_segment() {
        for good in ["1.0.0", "1.0.0-2", "1.0.0+b", "latest", "a b"] {
            assert!(ReleaseName::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "..", "a/b", "a\n", &"a".repeat(256)] {
            assert!(ReleaseName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_nvr_has_three_parts_and_no_markup() {
        for good in [
            "n-v-r",
            "lab-odd+name.container-1.0~rc1^git+2-1",
            "lab-draft-container-v1.0.0-1,draft_20",
            "9:lab-rich-container-v1.0.0-1",
        ] {
            assert!(Nvr::parse(good).is_ok(), "{good:?}");
        }
        let long = format!("n-v-{}", "1".repeat(252));
        for bad in [
            "", "n", "n-v", "n v-1-1", "n-v-r/..", "n-v-r\n", "n-v-ř", "n-v-<r>", &long,
        ] {
            assert!(Nvr::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refused_name_is_shown_on_one_line() {
        let error = OrganizationName::parse("a\nb").unwrap_err().to_string();
        assert!(
            error.starts_with("organization 'a\\nb' is not valid: it must start with"),
            "{error}"
        );
    }
}
