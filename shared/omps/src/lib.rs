//! The core of omps, the Operators Manifests Push Service: one HTTPS call makes an operator's manifests a release.
//!
//! How a push goes, from the outside in:
//!
//! 1. [`routes`] finds the endpoint of a request, [`http`] refuses what cannot reach it, [`handlers`] takes the path's
//!    values and the zip (a form's, or the id of one of the [`uploads`]) out of it and makes them a [`push::PushRequest`].
//! 2. [`push`] tells the story: [`source`] has the zip, or fetches it from [`koji`] and asks [`greenwave`]; [`archive`]
//!    opens the zip safely; [`manifests::package_name`] finds what the package is called; the organization's rules
//!    ([`organization`]) are applied by [`transform`]; [`manifests`] reaches the verdict of operator-courier 2.1.11 and
//!    says what is pushed.
//! 3. [`registry`] chooses nothing and knows Quay: it lists releases, pushes, deletes, and makes public.
//!
//! Every call to another service goes through [`upstream`]: time limits, retries, limited answers. [`health`] asks whether
//! they are there.
//!
//! What is pure (archive, manifests, transform, release) does no I/O and is not async. Every error ends in [`error`], the
//! closed list of what clients see. [`app`] holds what a process builds once, from its [`config`]; tokens of organizations
//! come from there or from [`secrets`], and [`scrub`] keeps every [`token`] out of what is written: the log ([`telemetry`]),
//! whose audit lines say who pushed and deleted what, and the answers. [`metrics`] counts.

pub mod app;
mod audit;
pub mod aws;
pub mod config;
pub mod delete;
pub mod error;
pub mod event;
mod form;
pub mod greenwave;
pub mod handlers;
pub mod health;
pub mod http;
pub mod koji;
pub mod ledger;
pub mod metrics;
pub mod names;
pub mod objects;
pub mod organization;
pub mod outcome;
mod publish;
pub mod push;
pub mod registry;
pub mod release;
pub mod routes;
pub mod scrub;
pub mod secrets;
pub mod source;
pub mod telemetry;
pub mod token;
pub mod uploads;
pub mod upstream;
pub mod worker;
