//! Making a public organization's repository public, once the registry has confirmed the caller's right to push.

use crate::api::PartlyDone;
use crate::call::Call;
use crate::error::Error;
use crate::names::OrganizationName;
use crate::oauth::OAuth;
use crate::registry::{Registry, Repository};
use crate::secrets::SecretsError;
use crate::token::Token;

/// Whether repositories are to become public, and with which token.
pub(crate) struct Visibility(OAuth);

impl Visibility {
    /// Finds out before anything is pushed: a release whose publishing cannot be tried is half a release.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub(crate) async fn of(call: Call<'_>, name: &OrganizationName) -> Result<Self, SecretsError> {
        let wanted = call.app.organization(name).public;
        OAuth::of(call, name, wanted).await.map(Visibility)
    }

    /// Whether repositories are to become public, and can.
    pub(crate) fn is_possible(&self) -> bool {
        self.oauth().is_some()
    }

    /// What repositories are made public with.
    pub(crate) fn oauth(&self) -> Option<&Token> {
        self.0.token()
    }

    /// What every push to the organization leaves undone.
    pub(crate) fn left_undone(&self, name: &OrganizationName) -> Vec<String> {
        match &self.0 {
            OAuth::Missing => vec![format!(
                "Organization {name} is public but has no OAuth token: the repository was left as it is"
            )],
            OAuth::Unneeded | OAuth::Given(..) => Vec::new(),
        }
    }

    /// Makes the repository public. To be called only once the registry has confirmed that the caller may push to it:
    /// the organization's own token acts here. What is left undone without being a failure is a warning.
    ///
    /// # Errors
    /// One that says what was `done` all the same.
    pub(crate) async fn make_public<R: Registry>(
        &self,
        call: Call<'_>,
        registry: &R,
        repository: &Repository,
        done: PartlyDone,
    ) -> Result<Vec<String>, Error> {
        let name = &repository.organization;
        let Some(oauth) = self.oauth() else {
            return Ok(self.left_undone(name));
        };
        let mut published = registry.publish(repository, oauth).await;
        if let Some(oauth) = self.0.after(&published, call, name).await {
            published = registry.publish(repository, &oauth).await;
        }
        published
            .map(|()| Vec::new())
            .map_err(|error| Error::changing(&error, done))
    }
}
