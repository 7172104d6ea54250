//! A token: the value of an `Authorization` header, and seen nowhere else.

use std::fmt;

use http::HeaderValue;
use serde::{Deserialize, Deserializer, de};

use crate::telemetry::scrub::{Secret, basic_credentials};

/// The value of an `Authorization` header, handed to Quay unchanged.
#[derive(Clone)]
pub struct Token {
    header: HeaderValue,
    secret: Secret,
}

impl Token {
    /// Takes the header as it came.
    pub fn new(mut header: HeaderValue) -> Self {
        header.set_sensitive(true);
        let secret = Secret::of(&String::from_utf8_lossy(header.as_bytes()));
        Token { header, secret }
    }

    /// What must not be seen of it.
    pub fn secret(&self) -> Secret {
        self.secret.clone()
    }

    /// What a request carries.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The user of a basic token, who may be named in logs.
    pub fn user(&self) -> Option<String> {
        Some(basic_credentials(self.header.to_str().ok()?)?.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Reads a token as Quay's login gives it: `basic …`.
///
/// # Errors
/// A text that no header can hold. The message does not tell it.
pub fn quay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    token(deserializer, "quay_token", |text| text)
}

/// Reads an OAuth token of Quay, which is sent as `Bearer …`.
///
/// # Errors
/// A text that no header can hold. The message does not tell it.
pub fn oauth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Token>, D::Error> {
    token(deserializer, "oauth_token", |text| format!("Bearer {text}"))
}

fn token<'de, D: Deserializer<'de>>(
    deserializer: D,
    key: &str,
    header: impl Fn(String) -> String,
) -> Result<Option<Token>, D::Error> {
    // Whatever it is, it is not to stand in a message: no error of serde's own, which quotes it.
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

/// What an organization publishes and pushes with. A secret is this as JSON; other keys in it mean nothing.
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
    fn the_user_of_a_basic_token_may_be_named_and_nothing_else() {
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
