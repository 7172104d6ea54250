//! Making a public organization's repository public, once the registry has confirmed the caller's right to push.

use std::sync::Arc;

use crate::api::PartlyDone;
use crate::call::Call;
use crate::error::Error;
use crate::names::OrganizationName;
use crate::registry::{Registry, RegistryError, Repository};
use crate::secrets::SecretsError;
use crate::token::{Token, Tokens};

/// What an organization wants of its repositories' visibility, and has for it.
pub(super) enum Visibility {
    /// They stay as they are.
    Unchanged,
    /// They should be public, but the organization has no OAuth token.
    Impossible,
    /// They become public with the OAuth token.
    Public(Token, Arc<Tokens>),
}

impl Visibility {
    /// Finds out before anything is pushed: a release whose publishing cannot be tried is half a release.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub(super) async fn of(call: Call<'_>, name: &OrganizationName) -> Result<Self, SecretsError> {
        if !call.app.organization(name).public {
            return Ok(Visibility::Unchanged);
        }
        let tokens = call.tokens(name).await?;
        Ok(match tokens.oauth.clone() {
            None => Visibility::Impossible,
            Some(oauth) => Visibility::Public(oauth, tokens),
        })
    }

    /// Whether repositories are to become public, and can.
    pub(super) fn is_possible(&self) -> bool {
        self.oauth().is_some()
    }

    /// What repositories are made public with.
    pub(super) fn oauth(&self) -> Option<&Token> {
        match self {
            Visibility::Public(oauth, _) => Some(oauth),
            Visibility::Unchanged | Visibility::Impossible => None,
        }
    }

    /// What every push to the organization leaves undone.
    pub(super) fn left_undone(&self, name: &OrganizationName) -> Vec<String> {
        match self {
            Visibility::Impossible => vec![format!(
                "Organization {name} is public but has no OAuth token: the repository was left as it is"
            )],
            Visibility::Unchanged | Visibility::Public(..) => Vec::new(),
        }
    }

    /// Makes the repository public. To be called only once the registry has confirmed that the caller may push to it:
    /// the organization's own token acts here. What is left undone without being a failure is a warning.
    ///
    /// # Errors
    /// One that says what was `done` all the same.
    pub(super) async fn make_public<R: Registry>(
        &self,
        call: Call<'_>,
        registry: &R,
        repository: &Repository,
        done: PartlyDone,
    ) -> Result<Vec<String>, Error> {
        let name = &repository.organization;
        let (oauth, tokens) = match self {
            Visibility::Unchanged | Visibility::Impossible => return Ok(self.left_undone(name)),
            Visibility::Public(oauth, tokens) => (oauth, tokens),
        };
        let mut published = registry.publish(repository, oauth).await;
        if let Err(RegistryError::Refused(_)) = &published
            && let Some(oauth) = rotated(call, name, tokens).await
        {
            published = registry.publish(repository, &oauth).await;
        }
        published
            .map(|()| Vec::new())
            .map_err(|error| Error::changing(&error, done))
    }
}

/// The OAuth token that took the place of one that Quay refused, if there is one by now.
pub(super) async fn rotated(
    call: Call<'_>,
    name: &OrganizationName,
    refused: &Arc<Tokens>,
) -> Option<Token> {
    // That it cannot be read now is logged there; here, Quay's refusal is what there is to say.
    let renewed = call.renewed_tokens(name, refused).await.ok()?;
    let oauth = renewed.oauth.clone()?;
    (!Arc::ptr_eq(&renewed, refused)).then_some(oauth)
}
