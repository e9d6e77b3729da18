//! A packet as it was captured, and where packets come from.

use fengsui_schema::Timestamp;

use crate::CaptureError;

/// The kind of a packet's first header, by its number in the registry of link types
/// (<https://www.tcpdump.org/linktypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(u32);

impl LinkType {
    /// BSD loopback: a four-byte address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IPv4 or IPv6 without a link header.
    pub const RAW: Self = Self(101);
    /// Linux "cooked" capture.
    pub const LINUX_SLL: Self = Self(113);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// From the number in a capture file.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number in a capture file.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A captured packet; borrows from its source until the next one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// The bytes that were captured, from the link header on.
    pub data: &'a [u8],
    /// Bytes it had on the wire; more than `data` when the capture cut it.
    pub original_length: u32,
    /// What its first header is.
    pub link: LinkType,
    /// 802.1Q tag control information the network card or kernel took off the frame.
    pub vlan: Option<u16>,
}

impl Packet<'_> {
    /// Whether the capture cut bytes off.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        usize::try_from(self.original_length).is_ok_and(|length| length > self.data.len())
    }
}

/// What a source has delivered and lost since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureStatistics {
    /// Packets the source has seen, delivered or dropped.
    pub received: u64,
    /// Packets dropped before they could be delivered (ring full).
    pub dropped: u64,
    /// Delivered packets that the capture had cut.
    pub truncated: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Times the ring was found full.
    pub freezes: u64,
}

impl CaptureStatistics {
    pub(crate) fn count(&mut self, packet: &Packet<'_>) {
        self.received += 1;
        self.bytes += packet.data.len() as u64;
        self.truncated += u64::from(packet.is_truncated());
    }
}

/// Where packets come from.
pub trait PacketSource: Send {
    /// The next packet. `None` from a file means its end; from a live source (see [`Self::is_live`]) that nothing
    /// arrived within the poll time, so the caller may do its house-keeping and ask again.
    ///
    /// # Errors
    /// What keeps the source from delivering more. A cut capture file delivers all whole packets before its error.
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError>;

    /// Packets delivered and lost since the source was opened.
    fn statistics(&mut self) -> CaptureStatistics;

    /// Whether more packets may come after `None`.
    fn is_live(&self) -> bool;
}
