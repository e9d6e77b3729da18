//! TCP: following the state of a connection and delivering each direction's bytes in order.

mod half;
mod policy;
mod session;
mod settings;
mod state;

pub use policy::OverlapPolicy;
pub use session::{Segment, StreamSink, TcpSession};
pub use settings::{StreamSettings, UrgentPolicy};
pub use state::{StreamStatistics, TcpState};
