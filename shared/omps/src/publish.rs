//! Making a public organization's repository public, once the release is there.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::app::App;
use crate::error::Error;
use crate::names::OrganizationName;
use crate::registry::{Registry, RegistryError, Repository};
use crate::release::ReleaseVersion;
use crate::secrets::{SecretsError, Tokens};
use crate::token::Token;
use crate::upstream::Deadline;

/// What an organization wants of its repositories' visibility, and has for it.
pub enum Publishing {
    /// They stay private.
    Unwanted,
    /// They should be public, but the organization has no OAuth token.
    Impossible,
    /// They become public with the OAuth token.
    With(Token, Arc<Tokens>),
}

impl Publishing {
    /// Finds out before anything is pushed: a release whose publishing cannot be tried is half a release.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub async fn of(
        app: &App,
        name: &OrganizationName,
        deadline: Deadline,
    ) -> Result<Self, SecretsError> {
        if !app.organization(name).public {
            return Ok(Publishing::Unwanted);
        }
        let tokens = app.tokens(name, deadline).await?;
        Ok(match tokens.oauth.clone() {
            None => Publishing::Impossible,
            Some(oauth) => Publishing::With(oauth, tokens),
        })
    }

    /// Whether repositories are to become public, and can.
    pub fn is_possible(&self) -> bool {
        matches!(self, Publishing::With(..))
    }

    /// Makes the repository public. What stands in the way without being a failure is a warning.
    ///
    /// # Errors
    /// One that says that the release was pushed all the same.
    pub async fn publish(
        self,
        app: &App,
        registry: &Registry,
        repository: &Repository,
        version: &ReleaseVersion,
        deadline: Deadline,
    ) -> Result<Vec<String>, Error> {
        let name = &repository.organization;
        let published = match self {
            Publishing::Unwanted => Ok(()),
            Publishing::Impossible => {
                return Ok(vec![format!(
                    "Organization {name} is public but has no OAuth token: the repository was left as it is"
                )]);
            }
            Publishing::With(oauth, tokens) => match registry.publish(repository, &oauth).await {
                Err(error @ RegistryError::Refused(_)) => {
                    match rotated(app, name, &tokens, deadline).await {
                        Some(oauth) => registry.publish(repository, &oauth).await,
                        None => Err(error),
                    }
                }
                published => published,
            },
        };
        published.map(|()| Vec::new()).map_err(|error| {
            let pushed = [
                ("pushed".to_owned(), json!(true)),
                ("version".to_owned(), json!(version.as_str())),
            ];
            Error::changing(&error, Map::from_iter(pushed))
        })
    }
}

/// The OAuth token that took the place of one that Quay refused, if there is one by now.
async fn rotated(
    app: &App,
    name: &OrganizationName,
    refused: &Arc<Tokens>,
    deadline: Deadline,
) -> Option<Token> {
    // That it cannot be read now is logged there; here, Quay's refusal is what there is to say.
    let renewed = app.renewed_tokens(name, refused, deadline).await.ok()?;
    let oauth = renewed.oauth.clone()?;
    (!Arc::ptr_eq(&renewed, refused)).then_some(oauth)
}
