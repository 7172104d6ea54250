//! The binary `omps` as people and pipelines run it: its output, its exit codes, and what it sends.

mod login;
mod push;
mod service;
mod stand_in;
mod support;
mod validate;
