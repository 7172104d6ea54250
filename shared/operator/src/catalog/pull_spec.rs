//! Pull specifications of images as Go's distribution/reference reads them, with the default registry's domain.

use crate::bundle_image::reference;

const LOWERCASE: &str = "invalid reference format: repository name must be lowercase";

/// Why opm takes a text for no pull specification.
pub(super) fn problem(text: &str) -> Option<String> {
    if text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Some(format!(
            "invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        ));
    }
    let remainder = match text.split_once('/') {
        Some((domain, rest)) if domain.contains(['.', ':']) || domain == "localhost" => rest,
        _ => text,
    };
    let name = remainder.split(':').next().unwrap_or(remainder);
    if name.to_lowercase() != name {
        return Some(LOWERCASE.to_owned());
    }
    let problem = reference::problem(text).or_else(|| digest_problem(text));
    problem.map(str::to_owned)
}

/// What Go's digest package finds behind the grammar.
fn digest_problem(text: &str) -> Option<&'static str> {
    let (_, digest) = text.split_once('@')?;
    let (algorithm, hex) = digest.split_once(':')?;
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Some("unsupported digest algorithm"),
    };
    if hex.len() != length {
        return Some("invalid checksum digest length");
    }
    let is_lower = hex
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (!is_lower).then_some("invalid checksum digest format")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_checked_behind_the_grammar() {
        let with = |digest: &str| problem(&format!("quay.io/o/p@{digest}"));
        let hex = "a".repeat(64);
        assert_eq!(with(&format!("sha256:{hex}")), None);
        for (digest, wanted) in [
            (
                format!("sha256:{}", "A".repeat(64)),
                "invalid checksum digest format",
            ),
            (
                format!("sha256:{}", "a".repeat(40)),
                "invalid checksum digest length",
            ),
            (format!("md5:{hex}"), "unsupported digest algorithm"),
            ("sha256:abc".to_owned(), "invalid reference format"),
        ] {
            assert_eq!(with(&digest).as_deref(), Some(wanted), "{digest}");
        }
        assert_eq!(problem("Bad Image").as_deref(), Some(LOWERCASE));
        assert_eq!(problem("Quay.io/o/p"), None);
    }
}
