//! UDP (RFC 768) and the tunnels inside it.

use pnet::packet::udp::UdpPacket;

use super::packet::{Ip, Transport};
use super::{DecodeSettings, Decoded, checksum, tunnel};

const HEADER: usize = 8;

/// A UDP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udp<'a> {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Bytes of the datagram by its own account, header included.
    pub length: u16,
    /// The header's bytes.
    pub header: &'a [u8],
    /// Whether the checksum is right; none when unchecked or left out by the sender.
    pub checksum_valid: Option<bool>,
}

pub(super) fn decode_udp<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(view) = UdpPacket::new(data) else {
        return decoded.invalidate("decoder.udp.hlen_too_small");
    };
    let length = usize::from(view.get_length());
    if length < HEADER {
        return decoded.invalidate("decoder.udp.len_invalid");
    }
    let Some(datagram) = data.get(..length) else {
        return decoded.invalidate("decoder.udp.pkt_too_small");
    };
    if length != data.len() {
        decoded.event("decoder.udp.hlen_invalid");
    }
    let checked = settings.verify_checksums && (view.get_checksum() != 0 || ip.version == 6);
    let udp = Udp {
        source_port: view.get_source(),
        destination_port: view.get_destination(),
        length: view.get_length(),
        header: &datagram[..HEADER],
        checksum_valid: checked.then(|| checksum::is_transport_valid(ip, 17, datagram)),
    };
    decoded.payload = &datagram[HEADER..];
    decoded.transport = Transport::Udp(udp);
    tunnel::decode_in_udp(decoded, &udp, &datagram[HEADER..], settings);
}
