//! Tokens of organizations in AWS Secrets Manager: one secret for each organization. It is read again every few
//! minutes, so that a rotated token needs no deployment.

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

/// How long the tokens are used before the secret is read again.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// A client of Secrets Manager, with a cache of the tokens of each organization.
pub(crate) struct SecretsManager {
    prefix: String,
    aws: Arc<Aws>,
    client: OnceCell<Client>,
    organizations: Mutex<HashMap<OrganizationName, Arc<CacheSlot>>>,
}

/// The cached tokens of one organization. It is locked while the secret is read, so that many requests read it only
/// once.
type CacheSlot = AsyncMutex<Option<CachedTokens>>;

struct CachedTokens {
    tokens: Arc<Tokens>,
    read_at: Instant,
}

impl CachedTokens {
    fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < TIME_TO_LIVE
    }
}

/// A call to Secrets Manager failed, or a secret is not valid. This differs from an organization without a token.
#[derive(Debug, thiserror::Error)]
#[error("The tokens of organization {organization} cannot be read: {problem}")]
pub struct SecretsError {
    organization: OrganizationName,
    problem: String,
}

impl SecretsManager {
    /// A client for the secrets `<prefix>/<organization>`.
    pub(crate) fn new(prefix: &str, aws: Arc<Aws>) -> Self {
        SecretsManager {
            prefix: prefix.to_owned(),
            aws,
            client: OnceCell::new(),
            organizations: Mutex::default(),
        }
    }

    /// The tokens of an organization; no tokens if it has no secret.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub(crate) async fn tokens(
        &self,
        organization: &OrganizationName,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        self.read_unless(organization, deadline, CachedTokens::is_fresh)
            .await
    }

    /// The tokens of an organization after Quay refused one of `refused`. The secret is read again, unless another
    /// request has already done so.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub(crate) async fn renewed(
        &self,
        organization: &OrganizationName,
        refused: &Arc<Tokens>,
        deadline: Deadline,
    ) -> Result<Arc<Tokens>, SecretsError> {
        self.read_unless(organization, deadline, |cached| {
            !Arc::ptr_eq(&cached.tokens, refused) && cached.is_fresh()
        })
        .await
    }

    async fn read_unless(
        &self,
        organization: &OrganizationName,
        deadline: Deadline,
        is_usable: impl Fn(&CachedTokens) -> bool,
    ) -> Result<Arc<Tokens>, SecretsError> {
        let slot = self.slot(organization);
        let read = async {
            let mut slot = slot.lock().await;
            if let Some(cached) = slot.as_ref().filter(|cached| is_usable(cached)) {
                return Ok(cached.tokens.clone());
            }
            *slot = None;
            // Boxed: otherwise every push's future would contain the SDK's large future.
            let read = Box::pin(self.read(organization)).await?;
            // A missing secret is not cached, because somebody may create it at any time.
            *slot = read.clone().map(|tokens| CachedTokens {
                tokens,
                read_at: Instant::now(),
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

    /// The cache slot of an organization. Empty slots are removed, because callers can invent any number of names.
    fn slot(&self, organization: &OrganizationName) -> Arc<CacheSlot> {
        let mut slots = self
            .organizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        slots.retain(|name, slot| {
            name == organization
                || Arc::strong_count(slot) > 1
                || slot.try_lock().is_ok_and(|cached| cached.is_some())
        });
        slots.entry(organization.clone()).or_default().clone()
    }

    /// Reads the secret of an organization. `None` if it does not exist.
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
                tracing::error!(secret, %cause, "a call to Secrets Manager failed");
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

/// Reads the tokens from a secret. The error does not contain any text of the secret.
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
    fn a_secret_may_have_either_token_and_other_keys() {
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
    fn a_secret_that_is_not_valid_is_refused_and_not_quoted() {
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
