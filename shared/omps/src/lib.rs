//! The core of omps, the Operators Manifests Push Service: one HTTPS call pushes an
//! operator's manifests as a release.
//!
//! The steps of a push:
//!
//! 1. [`http`] finds the endpoint of a request, or refuses the request. [`handlers`] build a [`push::PushRequest`] from
//!    the values in the path and the [`source`] of the zip. [`events`] build the same from a message of the queue.
//! 2. [`push`] contains the steps in their order. Those that wait for nobody (opening the zip, applying the
//!    organization's rules, the verdict, packing) are in the crate [`omps_operator`].
//! 3. The [`ledger`] reserves the release before the first byte is sent. Then a [`registry`] receives the release, and
//!    the push checks that the registry has it. Where the organization keeps one of its [`catalogs`], the release goes
//!    into it.
//!
//! Each request is one [`call`]: the [`app`], which the process builds from its [`config`], and a [`deadline`]. Calls
//! to other services go through [`upstream`], which adds time limits, retries and a size limit. Every error becomes an
//! entry of [`error`], the closed list of errors that clients see. [`api`] defines the bodies of all answers,
//! and [`openapi`] describes them.
//! [`telemetry`] keeps every [`token`] out of logs and answers.

mod api;
pub mod app;
pub mod aws;
mod call;
mod catalogs;
pub mod check;
pub mod config;
pub mod cpu;
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
mod nearest;
mod oauth;
pub mod objects;
pub mod openapi;
mod organization;
mod push;
pub mod registry;
pub mod release;
mod releases;
mod secrets;
mod source;
pub mod telemetry;
pub mod token;
pub mod uploads;
pub mod upstream;
mod url;
mod visibility;
