//! The times of deletions: in Quay's database the second is part of a unique key.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::store::PackageName;
use crate::stand_in::lock;

/// The package, the release and the second of its deletion.
#[derive(Default)]
pub(super) struct Deletions(Mutex<HashSet<(String, String, u64)>>);

impl Deletions {
    /// Records a deletion. Returns false if the key already exists.
    pub(super) fn note(&self, package: &PackageName, release: &str, now: SystemTime) -> bool {
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        lock(&self.0).insert((package.to_string(), release.to_owned(), second))
    }
}
