//! What stands in for the outside world, and what the end-to-end tests are made of.
#![expect(
    clippy::expect_used,
    reason = "what cannot do its work ends the test, or the sandbox, at once"
)]

pub mod admin;
pub mod archive;
pub mod bucket;
pub mod greenwave;
pub mod koji;
pub mod multipart;
pub mod oci;
pub mod operator;
pub mod quay;
pub mod secrets_manager;
pub mod stand_in;
pub mod tls;
pub mod zip;
