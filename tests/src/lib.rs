//! Stand-ins for other services, and the tools of the end-to-end tests.
#![expect(
    clippy::expect_used,
    reason = "a failure here ends the test, or the sandbox, at once"
)]

pub mod admin;
pub mod archive;
pub mod greenwave;
pub mod koji;
pub mod multipart;
pub mod oci;
pub mod operator;
pub mod quay;
pub mod secrets_manager;
pub mod stand_in;
pub mod tls;
pub mod watched_folder;
pub mod zip;
