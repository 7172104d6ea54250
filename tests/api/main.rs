//! The service as its clients see it, in front of stand-ins for everything else.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends at once")]

mod about;
mod big_uploads;
mod bundle_images;
mod canary;
mod delete_release;
mod faults;
mod greenwave;
mod health;
mod helpers;
mod koji_failures;
mod moto;
mod oci;
mod publishing;
mod push_event;
mod push_koji;
mod push_zipfile;
mod quay_failures;
mod rules;
mod sandbox;
mod scrubbing;
mod secrets;
mod server;
mod stand_in_koji;
mod stand_in_quay;
mod telemetry;
mod template;
mod unclear_pushes;
mod uploads;
mod validate;
mod versions;
mod web_layer;
