//! States of a connection and what it counted.

/// State of a TCP connection, by Suricata's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TcpState {
    /// Nothing seen.
    #[default]
    None,
    /// A SYN was seen.
    SynSent,
    /// A SYN and its answer were seen.
    SynReceived,
    /// The handshake is complete, or was passed by.
    Established,
    /// The server has sent FIN first.
    FinWait1,
    /// That FIN was acknowledged.
    FinWait2,
    /// Both FINs were seen, the second is not acknowledged.
    TimeWait,
    /// Waiting for the acknowledgement of the last FIN.
    LastAck,
    /// The client has sent FIN first.
    CloseWait,
    /// Both sides have sent FIN at once.
    Closing,
    /// Closed or reset.
    Closed,
}

impl TcpState {
    /// The name EVE uses (`flow.tcp.state`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SynSent => "syn_sent",
            Self::SynReceived => "syn_recv",
            Self::Established => "established",
            Self::FinWait1 => "fin_wait1",
            Self::FinWait2 => "fin_wait2",
            Self::TimeWait => "time_wait",
            Self::LastAck => "last_ack",
            Self::CloseWait => "close_wait",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

/// What one direction of a connection counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStatistics {
    /// Bytes delivered.
    pub delivered_bytes: u64,
    /// Bytes that never came, told to the sink as gaps.
    pub gap_bytes: u64,
    /// Number of gaps.
    pub gaps: u32,
    /// Bytes past the depth limit.
    pub beyond_depth_bytes: u64,
    /// Bytes thrown away because the out-of-order store was full.
    pub shed_bytes: u64,
    /// Packets left out for a wrong checksum.
    pub bad_checksums: u32,
    /// Packets left out because they fit the connection in no way.
    pub rejected: u32,
    /// All TCP flags seen.
    pub flags: u8,
}
