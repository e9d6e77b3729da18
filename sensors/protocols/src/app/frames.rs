//! Named parts of what a protocol says, which rules look at by the keyword `frame`.

use crate::{AppProtocol, Direction};

/// A kind of frame: the protocol and the name rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameKind {
    /// The protocol whose parser marks it.
    pub protocol: AppProtocol,
    /// `pdu`
    pub name: &'static str,
}

/// A part of one direction of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Transaction it belongs to, when it belongs to one.
    pub transaction: Option<u64>,
    /// What it is.
    pub kind: FrameKind,
    /// Direction.
    pub direction: Direction,
    /// Its bytes, at most [`crate::limits::FRAME_BYTES`] of them.
    pub data: Vec<u8>,
    /// How many bytes it has on the wire.
    pub length: u64,
}

/// Names of the frames of each protocol.
const FRAMES: &[(AppProtocol, &[&str])] = &[
    (AppProtocol::Http, &["request", "response"]),
    (AppProtocol::Dns, &["pdu"]),
    (AppProtocol::Tls, &["pdu", "hdr", "data"]),
    (AppProtocol::Smtp, &["command_line", "data", "response_line", "stream"]),
    (AppProtocol::Ssh, &["record.hdr", "record.data", "record.pdu"]),
    (
        AppProtocol::Smb,
        &[
            "nbss.pdu",
            "nbss.hdr",
            "nbss.data",
            "smb1.pdu",
            "smb1.hdr",
            "smb1.data",
            "smb2.pdu",
            "smb2.hdr",
            "smb2.data",
        ],
    ),
    (AppProtocol::Dcerpc, &["pdu", "hdr", "data"]),
    (AppProtocol::Ldap, &["pdu"]),
    (AppProtocol::Snmp, &["pdu"]),
    (
        AppProtocol::Sip,
        &[
            "pdu",
            "request.line",
            "request.headers",
            "request.body",
            "response.line",
            "response.headers",
            "response.body",
        ],
    ),
    (AppProtocol::Mqtt, &["pdu", "header", "data"]),
    (AppProtocol::Nfs, &["rpc.pdu", "rpc.hdr", "rpc.data", "rpc.creds", "nfs.pdu", "nfs.status", "nfs4.pdu"]),
    (AppProtocol::Modbus, &["pdu"]),
    (AppProtocol::Telnet, &["pdu", "ctl", "data"]),
    (AppProtocol::Websocket, &["pdu", "header", "data"]),
    (AppProtocol::Imap, &["pdu", "headers", "body"]),
    (AppProtocol::Pgsql, &["pdu"]),
    (AppProtocol::Enip, &["pdu", "hdr", "data"]),
];

impl FrameKind {
    /// The kind a rule names: `pdu` in a rule of one of these protocols, or with the protocol before it (`smtp.data`).
    #[must_use]
    pub fn find(protocols: &[AppProtocol], text: &str) -> Option<Self> {
        let of = |protocol: AppProtocol, name: &str| {
            let names = FRAMES.iter().filter(|entry| entry.0 == protocol).flat_map(|entry| entry.1);
            names.into_iter().find(|known| **known == name).map(|name| Self { protocol, name })
        };
        let qualified = || {
            let (protocol, name) = text.split_once('.')?;
            let protocol = if protocol == "http1" { AppProtocol::Http } else { AppProtocol::from_name(protocol)? };
            of(protocol, name)
        };
        protocols.iter().find_map(|protocol| of(*protocol, text)).or_else(qualified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_the_rules_protocol_or_by_their_full_name() {
        let smb = FrameKind::find(&[AppProtocol::Smb], "smb2.data").map(|kind| (kind.protocol, kind.name));
        assert_eq!(smb, Some((AppProtocol::Smb, "smb2.data")));
        let pdu = FrameKind::find(&[AppProtocol::Mqtt], "pdu");
        assert_eq!(pdu, FrameKind::find(&[], "mqtt.pdu"));
        assert!(FrameKind::find(&[], "http1.request").is_some_and(|kind| kind.protocol == AppProtocol::Http));
        assert_eq!(FrameKind::find(&[AppProtocol::Mqtt], "smtp.nothing"), None);
    }
}
