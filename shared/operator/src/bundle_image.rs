//! Bundle images: the form of a release that OLM reads, registry+v1, made without Docker and without a network.
//!
//! 1. [`upload`] tells package manifests from ready-made bundles. [`convert`] makes bundles of the former, one a directory
//!    or one a CSV; [`ready_made`] takes the latter as they are. Both give [`draft`]s.
//! 2. [`verdict`] says what opm, operator-sdk, OLM v1 and operator-pipelines would say of each, in three levels.
//! 3. [`tag`] puts the bundles into order: each gets a tag, and the newest is the release's.
//! 4. [`layer`] and [`image`] pack each into a layer, a config and a manifest. The same content gives the same bytes.
//!
//! What a catalog says of each bundle is known then, too: [`Bundle::fbc`] is what opm would render of the image.
//!
//! A bundle's manifest has no annotations, so that a bundle keeps its digest in every push. The release is the newest
//! bundle's config and layer under a manifest of its own: [`Release::manifest`]. [`ReleasedPackage`] and [`ReleasedBundle`]
//! read them back.

pub(crate) mod annotations;
mod channels;
mod convert;
pub(crate) mod document;
mod draft;
pub(crate) mod fbc;
pub(crate) mod image;
mod judged;
pub(crate) mod layer;
mod origin;
mod ready_made;
mod release;
mod released;
mod size;
mod splitting;
mod tag;
mod upload;
pub(crate) mod verdict;

pub use fbc::Upgrade;
pub use image::{Blob, Image, bundle_digest, layer_digest};
pub use judged::JudgedBundles;
pub use release::{Bundle, PackError, Release};
pub use released::{Form, NotReleased, ReleasedBundle, ReleasedPackage};
pub use verdict::{Validation, Verdict};

pub(crate) use document::may_be_manifest;
pub(crate) use judged::{
    Refusal, fresh_budget, judge_package_manifests, judge_ready_made, package_of,
};
pub(crate) use splitting::{documents, only_document, part_name, restore};
pub(crate) use upload::ReadyMade;
pub(crate) use verdict::images::fields as image_fields;
pub(crate) use verdict::reference;
