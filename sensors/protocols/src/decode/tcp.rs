//! TCP (RFC 9293).

use pnet::packet::tcp::TcpPacket;

use super::checksum;
use super::packet::{Ip, Transport};
use super::{DecodeSettings, Decoded};

const HEADER: usize = 20;

/// Bits of [`Tcp::flags`].
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer counts.
    pub const URG: u8 = 0x20;
    /// Congestion echo.
    pub const ECE: u8 = 0x40;
    /// Congestion window reduced.
    pub const CWR: u8 = 0x80;
}

/// A TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp<'a> {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Flags, see [`flags`].
    pub flags: u8,
    /// Window, not scaled.
    pub window: u16,
    /// Urgent pointer.
    pub urgent: u16,
    /// Options that matter to reassembly.
    pub options: TcpOptions,
    /// The header's bytes, options included.
    pub header: &'a [u8],
    /// Whether the checksum is right; none when unchecked.
    pub checksum_valid: Option<bool>,
}

/// Options of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpOptions {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift.
    pub window_scale: Option<u8>,
    /// Whether selective acknowledgements are permitted.
    pub sack_permitted: bool,
    /// Timestamp value and echo reply.
    pub timestamp: Option<(u32, u32)>,
    /// Whether a Fast Open option is there, and whether it holds a cookie.
    pub fast_open: Option<bool>,
}

impl Tcp<'_> {
    /// Whether all of these flags are set.
    #[must_use]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Whether this is a SYN without ACK.
    #[must_use]
    pub const fn is_syn(&self) -> bool {
        self.flags & (flags::SYN | flags::ACK) == flags::SYN
    }

    /// Whether this is a SYN with ACK: a flow that starts with one was opened by its receiver.
    #[must_use]
    pub const fn is_syn_ack(&self) -> bool {
        self.has(flags::SYN | flags::ACK)
    }
}

pub(super) fn decode_tcp<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(view) = TcpPacket::new(data) else {
        return decoded.invalidate("decoder.tcp.pkt_too_small");
    };
    let length = usize::from(view.get_data_offset()) * 4;
    if length < HEADER {
        return decoded.invalidate("decoder.tcp.hlen_too_small");
    }
    let Some((header, payload)) = data.split_at_checked(length) else {
        return decoded.invalidate("decoder.tcp.invalid_optlen");
    };
    let options = decode_options(decoded, &header[HEADER..]);
    decoded.payload = payload;
    decoded.transport = Transport::Tcp(Tcp {
        source_port: view.get_source(),
        destination_port: view.get_destination(),
        sequence: view.get_sequence(),
        acknowledgement: view.get_acknowledgement(),
        flags: header[13],
        window: view.get_window(),
        urgent: view.get_urgent_ptr(),
        options,
        header,
        checksum_valid: settings.verify_checksums.then(|| checksum::is_transport_valid(ip, 6, data)),
    });
}

fn decode_options(decoded: &mut Decoded<'_>, options: &[u8]) -> TcpOptions {
    let mut result = TcpOptions::default();
    let mut rest = options;
    while let [kind, tail @ ..] = rest {
        match *kind {
            0 => break,
            1 => rest = tail,
            kind => {
                let length = tail.first().map_or(0, |length| usize::from(*length));
                if length < 2 || length > rest.len() {
                    decoded.event("decoder.tcp.opt_invalid_len");
                    break;
                }
                decode_option(decoded, &mut result, kind, &rest[2..length]);
                rest = &rest[length..];
            }
        }
    }
    result
}

fn decode_option(decoded: &mut Decoded<'_>, options: &mut TcpOptions, kind: u8, value: &[u8]) {
    let duplicate = match (kind, value) {
        (2, [high, low]) => options.mss.replace(u16::from_be_bytes([*high, *low])).is_some(),
        (3, [shift]) => options.window_scale.replace((*shift).min(14)).is_some(),
        (4, []) => std::mem::replace(&mut options.sack_permitted, true),
        (8, [a, b, c, d, e, f, g, h]) => {
            let times = (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]));
            options.timestamp.replace(times).is_some()
        }
        (34, cookie) if cookie.is_empty() || (4..=16).contains(&cookie.len()) => {
            options.fast_open.replace(!cookie.is_empty()).is_some()
        }
        (254, [0xf9, 0x89, cookie @ ..]) => options.fast_open.replace(!cookie.is_empty()).is_some(),
        (2..=4 | 8 | 34, _) => return decoded.event("decoder.tcp.opt_invalid_len"),
        (5, blocks) if blocks.is_empty() || !blocks.len().is_multiple_of(8) => {
            return decoded.event("decoder.tcp.opt_invalid_len");
        }
        _ => false,
    };
    if duplicate {
        decoded.event("decoder.tcp.opt_duplicate");
    }
}
