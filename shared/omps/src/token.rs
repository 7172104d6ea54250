//! A token: the value of an `Authorization` header. It must not appear anywhere else.

use std::fmt;

use http::HeaderValue;
use serde::{Deserialize, Deserializer, de};

use crate::telemetry::scrub::{Secret, basic_credentials};

/// The value of an `Authorization` header. Quay receives it unchanged.
#[derive(Clone)]
pub struct Token {
    header: HeaderValue,
    secret: Secret,
}

impl Token {
    /// A token from the header, as the client sent it.
    pub fn new(mut header: HeaderValue) -> Self {
        header.set_sensitive(true);
        let secret = Secret::of(&String::from_utf8_lossy(header.as_bytes()));
        Token { header, secret }
    }

    /// The texts that logs and answers must not contain.
    pub fn secret(&self) -> Secret {
        self.secret.clone()
    }

    /// The value for the header `Authorization` of a request.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The user name in a basic token. Logs may contain it.
    pub fn user(&self) -> Option<String> {
        Some(self.credentials()?.0)
    }

    /// The user name and the password in a basic token.
    pub fn credentials(&self) -> Option<(String, String)> {
        basic_credentials(self.header.to_str().ok()?)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Deserializes a token as Quay's login returns it: `basic …`.
///
/// # Errors
/// The text cannot be the value of a header. The message does not contain it.
pub fn quay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    token(deserializer, "quay_token", |text| text)
}

/// Deserializes an OAuth token of Quay, which is sent as `Bearer …`.
///
/// # Errors
/// The text cannot be the value of a header. The message does not contain it.
pub fn oauth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    token(deserializer, "oauth_token", |text| format!("Bearer {text}"))
}

fn token<'de, D: Deserializer<'de>>(
    deserializer: D,
    key: &str,
    header: impl Fn(String) -> String,
) -> Result<Option<Token>, D::Error> {
    // No message may contain the value. serde's own errors quote it, so they are not passed on.
    let wrong = || de::Error::custom(format!("{key} must be a text that a header can hold"));
    match serde_json::Value::deserialize(deserializer).map_err(|_| wrong())? {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) if !text.trim().is_empty() => {
            let header = HeaderValue::try_from(header(text.trim().to_owned()));
            let token = header.map(Token::new).map_err(|_| wrong())?;
            let secret = token.secret.guarded();
            Ok(Some(Token { secret, ..token }))
        }
        _ => Err(wrong()),
    }
}

/// The tokens of an organization. A secret contains them as a JSON object; its other keys are ignored.
#[derive(Debug, Default, Deserialize)]
pub struct Tokens {
    /// `oauth_token`: Quay's OAuth token, for making repositories public.
    #[serde(default, rename = "oauth_token", deserialize_with = "oauth")]
    pub oauth: Option<Token>,
    /// `quay_token`: a robot's `basic …`, for pushes by event.
    #[serde(default, rename = "quay_token", deserialize_with = "quay")]
    pub quay: Option<Token>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_name_of_a_basic_token_is_readable() {
        let token = |header| Token::new(HeaderValue::from_static(header));
        assert_eq!(
            token("Basic b3JnK3JvYm90OnNlY3JldA==").user().as_deref(),
            Some("org+robot")
        );
        assert_eq!(token("basic bm8tY29sb24=").user(), None);
        assert_eq!(token("Bearer b3JnK3JvYm90OnNlY3JldA==").user(), None);
        assert_eq!(format!("{:?}", token("basic eDp5")), "Token(…)");
    }
}
