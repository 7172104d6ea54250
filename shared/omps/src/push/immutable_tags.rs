//! Having Quay refuse to replace an organization's tags, once it has confirmed the caller's right to push. The ledger keeps
//! every push of ours from replacing a release; this keeps everybody else's from it.

use crate::call::Call;
use crate::names::OrganizationName;
use crate::oauth::OAuth;
use crate::registry::{Registry, Repository};
use crate::secrets::SecretsError;

/// Whether tags are to become immutable, and with which token.
pub(super) struct ImmutableTags(OAuth);

impl ImmutableTags {
    /// Finds out before anything is pushed.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub(super) async fn of(call: Call<'_>, name: &OrganizationName) -> Result<Self, SecretsError> {
        let wanted = call.app.organization(name).immutable_tags;
        OAuth::of(call, name, wanted).await.map(ImmutableTags)
    }

    /// Whether tags are to become immutable, and can.
    pub(super) fn are_possible(&self) -> bool {
        self.0.token().is_some()
    }

    /// What every push to the organization leaves undone.
    pub(super) fn left_undone(&self, name: &OrganizationName) -> Vec<String> {
        match &self.0 {
            OAuth::Missing => vec![format!(
                "Organization {name} has immutable_tags but no OAuth token: tags can be replaced"
            )],
            OAuth::Unneeded | OAuth::Given(..) => Vec::new(),
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
        let Some(oauth) = self.0.token() else {
            return self.left_undone(name);
        };
        let mut protected = registry.make_tags_immutable(repository, oauth).await;
        if let Some(oauth) = self.0.after(&protected, call, name).await {
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
