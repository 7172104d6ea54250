//! The content of a Quay, so that a test can compare it with the pushes.

use serde::Serialize;

use super::Quay;
use super::pull::content_digest;
use super::store::Repository;

/// A repository with its releases.
#[derive(Debug, Serialize)]
pub struct Holding {
    pub organization: String,
    pub name: String,
    pub public: bool,
    /// The releases, in the order in which they were pushed.
    pub releases: Vec<HeldRelease>,
}

/// A release and its content.
#[derive(Debug, Serialize)]
pub struct HeldRelease {
    pub release: String,
    /// SHA-256 of the gunzipped archive, in hex.
    pub digest: String,
}

impl Quay {
    /// All repositories, in the order in which they were created.
    pub fn holdings(&self) -> Vec<Holding> {
        let store = self.service().store();
        store.of_namespace(None).map(Holding::of).collect()
    }
}

impl Holding {
    fn of(repository: &Repository) -> Self {
        let releases = repository.manifests.iter().map(|manifest| HeldRelease {
            release: manifest.release.clone(),
            digest: content_digest(manifest),
        });
        Self {
            organization: repository.name.namespace.clone(),
            name: repository.name.name.clone(),
            public: repository.public,
            releases: releases.collect(),
        }
    }
}
