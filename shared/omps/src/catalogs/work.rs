//! Work that a catalog waits for: a release to be taken in, or one to be taken out, as the ledger keeps it.

use std::collections::BTreeSet;

use omps_operator::catalog::Upload;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::PendingAnswer;
use crate::release::ReleaseVersion;

/// Something that is to be done for a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub(crate) enum Work {
    /// To take a release in.
    Release {
        /// Its repository.
        repo: String,
        /// Its number.
        version: String,
    },
    /// To take the newest bundle of a deleted release out.
    Delete(Deletion),
}

/// A release that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletion {
    /// Its repository.
    pub(crate) repo: String,
    /// Its number.
    pub(crate) version: String,
    /// Its package.
    pub(crate) package: String,
    /// The digest of its newest bundle.
    pub(crate) bundle: String,
    /// The digests under which the catalog may have that bundle.
    pub(crate) images: Vec<String>,
}

/// Work, and what is known of the release already.
#[derive(Clone)]
pub(crate) struct Job {
    /// What is to be done.
    pub(crate) work: Work,
    /// What the release brings; nothing where that is to be read from the registry.
    pub(crate) upload: Option<Upload>,
}

/// What is to be done in one image.
#[derive(Default)]
pub(super) struct Task {
    /// Packages that begin anew.
    pub(super) fresh: Vec<String>,
    /// What is then folded in, in this order.
    pub(super) jobs: Vec<Job>,
}

/// Work that a catalog could not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// The work.
    pub(crate) work: Work,
    /// Why, for people.
    pub(crate) reason: String,
}

impl Work {
    /// As the ledger keeps it.
    pub(super) fn written(&self) -> Value {
        // A map of texts: it cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(super) fn repo(&self) -> &str {
        match self {
            Work::Release { repo, .. } => repo,
            Work::Delete(deletion) => &deletion.repo,
        }
    }

    pub(super) fn version(&self) -> &str {
        match self {
            Work::Release { version, .. } => version,
            Work::Delete(deletion) => &deletion.version,
        }
    }

    /// As an answer has it.
    pub(super) fn pending(&self, reason: Option<&str>) -> PendingAnswer {
        PendingAnswer {
            action: match self {
                Work::Release { .. } => "release",
                Work::Delete(_) => "delete",
            },
            repo: self.repo().to_owned(),
            version: self.version().to_owned(),
            reason: reason.map(str::to_owned),
        }
    }
}

/// The pending work that this omps can read: one of another version may have written more.
pub(super) fn read(pending: &[Value]) -> impl Iterator<Item = Work> {
    let pending = pending.iter().cloned();
    pending.filter_map(|item| serde_json::from_value(item).ok())
}

/// These jobs, what is pending, and what was refused before for the same repositories: the older release of a repository
/// first, so that a newer one does not meet a gap.
pub(super) fn in_order(mut jobs: Vec<Job>, pending: &[Value], refused: &[Refused]) -> Vec<Job> {
    let mut known: Vec<Work> = jobs.iter().map(|job| job.work.clone()).collect();
    let mut others: Vec<Work> = read(pending).collect();
    let repositories: BTreeSet<&str> = known.iter().chain(&others).map(Work::repo).collect();
    let again = refused.iter().map(|refused| &refused.work);
    let again = again.filter(|work| repositories.contains(work.repo()));
    let again: Vec<Work> = again.cloned().collect();
    others.extend(again);
    for work in others {
        if !known.contains(&work) {
            known.push(work.clone());
            jobs.push(Job { work, upload: None });
        }
    }
    jobs.sort_by_cached_key(|job| {
        let version = ReleaseVersion::parse(job.work.version()).ok();
        (job.work.repo().to_owned(), version)
    });
    jobs
}
