//! Tokens of organizations in AWS Secrets Manager: one secret an organization, read again every few minutes, so that a
//! rotated token needs no deployment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{DisplayErrorContext, ProvideErrorMetadata};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use tokio::time::timeout;

use crate::aws::Aws;
use crate::deadline::Deadline;
use crate::names::OrganizationName;
use crate::token::Tokens;

/// How long a secret is used before it is read again.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// Secrets Manager, and what it said last about each organization.
pub struct SecretsManager {
    prefix: String,
    aws: Arc<Aws>,
    client: OnceCell<Client>,
    organizations: Mutex<HashMap<OrganizationName, Arc<Entry>>>,
}

/// Locked while the secret is read: however many wait for it, it is read once.
type Entry = AsyncMutex<Option<Reading>>;

struct Reading {
    tokens: Arc<Tokens>,
    at: Instant,
}

impl Reading {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < TIME_TO_LIVE
    }
}

/// Secrets Manager could not be asked, or its secret cannot be read. That is not "no token".
#[derive(Debug, thiserror::Error)]
#[error("The tokens of organization {organization} cannot be read: {problem}")]
pub struct SecretsError {
    organization: OrganizationName,
    problem: String,
}

impl SecretsManager {
    /// The secrets `<prefix>/<organization>`.
    pub fn new(prefix: &str, aws: Arc<Aws>) -> Self {
        SecretsManager {
            prefix: prefix.to_owned(),
            aws,
            client: OnceCell::new(),
            organizations: Mutex::default(),
        }
    }

    /// The tokens of an organization; none when it has no secret.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub async fn tokens(
        &self,
        organization: &OrganizationName,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        self.read_unless(organization, deadline, Reading::is_fresh)
            .await
    }

    /// The tokens of an organization after Quay refused one of `refused`: read again, unless another request just did.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub async fn renewed(
        &self,
        organization: &OrganizationName,
        refused: &Arc<Tokens>,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        self.read_unless(organization, deadline, |reading| {
            !Arc::ptr_eq(&reading.tokens, refused) && reading.is_fresh()
        })
        .await
    }

    async fn read_unless(
        &self,
        organization: &OrganizationName,
        deadline: Deadline,
        is_good: impl Fn(&Reading) -> bool,
    ) -> Result<Arc<Tokens>, SecretsError> {
        let entry = self.entry(organization);
        let read = async {
            let mut last = entry.lock().await;
            if let Some(reading) = last.as_ref().filter(|reading| is_good(reading)) {
                return Ok(reading.tokens.clone());
            }
            *last = None;
            // Boxed: the SDK's future is large, and every push would carry it.
            let read = Box::pin(self.read(organization)).await?;
            // That there is no secret is not remembered: it may be made any moment.
            *last = read.clone().map(|tokens| Reading {
                tokens,
                at: Instant::now(),
            });
            Ok(read.unwrap_or_default())
        };
        timeout(deadline.left(), read)
            .await
            .unwrap_or_else(|_| Err("Secrets Manager did not answer in time".to_owned()))
            .map_err(|problem| SecretsError {
                organization: organization.clone(),
                problem,
            })
    }

    /// An organization's entry. Those that hold nothing go: callers can make up any number of names.
    fn entry(&self, organization: &OrganizationName) -> Arc<Entry> {
        let mut entries = self
            .organizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries.retain(|name, entry| {
            name == organization
                || Arc::strong_count(entry) > 1
                || entry.try_lock().is_ok_and(|reading| reading.is_some())
        });
        entries.entry(organization.clone()).or_default().clone()
    }

    /// Reads an organization's secret. `None` when there is none.
    async fn read(&self, organization: &OrganizationName) -> Result<Option<Arc<Tokens>>, String> {
        let connect = async || Client::new(self.aws.config().await);
        let client = self.client.get_or_init(connect).await;
        let secret = format!("{}/{organization}", self.prefix);
        let answer = client.get_secret_value().secret_id(&secret).send().await;
        match answer {
            Ok(answer) => tokens_in(answer.secret_string().unwrap_or_default()).map(Some),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => {
                let (code, cause) = (error.code(), DisplayErrorContext(&error));
                tracing::error!(secret, %cause, "Secrets Manager could not be asked");
                Err(format!(
                    "Secrets Manager {}",
                    code.map_or("could not be reached".to_owned(), |code| format!(
                        "answered {code}"
                    ))
                ))
            }
        }
    }
}

/// Reads a secret. What is wrong with it is told without a word of it.
fn tokens_in(secret: &str) -> Result<Arc<Tokens>, String> {
    let object = serde_json::from_str(secret).unwrap_or_default();
    match object {
        Value::Object(_) => serde_json::from_value(object)
            .map(Arc::new)
            .map_err(|error| format!("in its secret, {error}")),
        _ => Err("its secret is not a JSON object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    #[test]
    fn a_secret_may_hold_either_token_and_anything_else() {
        let tokens = |secret| {
            let tokens: Arc<Tokens> = tokens_in(secret).unwrap();
            let header = |token: &Option<Token>| token.as_ref().map(Token::header);
            (header(&tokens.oauth), header(&tokens.quay))
        };
        let value = |text| Some(http::HeaderValue::from_static(text));
        assert_eq!(tokens("{}"), (None, None));
        assert_eq!(
            tokens(r#"{"oauth_token": "abc", "note": 1}"#),
            (value("Bearer abc"), None)
        );
        assert_eq!(
            tokens(r#"{"oauth_token": null, "quay_token": "basic eDp5\n"}"#),
            (None, value("basic eDp5"))
        );
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_refused_without_telling_it() {
        let not_an_object = "its secret is not a JSON object";
        let cases = [
            ("", not_an_object),
            ("hush-hush", not_an_object),
            (r#""hush-hush""#, not_an_object),
            (
                r#"{"oauth_token": ["hush-hush"]}"#,
                "in its secret, oauth_token must be a text that a header can hold",
            ),
            (
                r#"{"quay_token": "hush\nhush"}"#,
                "in its secret, quay_token must be a text that a header can hold",
            ),
        ];
        for (secret, problem) in cases {
            assert_eq!(tokens_in(secret).unwrap_err(), problem, "{secret}");
        }
    }
}
