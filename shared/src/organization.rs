//! What an organization asks of its pushes: visibility, tokens, and the rules that change manifests.

use serde::Deserialize;

use crate::pattern::{Pattern, PatternError, Template};
use crate::secrets::Tokens;
use crate::token::{self, Token};

/// An organization's part of the configuration. One that is not configured is private and has no rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// `public`: make its repositories public after a push. Default: false.
    #[serde(default)]
    pub public: bool,
    /// `oauth_token`: for making repositories public. Default: none; better kept in Secrets Manager.
    #[serde(default, deserialize_with = "token::oauth")]
    pub oauth_token: Option<Token>,
    /// `quay_token`: a robot's `basic …`, for pushes by event. Default: none; better kept in Secrets Manager.
    #[serde(default, deserialize_with = "token::quay")]
    pub quay_token: Option<Token>,
    /// `koji_packages`: packages whose finished builds are pushed by event.
    #[serde(default)]
    pub koji_packages: Vec<String>,
    /// `replace_registry`: what to replace in every YAML file, in order.
    #[serde(default)]
    pub replace_registry: Vec<Replacement>,
    /// `package_name_suffix`: what every package name must end with.
    pub package_name_suffix: Option<String>,
    /// `csv_annotations`: what to set in every ClusterServiceVersion.
    #[serde(default)]
    pub csv_annotations: Vec<Annotation>,
    /// `release_format`: how releases are pushed; absent: as the service's own `release_format` says.
    pub release_format: Option<ReleaseFormat>,
}

impl Organization {
    /// Its tokens, as configured.
    pub fn tokens(&self) -> Tokens {
        Tokens {
            oauth: self.oauth_token.clone(),
            quay: self.quay_token.clone(),
        }
    }

    /// Whether a push to it changes manifests.
    pub fn has_rules(&self) -> bool {
        !self.replace_registry.is_empty()
            || self.package_name_suffix.is_some()
            || !self.csv_annotations.is_empty()
    }
}

/// The form in which a release is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseFormat {
    /// Quay's App Registry.
    #[default]
    AppRegistry,
}

/// One rule of `replace_registry`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawReplacement")]
pub enum Replacement {
    /// Every occurrence of a text becomes another.
    Text {
        /// What to replace; never empty.
        old: String,
        /// By what.
        new: String,
    },
    /// Every match of a Python-style regular expression becomes what the template makes of it.
    Regex {
        /// What to replace.
        old: Pattern,
        /// By what.
        new: Template,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReplacement {
    old: String,
    new: String,
    #[serde(default)]
    regexp: bool,
}

/// A `replace_registry` rule that can never work.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReplacement {
    #[error("replace_registry: old must not be empty")]
    Empty,
    #[error("replace_registry: {0}")]
    Pattern(#[from] PatternError),
}

impl TryFrom<RawReplacement> for Replacement {
    type Error = InvalidReplacement;

    fn try_from(raw: RawReplacement) -> Result<Self, InvalidReplacement> {
        if raw.old.is_empty() {
            return Err(InvalidReplacement::Empty);
        }
        if !raw.regexp {
            return Ok(Replacement::Text {
                old: raw.old,
                new: raw.new,
            });
        }
        let old = Pattern::parse(&raw.old)?;
        let new = Template::parse(&raw.new, &old)?;
        Ok(Replacement::Regex { old, new })
    }
}

/// One rule of `csv_annotations`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawAnnotation")]
pub struct Annotation {
    /// The annotation's key.
    pub name: String,
    value: Vec<Piece>,
}

/// A piece of an annotation's value.
#[derive(Debug)]
enum Piece {
    Text(String),
    PackageName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnnotation {
    name: String,
    value: String,
}

/// An annotation template with a key that has no value.
#[derive(Debug, thiserror::Error)]
#[error(
    "csv_annotations: the value {value:?} of {name:?} {problem}; it may use {{package_name}}, {{{{ and }}}}"
)]
pub struct InvalidAnnotation {
    name: String,
    value: String,
    problem: String,
}

impl TryFrom<RawAnnotation> for Annotation {
    type Error = InvalidAnnotation;

    fn try_from(raw: RawAnnotation) -> Result<Self, InvalidAnnotation> {
        match pieces(&raw.value) {
            Ok(value) => Ok(Annotation {
                name: raw.name,
                value,
            }),
            Err(problem) => Err(InvalidAnnotation {
                name: raw.name,
                value: raw.value,
                problem,
            }),
        }
    }
}

/// Reads a template as Python's `str.format` does, with `package_name` as the one key.
fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = behind;
        } else if brace == "}" {
            return Err("has a single '}'".to_owned());
        } else {
            let (key, behind) = rest
                .split_once('}')
                .ok_or("has a '{' that nothing closes")?;
            if key != "package_name" {
                return Err(format!("names the unknown key {key:?}"));
            }
            pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::PackageName]);
            rest = behind;
        }
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

impl Annotation {
    /// The value for a package.
    pub fn value(&self, package_name: &str) -> String {
        let mut value = String::new();
        for piece in &self.value {
            value.push_str(match piece {
                Piece::Text(text) => text,
                Piece::PackageName => package_name,
            });
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(value: &str) -> Result<String, String> {
        let raw = RawAnnotation {
            name: "a".into(),
            value: value.into(),
        };
        Annotation::try_from(raw)
            .map(|annotation| annotation.value("etcd"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn annotation_values_are_python_format_strings() {
        assert_eq!(
            annotation("x-{package_name}-{{y}}").as_deref(),
            Ok("x-etcd-{y}")
        );
        assert_eq!(annotation("").as_deref(), Ok(""));
        for (value, problem) in [
            ("{name}", "unknown key \"name\""),
            ("{", "nothing closes"),
            ("a}", "single '}'"),
            ("{}", "unknown key \"\""),
        ] {
            assert!(annotation(value).unwrap_err().contains(problem), "{value}");
        }
    }
}
