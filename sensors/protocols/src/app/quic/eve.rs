//! Sticky buffers and the `quic` object of EVE.

use serde_json::{Value, json};

use super::packet::{VERSION_1, is_google};
use crate::app::text::{Object, eve_text, put};
use crate::app::tls::fingerprint::{ja3, ja3s, ja4, md5_hex};
use crate::app::tls::hello::{ClientHello, ServerHello};
use crate::{Buffer, Direction, Transaction};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

pub(super) fn version(tx: &mut Transaction, direction: Direction, version: u32) {
    let bytes = version.to_be_bytes();
    let name = match version {
        VERSION_1 => "1".to_owned(),
        _ if is_google(version) => eve_text(&bytes),
        _ => format!("{version:x}"),
    };
    put(&mut tx.eve, "version", name);
    tx.buffers.set(direction, Buffer::QuicVersion, bytes);
}

pub(super) fn client(tx: &mut Transaction, hello: &ClientHello) {
    let way = Direction::ToServer;
    let (string, ja4) = (ja3(hello), ja4(hello, 'q'));
    if let Some(name) = &hello.server_name {
        put(&mut tx.eve, "sni", eve_text(name));
        tx.buffers.set(way, Buffer::QuicSni, name.clone());
        tx.buffers.set(way, Buffer::TlsSni, name.clone());
    }
    put(&mut tx.eve, "ja3", json!({"hash": md5_hex(&string), "string": string}));
    put(&mut tx.eve, "ja4", ja4.clone());
    tx.buffers.set(way, Buffer::Ja3Hash, md5_hex(&string));
    tx.buffers.set(way, Buffer::Ja3String, string);
    tx.buffers.set(way, Buffer::Ja4Hash, ja4);
    let extensions = hello.extensions.iter().map(|kind| {
        extension(
            *kind,
            match *kind {
                SERVER_NAME => hello.server_name.iter().map(|name| eve_text(name)).collect(),
                ALPN => hello.alpn.iter().map(|name| eve_text(name)).collect(),
                _ => Vec::new(),
            },
        )
    });
    put(&mut tx.eve, "extensions", extensions.collect::<Vec<Value>>());
}

pub(super) fn server(tx: &mut Transaction, hello: &ServerHello) {
    let string = ja3s(hello);
    put(&mut tx.eve, "ja3s", json!({"hash": md5_hex(&string), "string": string}));
    tx.buffers.set(Direction::ToClient, Buffer::Ja3sHash, md5_hex(&string));
    tx.buffers.set(Direction::ToClient, Buffer::Ja3sString, string);
    let extensions = hello.extensions.iter().map(|kind| extension(*kind, Vec::new()));
    put(&mut tx.eve, "extensions", extensions.collect::<Vec<Value>>());
}

fn extension(kind: u16, values: Vec<String>) -> Value {
    let mut entry = Object::new();
    if let Some(name) = name(kind) {
        put(&mut entry, "name", name);
    }
    put(&mut entry, "type", kind);
    if !values.is_empty() {
        put(&mut entry, "values", values);
    }
    entry.into()
}

/// Names of extensions (IANA "TLS ExtensionType Values").
const fn name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0 => "server_name",
        1 => "max_fragment_length",
        2 => "client_certificate_url",
        3 => "trusted_ca_keys",
        4 => "truncated_hmac",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        12 => "srp",
        13 => "signature_algorithms",
        15 => "heartbeat",
        16 => "alpn",
        18 => "signed_certificate_timestamp",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        28 => "record_size_limit",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        57 => "quic_transport_parameters",
        13172 => "npn",
        65281 => "renegotiation_info",
        _ => return None,
    })
}
