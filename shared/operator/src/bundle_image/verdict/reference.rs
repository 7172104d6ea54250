//! Pull specifications of images.

/// Why a text is no pull specification: `[domain[:port]/]path[:tag][@digest]`.
/// Source: the grammar in distribution/reference.
pub(crate) fn problem(text: &str) -> Option<&'static str> {
    let (rest, digest) = text
        .split_once('@')
        .map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let fits = is_name(name) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
    if fits {
        return None;
    }
    let is_case = is_name(&name.to_ascii_lowercase())
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    Some(match is_case {
        true => "invalid reference format: repository name must be lowercase",
        false => "invalid reference format",
    })
}

/// Whether a pull specification has a digest.
pub(super) fn is_by_digest(text: &str) -> bool {
    text.contains('@')
}

fn is_name(name: &str) -> bool {
    let is_path = |path: &str| !path.is_empty() && path.split('/').all(is_component);
    let with_domain = name
        .split_once('/')
        .is_some_and(|(domain, path)| is_domain(domain) && is_path(path));
    name.len() <= 255 && (with_domain || is_path(name))
}

fn is_domain(text: &str) -> bool {
    let (host, port) = text
        .split_once(':')
        .map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label)
        && port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Small letters and digits, with single dots, one or two underscores, or dashes between them.
fn is_component(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators =
        text.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    text.bytes().next().is_some_and(is_inner)
        && text.bytes().next_back().is_some_and(is_inner)
        && separators.into_iter().all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    (1..=128).contains(&tag.len())
        && tag.starts_with(is_word)
        && tag
            .chars()
            .all(|letter| is_word(letter) || matches!(letter, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let mut parts = algorithm.split(['-', '_', '+', '.']);
    hex.len() >= 32
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && parts.all(|part| {
            part.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_specifications_are_told_from_other_texts() {
        let digest = format!("quay.io/a/b@sha256:{}", "a".repeat(64));
        let both = format!("quay.io/a/b:1@sha256:{}", "a".repeat(64));
        for text in [
            "etcd",
            "a/b",
            "quay.io/a/b:1.0",
            "localhost:5000/a",
            "Quay.io/a/b",
            "a__b/c--d.e",
            &digest,
            &both,
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
        for (text, wanted) in [
            (
                "Quay.io/UPPER/x:1",
                "invalid reference format: repository name must be lowercase",
            ),
            ("", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("a/b:", "invalid reference format"),
            ("a/b@sha256:12", "invalid reference format"),
            ("https://quay.io/a", "invalid reference format"),
            ("a//b", "invalid reference format"),
        ] {
            assert_eq!(problem(text), Some(wanted), "{text}");
        }
    }
}
