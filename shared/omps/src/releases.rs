//! The releases of a repository: the registry says which there are, and the ledger when they were pushed, and with which
//! bundles.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{ReleaseAnswer, ReleasedBundle, ReleasesAnswer};
use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::LedgerError;
use crate::ledger::{Millis, now};
use crate::registry::{Contents, Registry, Repository};
use crate::telemetry;

/// How many entries of the ledger are read at the same time.
const AT_ONCE: usize = 8;
/// How many entries of the ledger are read for one list.
const MOST_RECORDS: usize = 200;

/// What the ledger keeps of a release that was pushed. An entry without it is of an older omps, or of a push that found
/// somebody else's release.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The digest of what was pushed: what the registry has now may be something else.
    digest: String,
    /// When the registry had it for sure.
    pushed_at: Millis,
    /// Its bundles that are in the registry, oldest first.
    bundles: Option<Vec<ReleasedBundle>>,
}

impl Record {
    /// A release that was pushed just now; `content` is the digest of what has no image.
    pub(crate) fn new(contents: &Contents, content: &str) -> Self {
        let image = contents.image.as_deref();
        let digest = image.and_then(|image| image.split_once('@'));
        let bundles = contents.bundles.as_ref().map(|bundles| {
            let pushed = bundles.iter().filter(|bundle| bundle.image.is_some());
            pushed.map(ReleasedBundle::from).collect()
        });
        Record {
            digest: digest.map_or(content, |(_, digest)| digest).to_owned(),
            pushed_at: now(),
            bundles,
        }
    }

    /// As the ledger keeps it.
    pub(crate) fn into_outcome(self) -> Option<Value> {
        match serde_json::to_value(self) {
            Ok(record) => Some(record),
            Err(defect) => {
                tracing::error!(%defect, "what is known of a release cannot be written down");
                None
            }
        }
    }

    fn of(outcome: Value) -> Option<Self> {
        serde_json::from_value(outcome).ok()
    }
}

/// The digests of a release's bundles as the ledger knows them, oldest first.
///
/// # Errors
/// The ledger cannot be used.
pub(crate) async fn digests_of_bundles<R: Registry>(
    call: Call<'_>,
    of: &Repository,
    version: &str,
) -> Result<Vec<String>, LedgerError> {
    let key = call.release_key::<R>(of, version);
    let record = call.app.ledger.outcome(&key).await?.and_then(Record::of);
    let bundles = record.and_then(|record| record.bundles).unwrap_or_default();
    Ok(bundles.into_iter().map(|bundle| bundle.digest).collect())
}

/// Lists the releases of a repository, the highest number first.
///
/// # Errors
/// `QuayPackageNotFound`, when there are none.
pub(crate) async fn list<R: Registry>(
    call: Call<'_>,
    registry: &R,
    of: Repository,
) -> Result<ReleasesAnswer, Error> {
    telemetry::note("organization", of.organization.as_str());
    telemetry::note("repo", of.name.as_str());
    let listing = registry.list(&of).await;
    let listing = listing.map_err(|error| Error::listing(&of, &error))?;
    if listing.releases.is_empty() {
        return Err(Error::QuayPackageNotFound(format!(
            "Package {of} not found"
        )));
    }
    let is_cut = listing.is_cut || listing.releases.len() > MOST_RECORDS;
    let known = listing
        .releases
        .into_iter()
        .take(MOST_RECORDS)
        .map(|release| with_record::<R>(call, &of, release));
    let known: Vec<_> = known.collect();
    let releases = stream::iter(known).buffered(AT_ONCE).try_collect().await?;
    Ok(ReleasesAnswer {
        organization: of.organization,
        repo: of.name,
        releases,
        truncated: is_cut.then_some(true),
    })
}

/// A release with what the ledger knows of it, if that is of the same content.
async fn with_record<R: Registry>(
    call: Call<'_>,
    of: &Repository,
    release: ReleaseAnswer,
) -> Result<ReleaseAnswer, Error> {
    let key = call.release_key::<R>(of, &release.version);
    let outcome = call.app.ledger.outcome(&key).await?;
    let record = outcome.and_then(Record::of);
    let record = record.filter(|record| release.digest.as_ref() == Some(&record.digest));
    Ok(match record {
        None => release,
        Some(record) => ReleaseAnswer {
            pushed_at: written(record.pushed_at),
            bundles: record.bundles.or(release.bundles),
            ..release
        },
    })
}

/// A time as RFC 3339 has it, in whole seconds.
fn written(time: Millis) -> Option<String> {
    let seconds = i64::try_from(time / 1000).ok()?;
    DateTime::from_secs(seconds)
        .fmt(DateTimeFormat::DateTime)
        .ok()
}
