//! Portable capture through pnet: one system call per packet, no drop counters, hardware-stripped VLAN tags lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fengsui_schema::{Clock, shown};
use pnet::datalink::{Channel, Config, DataLinkReceiver, channel};

use crate::{CaptureError, CaptureStatistics, LinkType, Packet, PacketSource};

const READ_BUFFER_BYTES: usize = 65_536 + 64;
const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// Captures on systems without TPACKET_V3. Measured at about twelve times the cost per packet of the ring.
pub struct PnetSource {
    name: String,
    receiver: Box<dyn DataLinkReceiver>,
    clock: Arc<dyn Clock>,
    statistics: CaptureStatistics,
}

impl PnetSource {
    /// Opens an interface in promiscuous mode. Packets carry the time of `clock` when they are read.
    ///
    /// # Errors
    /// [`CaptureError::NoInterface`], [`CaptureError::NotPermitted`] or [`CaptureError::Socket`].
    pub fn open(interface: &str, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        let found = crate::interfaces::find(interface)?;
        let config =
            Config { read_buffer_size: READ_BUFFER_BYTES, read_timeout: Some(READ_TIMEOUT), ..Config::default() };
        let name = shown(interface).to_string();
        match channel(&found, config) {
            Ok(Channel::Ethernet(_, receiver)) => {
                Ok(Self { name, receiver, clock, statistics: CaptureStatistics::default() })
            }
            Ok(_) => {
                let source = io::Error::from(io::ErrorKind::Unsupported);
                Err(CaptureError::Socket { name, call: "channel", source })
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(CaptureError::NotPermitted { name }),
            Err(source) => Err(CaptureError::Socket { name, call: "channel", source }),
        }
    }
}

impl PacketSource for PnetSource {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let data = match self.receiver.next() {
            Ok(data) => data,
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                return Ok(None);
            }
            Err(source) => return Err(CaptureError::Socket { name: self.name.clone(), call: "recvfrom", source }),
        };
        let original_length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let packet = Packet { time: self.clock.now(), data, original_length, link: LinkType::ETHERNET, vlan: None };
        self.statistics.count(&packet);
        Ok(Some(packet))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        self.statistics
    }

    fn is_live(&self) -> bool {
        true
    }
}
