//! The console over real requests on loopback.

#![allow(clippy::expect_used, reason = "a test that can't set itself up fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "nobody links against tests")]

mod anchor;
mod factors;
mod openapi;
mod postgres;
mod security;
mod story;
mod support;
