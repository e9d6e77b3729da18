//! Where alerts, incidents, findings and visibility records go.

use std::future::Future;
use std::pin::Pin;

use fengsui_schema::Output;

/// The future of one delivery.
pub type SinkFuture<'a> = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send + 'a>>;

/// A delivery that did not succeed. The pipeline tries again with growing pauses and acknowledges nothing until it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("deliver outputs: {0}")]
pub struct SinkError(pub String);

/// Takes what the analyzer found: the console, in the product.
///
/// Delivery repeats after a crash; the ids are digests of content, so that taking one twice changes nothing.
pub trait OutputSink: Send + Sync {
    /// Takes a batch (at most [`crate::limits::DELIVERED_OUTPUTS`]) in order. `Ok` means that it is durable.
    fn deliver(&self, batch: Vec<Output>) -> SinkFuture<'_>;
}
