//! From a zip to bundle images, through the crate's front door.

#![expect(clippy::unwrap_used, reason = "a test")]

mod catalogs;
mod converted;
mod notes;
mod readings;
mod ready_made;
mod release;
mod support;
mod verdict;
