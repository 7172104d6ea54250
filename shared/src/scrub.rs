//! Keeps secrets out of what is written, logs and answers alike, even where another service echoes them: whoever holds a
//! secret guards it for as long as it is held.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands in the place of a secret.
const SCRUBBED: &str = "[secret]";
/// The shortest text that is a secret: shorter ones stand in words that say something.
const SHORTEST: usize = 6;

/// The secrets in use by the process.
static GUARDED: RwLock<Vec<Weak<[SecretString]>>> = RwLock::new(Vec::new());

/// A secret that is kept out of logs and answers while this, or a clone of it, lives.
#[derive(Clone)]
pub struct Guard(#[expect(dead_code, reason = "held, not read")] Arc<[SecretString]>);

/// Guards a secret: a token, or the value of an `Authorization` header.
pub fn guard(secret: &str) -> Guard {
    let forms: Arc<[SecretString]> = forms(secret)
        .into_iter()
        .filter(|form| form.len() >= SHORTEST)
        .map(SecretString::from)
        .collect();
    let mut guarded = GUARDED.write().unwrap_or_else(PoisonError::into_inner);
    guarded.retain(|forms| forms.strong_count() > 0);
    guarded.push(Arc::downgrade(&forms));
    Guard(forms)
}

/// What gives a secret away: itself, what follows the scheme, and the password of a basic token. Longest first, so that
/// nothing is left of the longer ones.
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

/// User and password in the value of an `Authorization` header, when it is a basic token.
pub fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let decoded = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| STANDARD.decode(encoded.trim()).ok())??;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The text without the secrets in use.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let mut clean = Cow::Borrowed(text);
    let guarded = GUARDED.read().unwrap_or_else(PoisonError::into_inner);
    for forms in guarded.iter().filter_map(Weak::upgrade) {
        for form in forms.iter().map(SecretString::expose_secret) {
            if clean.contains(form) {
                clean = Cow::Owned(clean.replace(form, SCRUBBED));
            }
        }
    }
    clean
}

/// Takes the secrets in use out of every text of a JSON value.
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
    fn a_secret_is_scrubbed_in_every_form_while_it_is_held() {
        // The token is base64 for scrubbed-user:scrubbed-password.
        let token = "basic c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==";
        let texts = [
            "refused: basic c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==!",
            "no such token c2NydWJiZWQtdXNlcjpzY3J1YmJlZC1wYXNzd29yZA==",
            "login as scrubbed-user:scrubbed-password failed",
            "the password scrubbed-password is old",
        ];
        let guarded = guard(token);
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

    #[test]
    fn keys_and_values_of_json_are_scrubbed() {
        let _guarded = guard("a-secret-of-json");
        let mut value = json!({"x a-secret-of-json": ["a-secret-of-json", 1, {"a": "b"}]});
        scrub_json(&mut value);
        assert_eq!(value, json!({"x [secret]": ["[secret]", 1, {"a": "b"}]}));
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_stays() {
        let _guarded = guard("basic eDp5");
        assert_eq!(scrub("x:y is y"), "x:y is y");
        assert_eq!(scrub("basic eDp5"), SCRUBBED);
    }
}
