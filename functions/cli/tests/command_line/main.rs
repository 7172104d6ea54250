//! The binary `omps` as people and pipelines run it: its output, its exit codes, and what it sends.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has to fail"
)]

mod catalog;
mod login;
mod push;
mod service;
mod stand_in;
mod support;
mod validate;
