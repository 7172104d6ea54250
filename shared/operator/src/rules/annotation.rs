//! One rule of `csv_annotations`: an annotation's key, and a template of its value.

use serde::Deserialize;

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
