//! Having Quay refuse to replace an organization's tags, once it has confirmed the caller's right to push. The ledger keeps
//! every push of ours from replacing a release; this keeps everybody else's from it.

use std::sync::Arc;

use crate::call::Call;
use crate::names::OrganizationName;
use crate::registry::{Registry, RegistryError, Repository};
use crate::secrets::SecretsError;
use crate::token::{Token, Tokens};

use super::visibility::rotated;

/// What an organization wants of its repositories' tags, and has for it.
pub(super) enum ImmutableTags {
    /// They stay as they are.
    Unchanged,
    /// They should be immutable, but the organization has no OAuth token.
    Impossible,
    /// They become immutable with the OAuth token.
    Wanted(Token, Arc<Tokens>),
}

impl ImmutableTags {
    /// Finds out before anything is pushed.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub(super) async fn of(call: Call<'_>, name: &OrganizationName) -> Result<Self, SecretsError> {
        if !call.app.organization(name).immutable_tags {
            return Ok(ImmutableTags::Unchanged);
        }
        let tokens = call.tokens(name).await?;
        Ok(match tokens.oauth.clone() {
            None => ImmutableTags::Impossible,
            Some(oauth) => ImmutableTags::Wanted(oauth, tokens),
        })
    }

    /// Whether tags are to become immutable, and can.
    pub(super) fn are_possible(&self) -> bool {
        matches!(self, ImmutableTags::Wanted(..))
    }

    /// What every push to the organization leaves undone.
    pub(super) fn left_undone(&self, name: &OrganizationName) -> Vec<String> {
        match self {
            ImmutableTags::Impossible => vec![format!(
                "Organization {name} has immutable_tags but no OAuth token: tags can be replaced"
            )],
            ImmutableTags::Unchanged | ImmutableTags::Wanted(..) => Vec::new(),
        }
    }

    /// Makes the repository's tags immutable. To be called only once the registry has confirmed that the caller may push to
    /// it: the organization's own token acts here. A failure is a warning: what the ledger ensures holds without it, and the
    /// next push tries again.
    pub(super) async fn protect<R: Registry>(
        &self,
        call: Call<'_>,
        registry: &R,
        repository: &Repository,
    ) -> Vec<String> {
        let name = &repository.organization;
        let (oauth, tokens) = match self {
            ImmutableTags::Unchanged | ImmutableTags::Impossible => return self.left_undone(name),
            ImmutableTags::Wanted(oauth, tokens) => (oauth, tokens),
        };
        let mut protected = registry.make_tags_immutable(repository, oauth).await;
        if let Err(RegistryError::Refused(_)) = &protected
            && let Some(oauth) = rotated(call, name, tokens).await
        {
            protected = registry.make_tags_immutable(repository, &oauth).await;
        }
        let Err(error) = protected else {
            return Vec::new();
        };
        let reason = error.words();
        tracing::warn!(reason, "the tags of the repository can be replaced");
        vec![format!(
            "The tags of {repository} could not be made immutable, and can be replaced: {reason}"
        )]
    }
}
