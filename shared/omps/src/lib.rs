//! The core of omps, the Operators Manifests Push Service: one HTTPS call makes an operator's manifests a release.
//!
//! How a push goes, from the outside in:
//!
//! 1. [`http`] finds the endpoint of a request and refuses what cannot reach it; [`handlers`] make a [`push::PushRequest`]
//!    of the path's values and of the [`source`] of the zip. A message of the queue becomes the same in [`events`].
//! 2. [`push`] tells the story. What is pure in it (opening the zip, the organization's rules, the verdict, packing) is the
//!    crate [`omps_operator`].
//! 3. The [`ledger`] reserves the release before anything is sent. A [`registry`] takes it, and is asked whether it has it.
//!
//! Each request is one [`call`]: the [`app`] that the process has built from its [`config`], and a [`deadline`]. Calls to
//! other services go through [`upstream`]: time limits, retries, limited answers. Every error ends in [`error`], the closed
//! list of what clients see; [`api`] has the bodies of all answers. [`telemetry`] keeps every [`token`] out of what is
//! written.

mod api;
pub mod app;
pub mod aws;
mod call;
pub mod config;
pub mod deadline;
mod delete;
mod digest;
pub mod error;
pub mod events;
mod greenwave;
pub mod handlers;
mod health;
pub mod http;
mod koji;
mod ledger;
pub mod names;
pub mod objects;
mod organization;
mod push;
pub mod registry;
pub mod release;
mod secrets;
mod source;
pub mod telemetry;
pub mod token;
pub mod uploads;
pub mod upstream;
mod url;
