//! Keeps secrets out of what is written, logs and answers alike, even where another service echoes them.
//!
//! A token of an organization is kept out of everything for as long as the process holds it; a caller's token only out of
//! what is written for that caller, who else could blot words of their choice out of other people's logs.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::task::futures::TaskLocalFuture;

/// What stands in the place of a secret.
const SCRUBBED: &str = "[secret]";
/// The shortest text that is a secret: shorter ones stand in words that say something.
const SHORTEST: usize = 6;

/// The organizations' secrets that the process holds.
static GUARDED: RwLock<Vec<Weak<[SecretString]>>> = RwLock::new(Vec::new());

tokio::task_local! {
    static CALLERS: Option<Secret>;
}

/// A secret, in every form that gives it away.
#[derive(Clone)]
pub struct Secret(Arc<[SecretString]>);

impl Secret {
    /// The secret of a token: the value of an `Authorization` header.
    pub fn of(authorization: &str) -> Self {
        let forms = forms(authorization).into_iter();
        let forms = forms.filter(|form| form.len() >= SHORTEST);
        Secret(forms.map(SecretString::from).collect())
    }

    /// Keeps it out of everything that is written while it, or a clone of it, lives.
    pub fn guarded(self) -> Self {
        let mut guarded = GUARDED.write().unwrap_or_else(PoisonError::into_inner);
        guarded.retain(|forms| forms.strong_count() > 0);
        guarded.push(Arc::downgrade(&self.0));
        self
    }
}

/// Keeps a caller's secret out of what is written by some work.
pub fn within<F: Future>(secret: Option<Secret>, work: F) -> TaskLocalFuture<Option<Secret>, F> {
    CALLERS.scope(secret, work)
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

/// The text without secrets.
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

/// Takes secrets out of every text of a JSON value.
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
    async fn a_callers_secret_is_scrubbed_for_the_caller_alone() {
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
    fn what_is_too_short_to_be_a_secret_stays() {
        let _guarded = Secret::of("basic eDp5").guarded();
        assert_eq!(scrub("x:y is y"), "x:y is y");
        assert_eq!(scrub("basic eDp5"), SCRUBBED);
    }
}
