//! Which release a push becomes: the one that was asked for, or the next free number.

use crate::call::Call;
use crate::error::Error;
use crate::ledger::{self, Millis};
use crate::registry::{Registry, Repository};
use crate::release::ReleaseVersion;

/// The number of a release, before it is reserved.
pub(super) enum Numbering {
    /// The version that was asked for: this one or none.
    Asked {
        /// The version.
        version: ReleaseVersion,
        /// Whether the registry did not have it; false, too, when it could not be asked.
        was_absent: bool,
    },
    /// The number after the highest release; where others take it first, one after it.
    Next {
        /// The first number to try.
        first: ReleaseVersion,
        /// When the registry listed its releases, which did not have that number.
        listed_at: Millis,
    },
}

impl Numbering {
    /// Reads the version that was asked for, or asks the registry for its releases.
    ///
    /// # Errors
    /// `OMPSInvalidVersionFormat`, and those of listing.
    pub(super) async fn find<R: Registry>(
        call: Call<'_>,
        registry: &R,
        repository: &Repository,
        asked: Option<&str>,
    ) -> Result<Self, Error> {
        if let Some(asked) = asked {
            let version = ReleaseVersion::parse(asked)?;
            let has = registry.has(repository, &version).await;
            return Ok(Numbering::Asked {
                version,
                was_absent: matches!(has, Ok(false)),
            });
        }
        let listed_at = ledger::now();
        let highest = registry.highest(repository).await;
        let highest = highest.map_err(|error| Error::listing(repository, &error))?;
        let first = highest.map_or_else(
            || call.app.config.default_release_version.clone(),
            |highest| highest.next_major(),
        );
        Ok(Numbering::Next { first, listed_at })
    }
}
