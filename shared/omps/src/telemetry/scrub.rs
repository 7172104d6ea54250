//! Removes secrets from logs and answers, even if another service repeated them.
//!
//! A token of an organization is removed from everything while the process has it. A caller's token is removed only
//! from what is written for that caller; otherwise a caller could use any word as a token and remove it from all logs.
//! From audit lines, it is removed only if it has 24 bytes or more: a token that is the name of a repository does not hide
//! which repository that was. A longer token hides a value that contains it, in the lines of that caller's own requests; the
//! action, its outcome and the user stay.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::task::futures::TaskLocalFuture;

use super::escapes;

/// The text that replaces a secret.
const SCRUBBED: &str = "[secret]";
/// The shortest secret, in bytes. A shorter text could be part of ordinary words.
const SHORTEST: usize = 6;
/// The shortest form of a caller's secret, in bytes, that is removed from audit lines.
const SHORTEST_IN_AUDIT: usize = 24;

/// The secrets of organizations that the process has.
static GUARDED: RwLock<Vec<Weak<[SecretString]>>> = RwLock::new(Vec::new());

tokio::task_local! {
    static CALLERS: Option<Secret>;
}

/// A secret, in every form that reveals it.
#[derive(Clone)]
pub struct Secret(Arc<[SecretString]>);

impl Secret {
    /// The secret in a token, which is the value of an `Authorization` header.
    pub fn of(authorization: &str) -> Self {
        let plain = forms(authorization);
        // Whatever contains the credentials or the password contains these.
        let parts = plain.iter().skip(usize::from(plain.len() > 1));
        let encoded = parts.flat_map(|form| in_base64(form));
        let mut forms: Vec<String> = encoded.chain(plain.iter().cloned()).collect();
        forms.retain(|form| form.len() >= SHORTEST);
        // The longest first, so that it is replaced as a whole.
        forms.sort_by_key(|form| Reverse(form.len()));
        forms.dedup();
        Secret(forms.into_iter().map(SecretString::from).collect())
    }

    /// Removes the secret from everything that is written while it, or a clone of it, exists.
    pub fn guarded(self) -> Self {
        let mut guarded = GUARDED.write().unwrap_or_else(PoisonError::into_inner);
        guarded.retain(|forms| forms.strong_count() > 0);
        guarded.push(Arc::downgrade(&self.0));
        self
    }
}

/// Runs `work`, and removes a caller's secret from everything that it writes.
pub fn within<F: Future>(secret: Option<Secret>, work: F) -> TaskLocalFuture<Option<Secret>, F> {
    CALLERS.scope(secret, work)
}

/// The forms that reveal a secret: the whole value, the part after the scheme, and the password of a basic token.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if let Some((_, credentials)) = secret.split_once(' ') {
        forms.push(credentials.trim().to_owned());
        if let Some((user, password)) = basic_credentials(secret) {
            forms.push(format!("{user}:{password}"));
            forms.push(password);
        }
    }
    forms
}

/// What base64 of any text that contains the secret has in common, for each of the three places where the secret can
/// begin, with both alphabets.
fn in_base64(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (before, start) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        let text = STANDARD_NO_PAD.encode(&bytes);
        // The characters that depend on the secret alone.
        let Some(form) = text.get(start..bytes.len() * 8 / 6) else {
            continue;
        };
        let in_urls = form.replace('+', "-").replace('/', "_");
        forms.extend((in_urls != form).then_some(in_urls));
        forms.push(form.to_owned());
    }
    forms
}

/// The user and the password in the value of an `Authorization` header, if it is a basic token.
pub fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let decoded = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| STANDARD.decode(encoded.trim()).ok())??;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Replaces the secrets in a text.
pub fn scrub(text: &str) -> Cow<'_, str> {
    scrub_from(text, SHORTEST)
}

/// Replaces the secrets in a value of an audit line.
pub(super) fn scrub_in_audit(text: &str) -> Cow<'_, str> {
    scrub_from(text, SHORTEST_IN_AUDIT)
}

/// Replaces the secrets of organizations, and those forms of the caller's that have so many bytes.
fn scrub_from(text: &str, shortest: usize) -> Cow<'_, str> {
    let guarded = GUARDED.read().unwrap_or_else(PoisonError::into_inner);
    let guarded: Vec<_> = guarded.iter().filter_map(Weak::upgrade).collect();
    let callers = CALLERS.try_with(Clone::clone).ok().flatten();
    let callers = callers.iter().flat_map(|Secret(forms)| forms.iter());
    let callers = callers.map(SecretString::expose_secret);
    let callers = callers.filter(|form| form.len() >= shortest);
    let guarded = guarded.iter().flat_map(|forms| forms.iter());
    let forms: Vec<&str> = guarded
        .map(SecretString::expose_secret)
        .chain(callers)
        .collect();

    let mut clean = Cow::Borrowed(text);
    for form in &forms {
        if clean.contains(form) {
            clean = Cow::Owned(clean.replace(form, SCRUBBED));
        }
    }
    if escapes::may_escape(&clean) && !forms.is_empty() {
        let decoded = escapes::decode(&clean);
        let mut places: Vec<_> = forms.iter().flat_map(|form| decoded.find(form)).collect();
        places.sort_by_key(|place| (place.start, Reverse(place.end)));
        let mut scrubbed_to = 0;
        places.retain(|place| {
            let is_first = place.start >= scrubbed_to;
            scrubbed_to = scrubbed_to.max(place.end);
            is_first
        });
        for place in places.into_iter().rev() {
            clean.to_mut().replace_range(place, SCRUBBED);
        }
    }
    clean
}

/// Replaces the secrets in all texts of a JSON value, keys included.
pub fn scrub_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = scrub(text) {
                *text = clean;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(scrub_json),
        Value::Object(members) => {
            for (key, mut value) in std::mem::take(members) {
                scrub_json(&mut value);
                members.insert(scrub(&key).into_owned(), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_scrubbed_in_every_form_while_it_exists() {
        // The token is base64 for scrubbed-user:scrubbed-password.
        let token = "basic c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==";
        let texts = [
            "refused: basic c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==!",
            "no such token c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==",
            "login as scrubbed-user:scrubbed-password failed",
            "the password scrubbed-password is old",
        ];
        let guarded = Secret::of(token).guarded();
        for text in texts {
            let clean = scrub(text);
            assert!(clean.contains(SCRUBBED), "{clean}");
            assert!(!clean.contains("scrubbed-password"), "{clean}");
            assert!(!clean.contains("c2Nyd"), "{clean}");
        }
        assert_eq!(scrub("scrubbed-user pushed"), "scrubbed-user pushed");
        drop(guarded);
        assert_eq!(scrub(texts[3]), texts[3]);
    }

    #[tokio::test]
    async fn a_callers_secret_is_scrubbed_only_for_that_caller() {
        let text = "refused: callers-own-secret";
        let for_the_caller = async { scrub(text).into_owned() };
        let callers = within(Some(Secret::of("callers-own-secret")), for_the_caller);
        assert_eq!(callers.await, "refused: [secret]");
        assert_eq!(scrub(text), text);
    }

    #[test]
    fn keys_and_values_of_json_are_scrubbed() {
        let _guarded = Secret::of("a-secret-of-json").guarded();
        let mut value = json!({"x a-secret-of-json": ["a-secret-of-json", 1, {"a": "b"}]});
        scrub_json(&mut value);
        assert_eq!(value, json!({"x [secret]": ["[secret]", 1, {"a": "b"}]}));
    }

    #[test]
    fn a_secret_is_scrubbed_if_it_is_escaped_or_part_of_a_text_in_base64() {
        // The token is base64 for s+crubbed/user:s+crubbed/pass=word.
        let _guarded =
            Secret::of("basic cytjcnViYmVkL3VzZXI6cytjcnViYmVkL3Bhc3M9d29yZA==").guarded();
        for text in [
            "Basic%20cytjcnViYmVkL3VzZXI6cytjcnViYmVkL3Bhc3M9d29yZA%3D%3D",
            "cytjcnViYmVkL3VzZXI6cytjcnViYmVkL3Bhc3M9d29yZA&#61;&#x3d;",
            r"cytjcnViYmVkL3VzZXI6cytjcnViYmVkL3Bhc3M9d29yZA\u003d\u003d",
            "s%2Bcrubbed%2Fpass%3Dword",
            "s&#43;crubbed&#x2F;pass=word",
        ] {
            let clean = scrub(text);
            assert!(clean.contains(SCRUBBED), "{text}: {clean}");
            assert!(
                !clean.contains("word") && !clean.contains("d29yZA"),
                "{clean}"
            );
        }
        for before in ["", "x", "xy", "xyz"] {
            let text = STANDARD.encode(format!("{before}s+crubbed/pass=word{before}"));
            let clean = scrub(&text);
            assert!(clean.contains(SCRUBBED), "{before:?}: {clean}");
        }
    }

    #[tokio::test]
    async fn a_caller_cannot_remove_a_name_from_audit_lines_but_a_long_token_is_removed() {
        let in_audit = |text: &'static str| async move { scrub_in_audit(text).into_owned() };
        let within_callers = |token, text| within(Some(Secret::of(token)), in_audit(text));
        assert_eq!(
            within_callers("doorbell-operator", "doorbell-operator").await,
            "doorbell-operator"
        );
        let token = "basic c29tZWJvZHk6d2l0aC1hLXBhc3N3b3Jk";
        assert_eq!(
            within_callers(token, "c29tZWJvZHk6d2l0aC1hLXBhc3N3b3Jk").await,
            SCRUBBED
        );
    }

    #[test]
    fn a_text_that_is_too_short_for_a_secret_stays() {
        let _guarded = Secret::of("basic eDp5").guarded();
        assert_eq!(scrub("x:y is y"), "x:y is y");
        assert_eq!(scrub("basic eDp5"), SCRUBBED);
    }
}
