//! File-based catalogs: what clusters read. The objects of packages in, and the bytes of a catalog's image out.
//!
//! The way of a release into its organization's catalog, with no network and no clock:
//!
//! 1. [`CatalogManifest`] reads the image that a registry has, and refuses one that omps did not write. An [`Edition`] says
//!    which of its layers has the package, and opens it. [`Package::read`] reads a package back strictly: what has two
//!    readings is refused.
//! 2. [`Upload::of_release`] says what a release brings, [`Upload::of_released`] what one in a registry does, and [`Package::merge`] takes it in. What is there stays, no edge is
//!    invented, and the result is what opm takes; otherwise [`MergeRefused`] has opm's words, and the remedy.
//!    [`Package::delete`] takes bundles out.
//! 3. [`Package::bytes`] is `catalog.json` again, and [`Edition::next`] packs the layers that changed, and makes config and
//!    manifest: of layers that did not change from their [`Layer`] alone.
//!
//! [`check()`] is `opm validate` for a catalog from anywhere, which [`read_objects`] reads. [`Package::mermaid`] draws the
//! upgrade graph.

mod base64;
mod check;
mod delete;
mod edition;
mod finding;
mod go_semver;
mod graph;
mod image;
mod layer;
mod merge;
mod mermaid;
mod objects;
mod order;
mod package;
mod properties;
mod pull_spec;
mod read;
mod refusal;
mod upload;
mod yaml;

pub use check::check;
pub use delete::Deleted;
pub use edition::{Edition, NextEdition};
pub use image::{CatalogImage, CatalogManifest, ForeignImage};
pub use layer::{BASE_LAYER, LAYERS, Layer, LayerError, layer_number};
pub use merge::{Advice, MergeRefused, Merged, Warning};
pub use package::{Entry, Package};
pub use read::{ReadError, read_objects};
pub use refusal::Refusal;
pub use upload::{Upload, Uploaded};
