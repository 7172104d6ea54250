//! End-to-end tests: the service as its clients see it, with stand-ins for all other services.
#![expect(clippy::expect_used, reason = "a failed preparation ends the test")]

mod about;
mod bundle_images;
mod canary;
mod delete_release;
mod faults;
mod forms;
mod greenwave;
mod health;
mod helpers;
mod idempotency;
mod koji_failures;
mod layers;
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
mod written_once;
mod zips;
