//! Removes secrets from logs and answers, even if another service repeated them.
//!
//! A token of an organization is removed from everything while the process has it. A caller's token is removed only
//! from what is written for that caller; otherwise a caller could use any word as a token and remove it from all logs.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::task::futures::TaskLocalFuture;

/// The text that replaces a secret.
const SCRUBBED: &str = "[secret]";
/// The shortest secret, in bytes. A shorter text could be part of ordinary words.
const SHORTEST: usize = 6;

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
        let forms = forms(authorization).into_iter();
        let forms = forms.filter(|form| form.len() >= SHORTEST);
        Secret(forms.map(SecretString::from).collect())
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

/// The forms that reveal a secret: the whole value, the part after the scheme, and the password of a basic token. The
/// longest form is first, so that it is replaced as a whole.
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
    let mut clean = Cow::Borrowed(text);
    let guarded = GUARDED.read().unwrap_or_else(PoisonError::into_inner);
    let callers = CALLERS.try_with(Clone::clone).ok().flatten();
    let guarded = guarded.iter().filter_map(Weak::upgrade);
    for forms in guarded.chain(callers.map(|secret| secret.0)) {
        for form in forms.iter().map(SecretString::expose_secret) {
            if clean.contains(form) {
                clean = Cow::Owned(clean.replace(form, SCRUBBED));
            }
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
    fn a_text_that_is_too_short_for_a_secret_stays() {
        let _guarded = Secret::of("basic eDp5").guarded();
        assert_eq!(scrub("x:y is y"), "x:y is y");
        assert_eq!(scrub("basic eDp5"), SCRUBBED);
    }
}
