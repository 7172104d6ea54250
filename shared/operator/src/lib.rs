//! Kubernetes operators as they are released: the bytes of a zip in, a judged and packable operator out.
//!
//! Nothing here waits for anybody: no I/O, no async, no HTTP. The way of an operator is the way through this crate:
//!
//! 1. [`Operator::open`]: [`archive`] opens the zip strictly, and [`manifests::package_name`] finds out what the package
//!    is called.
//! 2. [`Operator::apply`] applies the organization's [`rules`]. It edits with [`edit`], which changes only the bytes that
//!    a rule is about.
//! 3. [`Operator::judge`] reads the [`manifests`] with [`yaml`] and checks them with the table of [`report::rules`], as
//!    operator-courier 2.1.11 does. The findings are a [`report`].
//! 4. [`Judged`] gives what Quay's App Registry takes: [`courier_bundle`]. [`Operator::judge_bundles`] is step 3 for every
//!    other registry, with the verdict on bundles behind operator-courier's: [`bundle_image`].
//! 5. [`bundle_image::Release`] says what its package's [`catalog`] gets: [`catalog::Upload::of_release`]. It is merged into
//!    what clusters read already, and refused where opm would refuse the result.

pub mod archive;
pub mod bundle_image;
pub mod catalog;
pub mod courier_bundle;
pub mod edit;
mod go_keys;
pub mod limits;
pub mod manifests;
mod mistakes;
mod operator;
pub mod report;
pub mod rules;
mod unjudged;
pub mod yaml;

pub use limits::{CatalogLimits, Limits};
pub use operator::{Change, Judged, Operator, OperatorError, changes};
