//! The service as its clients see it, in front of stand-ins for everything else.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends at once")]

mod about;
mod helpers;
mod publishing;
mod push_zipfile;
mod quay_failures;
mod rules;
mod sandbox;
mod server;
mod stand_in_quay;
mod template;
mod uploads;
mod versions;
mod web_layer;
