//! Names as Kubernetes checks them, in its words.

/// Why a name is no RFC 1123 subdomain.
pub(super) fn subdomain_problem(name: &str) -> Option<&'static str> {
    if name.len() > 253 {
        return Some("must be no more than 253 characters");
    }
    let fits = name.split('.').all(is_label);
    (!fits).then_some(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and \
         end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    )
}

/// Why a name is no DNS-1035 label.
pub(super) fn dns_1035_problem(name: &str) -> Option<&'static str> {
    if name.len() > 63 {
        return Some("must be no more than 63 characters");
    }
    let fits = is_label(name) && name.starts_with(|letter: char| letter.is_ascii_lowercase());
    (!fits).then_some(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and \
         end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
         '[a-z]([-a-z0-9]*[a-z0-9])?')",
    )
}

fn is_label(text: &str) -> bool {
    let letters = text.bytes();
    let mut letters = letters
        .map(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-');
    !text.is_empty() && letters.all(|fits| fits) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_are_labels_with_dots() {
        for name in ["a", "etcd.v0.9.2", "a-b.1"] {
            assert_eq!(subdomain_problem(name), None, "{name}");
        }
        for name in [
            "",
            "Etcd.v1",
            "a_b",
            "a..b",
            "-a",
            "a-",
            ".a",
            &"a".repeat(254),
        ] {
            assert!(subdomain_problem(name).is_some(), "{name}");
        }
        assert_eq!(dns_1035_problem("a1"), None);
        assert!(dns_1035_problem("1a").is_some());
    }
}
