//! Links and mail addresses, as Go's `url.ParseRequestURI` and `mail.ParseAddress` take them.

/// Why a text is no link: an absolute URL, or a path from the root.
pub(super) fn url_problem(text: &str) -> Option<&'static str> {
    if text.chars().any(|letter| letter.is_ascii_control()) {
        return Some("invalid control character in URL");
    }
    let Some((scheme, rest)) = split_scheme(text) else {
        return Some("missing protocol scheme");
    };
    if !rest.starts_with('/') {
        return scheme.is_empty().then_some("invalid URI for request");
    }
    let before_query = rest.split('?').next().unwrap_or(rest);
    let (host, path) = match before_query
        .strip_prefix("//")
        .filter(|_| !scheme.is_empty())
    {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", before_query),
    };
    if host_is_bad(host) {
        return Some("invalid character in host name");
    }
    escapes_are_bad(path).then_some("invalid URL escape")
}

/// The scheme, empty when there is none; nothing when a colon comes first.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (at, letter) in text.char_indices() {
        match letter {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return None,
            ':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

fn host_is_bad(host: &str) -> bool {
    let host = host.rsplit('@').next().unwrap_or(host);
    let port = host
        .rsplit_once(':')
        .filter(|_| !host.ends_with(']'))
        .map(|(_, port)| port);
    let bad_port = port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()));
    bad_port
        || host
            .chars()
            .any(|letter| matches!(letter, ' ' | '{' | '}' | '|' | '\\' | '^' | '`' | '#'))
}

fn escapes_are_bad(path: &str) -> bool {
    let mut parts = path.split('%');
    parts.next();
    parts.any(|part| {
        let digits = part.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        digits < 2
    })
}

/// Why a text is no mail address: `a@b.c`, or `Name <a@b.c>`.
pub(super) fn mail_problem(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let address = match text.strip_suffix('>') {
        None => text,
        Some(rest) => match rest.rsplit_once('<') {
            Some((_, address)) => address,
            None => return Some("mail: unclosed angle-addr"),
        },
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("mail: missing '@' or angle-addr");
    };
    let is_quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    if !is_quoted && !is_dot_atom(local) {
        return Some("mail: no angle-addr");
    }
    let is_literal = domain.starts_with('[') && domain.ends_with(']');
    (!is_literal && !is_dot_atom(domain)).then_some("mail: expected single address")
}

/// Words of letters that need no quotes, with single dots between them.
fn is_dot_atom(text: &str) -> bool {
    let is_letter = |letter: char| {
        letter.is_ascii_alphanumeric()
            || !letter.is_ascii()
            || "!#$%&'*+-/=?^_`{|}~".contains(letter)
    };
    text.split('.')
        .all(|word| !word.is_empty() && word.chars().all(is_letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_absolute() {
        for text in [
            "https://a.b/c?d=%zz",
            "http://a:80",
            "mailto:x",
            "/path",
            "https://ä.example/",
        ] {
            assert_eq!(url_problem(text), None, "{text}");
        }
        for text in [
            "a.b/c",
            "https//a.b",
            "",
            ":x",
            "https://a b/",
            "https://a/%zz",
            "https://a:b/",
            "www.example.com",
        ] {
            assert!(url_problem(text).is_some(), "{text}");
        }
    }

    #[test]
    fn mail_addresses_have_two_sides() {
        for text in ["a@b.c", "A B <a.b@c>", "\"a b\"@c"] {
            assert_eq!(mail_problem(text), None, "{text}");
        }
        for text in [
            "nope", "a@", "@b", "a@b, c@d", "a..b@c", "a b@c", "<a@b", "a@b>",
        ] {
            assert!(mail_problem(text).is_some(), "{text}");
        }
    }
}
