//! Decoding: a frame becomes its headers, its payload and a list of what is wrong with it.

pub(crate) mod checksum;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod link;
mod packet;
mod sctp;
mod settings;
mod tcp;
mod tunnel;
mod udp;

pub use ethernet::{Arp, Ethernet, Vlans};
pub use icmp::Icmp;
pub use link::LinkLayer;
pub use packet::{Decoded, Fragment, Ip, Transport, Tunnel, TunnelKind};
pub use sctp::{Sctp, SctpChunk};
pub use settings::DecodeSettings;
pub use tcp::{Tcp, TcpOptions, flags};
pub use udp::Udp;

/// Decodes a frame.
///
/// Never fails: what can be read is in the result, what is wrong is in [`Decoded::events`].
#[must_use]
pub fn decode<'a>(frame: &'a [u8], link: LinkLayer, settings: &DecodeSettings) -> Decoded<'a> {
    let mut decoded = Decoded::new(frame, 0);
    link::decode_link(&mut decoded, frame, link, settings);
    decoded
}

/// Decodes a datagram that starts with its IPv4 or IPv6 header, such as one put together from fragments.
#[must_use]
pub fn decode_ip<'a>(datagram: &'a [u8], settings: &DecodeSettings) -> Decoded<'a> {
    let mut decoded = Decoded::new(datagram, 0);
    decoded.reassembled = true;
    link::decode_raw(&mut decoded, datagram, settings);
    decoded
}
