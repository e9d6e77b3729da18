//! Owns driving the real program in tests: starts it, waits for it, speaks to it, stops it.
//!
//! Contains no product code and no expectations; those are in the tests.

#![forbid(unsafe_code)]

mod console;
mod network;
mod node;
mod process;
mod producer;
mod proxy;

pub use console::{Account, ConsoleClient};
pub use network::in_own_network;
pub use node::{NodeUnderTest, PASSWORD, TOKEN, whole_list};
pub use process::{Finished, Running, run};
pub use producer::{FIRST_RULE, Pace, Producer, Sent, Series, mixed};
pub use proxy::LinkProxy;

use std::path::{Path, PathBuf};

/// The top folder of the repository.
#[must_use]
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A port of the loopback interface that was free a moment ago.
///
/// # Errors
/// When the system gives none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
