//! The distributed hash table of BitTorrent (BEP 5): each message is a transaction.

mod bencode;

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::{Object, eve_text, put, put_some};
use crate::{AppProtocol, Direction};
use bencode::Item;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::BittorrentDht,
    transports: &[TransportKind::Udp],
    ports: &[6881],
    probe,
    create: |_| Box::new(DhtParser),
};

/// How messages of each kind begin.
const STARTS: [&[u8]; 4] = [b"d1:ad2:id20:", b"d1:rd2:id20:", b"d1:eli20", b"d2:ip6:"];
/// Bytes of an identifier, and of an address with its port.
const ID_BYTES: usize = 20;
const PEER_BYTES: usize = 6;
const PEER6_BYTES: usize = 18;

fn probe(probe: &Probe<'_>) -> Verdict {
    if STARTS.iter().any(|start| probe.data.starts_with(start)) { Verdict::Yes } else { Verdict::No }
}

struct DhtParser;

impl AppParser for DhtParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let Some(message) = bencode::read(data) else {
            return context.anomaly(None, direction, "bittorrent_dht.malformed_packet");
        };
        let id = context.open_single(AppProtocol::BittorrentDht, direction);
        context.update(id, |tx| tx.eve = record(&message));
        context.progress(id, direction);
    }
}

fn record(message: &Item<'_>) -> Object {
    let mut eve = Object::new();
    put_some(&mut eve, "transaction_id", message.bytes(b"t").map(hex::encode));
    put_some(&mut eve, "client_version", message.bytes(b"v").map(hex::encode));
    match message.bytes(b"y") {
        Some(b"q") => {
            put_some(&mut eve, "request_type", message.bytes(b"q").map(eve_text));
            put_some(&mut eve, "request", message.get(b"a").map(request));
        }
        Some(b"r") => put_some(&mut eve, "response", message.get(b"r").map(response)),
        Some(b"e") => {
            if let Some(Item::List(items)) = message.get(b"e") {
                put(&mut eve, "error", error(items));
            }
        }
        _ => {}
    }
    eve
}

fn request(arguments: &Item<'_>) -> Object {
    let mut eve = Object::new();
    for (key, name) in [(&b"id"[..], "id"), (b"target", "target"), (b"info_hash", "info_hash"), (b"token", "token")] {
        put_some(&mut eve, name, arguments.bytes(key).map(hex::encode));
    }
    for (key, name) in [(&b"implied_port"[..], "implied_port"), (b"port", "port")] {
        if let Some(Item::Number(number)) = arguments.get(key) {
            put(&mut eve, name, *number);
        }
    }
    eve
}

fn response(values: &Item<'_>) -> Object {
    let mut eve = Object::new();
    put_some(&mut eve, "id", values.bytes(b"id").map(hex::encode));
    if let Some(nodes) = values.bytes(b"nodes") {
        put(&mut eve, "nodes", nodes.chunks_exact(ID_BYTES + PEER_BYTES).filter_map(node).collect::<Vec<_>>());
    }
    if let Some(nodes) = values.bytes(b"nodes6") {
        put(&mut eve, "nodes6", nodes.chunks_exact(ID_BYTES + PEER6_BYTES).filter_map(node).collect::<Vec<_>>());
    }
    if let Some(Item::List(peers)) = values.get(b"values") {
        let peers = peers.iter().filter_map(|peer| if let Item::Bytes(bytes) = peer { address(bytes) } else { None });
        put(&mut eve, "values", peers.map(|(ip, port)| json!({"ip": ip, "port": port})).collect::<Vec<_>>());
    }
    put_some(&mut eve, "token", values.bytes(b"token").map(hex::encode));
    eve
}

fn node(bytes: &[u8]) -> Option<Value> {
    let (id, rest) = bytes.split_at_checked(ID_BYTES)?;
    let (ip, port) = address(rest)?;
    Some(json!({"id": hex::encode(id), "ip": ip, "port": port}))
}

/// An address and a port as they stand next to each other.
fn address(bytes: &[u8]) -> Option<(String, u16)> {
    let (address, port) = bytes.split_last_chunk::<2>()?;
    let text = match address.len() {
        4 => Ipv4Addr::from(*address.first_chunk::<4>()?).to_string(),
        16 => Ipv6Addr::from(*address.first_chunk::<16>()?).to_string(),
        _ => return None,
    };
    Some((text, u16::from_be_bytes(*port)))
}

fn error(items: &[Item<'_>]) -> Object {
    let mut eve = Object::new();
    for item in items {
        match item {
            Item::Number(number) => put(&mut eve, "num", *number),
            Item::Bytes(text) => put(&mut eve, "msg", eve_text(text)),
            Item::List(_) | Item::Map(_) => {}
        }
    }
    eve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::converse;

    #[test]
    fn questions_and_answers_are_told() {
        let ping = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe";
        let mut nodes = b"d1:rd2:id20:0123456789abcdefghij5:nodes26:mnopqrstuvwxyz123456".to_vec();
        nodes.extend_from_slice(&[192, 0, 2, 1, 0x1a, 0xe1]);
        nodes.extend_from_slice(b"e1:t2:aa1:y1:re");
        let said = converse(AppProtocol::BittorrentDht, &[(Direction::ToServer, ping), (Direction::ToClient, &nodes)]);
        assert_eq!((&said[0].eve["request_type"], &said[0].eve["transaction_id"]), (&json!("ping"), &json!("6161")));
        let node = &said[1].eve["response"]["nodes"][0];
        assert_eq!((&node["ip"], &node["port"]), (&json!("192.0.2.1"), &json!(6881)));
    }
}
