//! What an answer says of a catalog.

use omps_operator::catalog::Merged;

use super::work::Work;
use super::{Catalog, CatalogError, Updated, folding};
use crate::api::CatalogAnswer;
use crate::registry::RegistryError;

impl Catalog<'_> {
    /// What an answer says before anything happens.
    pub(crate) fn foreseen(&self, merged: Merged) -> CatalogAnswer {
        CatalogAnswer {
            added: Some(merged.added),
            heads: Some(folding::heads(&merged.package)),
            warnings: Some(merged.warnings.into_iter().map(Into::into).collect()),
            package: Some(merged.package.name().to_owned()),
            ..self.not_updated("dry run")
        }
    }

    /// What an answer says of a catalog that was not updated.
    pub(crate) fn not_updated(&self, reason: impl Into<String>) -> CatalogAnswer {
        CatalogAnswer {
            updated: Some(false),
            image: Some(self.name.clone()),
            reason: Some(reason.into()),
            ..CatalogAnswer::default()
        }
    }

    /// What an answer says of an update; `mine` is what was asked for.
    pub(super) fn answer(&self, package: &str, mine: &[Work], updated: Updated) -> CatalogAnswer {
        let left = updated.folded.why_left(mine);
        let mut answer = CatalogAnswer {
            updated: Some(left.is_none()),
            image: Some(self.name.clone()),
            digest: updated.digest,
            changed_outside: updated.changed_outside.then_some(true),
            pending: left.is_some().then_some(true),
            reason: left,
            ..CatalogAnswer::default()
        };
        updated.folded.describe(package, &mut answer);
        answer
    }

    /// What an answer says where there was none.
    pub(super) fn failed(&self, package: &str, error: &CatalogError) -> CatalogAnswer {
        let reason = match error {
            CatalogError::Registry(RegistryError::Refused(_)) => {
                format!("the token may not write {}: {error}", self.repository)
            }
            _ => format!("{}: {error}", self.name),
        };
        CatalogAnswer {
            package: Some(package.to_owned()),
            pending: Some(true),
            ..self.not_updated(reason)
        }
    }
}
