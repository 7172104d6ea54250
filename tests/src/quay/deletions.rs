//! When releases were deleted: Quay has the second in a unique key.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::store::PackageName;
use crate::stand_in::lock;

/// Package, release and the second of its deletion.
#[derive(Default)]
pub(super) struct Deletions(Mutex<HashSet<(String, String, u64)>>);

impl Deletions {
    /// Notes a deletion, unless the key is taken.
    pub(super) fn note(&self, package: &PackageName, release: &str, now: SystemTime) -> bool {
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        lock(&self.0).insert((package.to_string(), release.to_owned(), second))
    }
}
