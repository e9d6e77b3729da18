//! The console over real requests on loopback.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a test that can't set itself up fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "nobody links against tests")]

mod analyst;
mod anchor;
mod beside;
mod capabilities;
mod channels;
mod factors;
mod indicators;
mod injection;
mod keys;
mod machine_incidents;
mod openapi;
mod postgres;
mod queue;
mod readiness;
mod refused;
mod regulations;
mod retro_hunts;
mod scope;
mod security;
mod settings;
mod steward;
mod story;
mod supervision;
mod support;
mod tiers;
mod tls;
mod warnings;
