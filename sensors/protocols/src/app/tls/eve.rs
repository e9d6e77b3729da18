//! Sticky buffers and the `tls` or `tlcp` object of EVE.

use serde_json::{Map, Value, json};

use super::certificate::Certificate;
use super::fingerprint::{ja3, ja3s, ja4, md5_hex};
use super::hello::{ClientHello, ServerHello};
use super::names::{suite_name, version_name};
use crate::app::text::eve_text;
use crate::{AppProtocol, Buffer, Buffers, Direction};

/// What has been seen of a handshake.
pub(super) struct Seen<'a> {
    pub(super) protocol: AppProtocol,
    pub(super) client: Option<&'a ClientHello>,
    pub(super) server: Option<&'a ServerHello>,
    pub(super) client_certificates: &'a [Certificate],
    pub(super) server_certificates: &'a [Certificate],
    pub(super) done: bool,
    /// Names of the fields that are told; absent for the usual ones.
    pub(super) custom: Option<&'a [String]>,
}

pub(super) fn fill_client(buffers: &mut Buffers, hello: &ClientHello) {
    let direction = Direction::ToServer;
    let ja3 = ja3(hello);
    if let Some(name) = &hello.server_name {
        buffers.set(direction, Buffer::TlsSni, name.clone());
    }
    for name in &hello.alpn {
        buffers.set(direction, Buffer::TlsAlpn, name.clone());
    }
    fill_random(buffers, direction, &hello.random);
    buffers.set(direction, Buffer::Ja3Hash, md5_hex(&ja3));
    buffers.set(direction, Buffer::Ja3String, ja3);
    buffers.set(direction, Buffer::Ja4Hash, ja4(hello, 't'));
}

pub(super) fn fill_server(buffers: &mut Buffers, hello: &ServerHello) {
    let direction = Direction::ToClient;
    let ja3s = ja3s(hello);
    if let Some(name) = &hello.alpn {
        buffers.set(direction, Buffer::TlsAlpn, name.clone());
    }
    fill_random(buffers, direction, &hello.random);
    buffers.set(direction, Buffer::Ja3sHash, md5_hex(&ja3s));
    buffers.set(direction, Buffer::Ja3sString, ja3s);
}

fn fill_random(buffers: &mut Buffers, direction: Direction, random: &[u8; 32]) {
    buffers.set(direction, Buffer::TlsRandom, *random);
    buffers.set(direction, Buffer::TlsRandomTime, &random[..4]);
    buffers.set(direction, Buffer::TlsRandomBytes, &random[4..]);
}

pub(super) fn fill_certificate(buffers: &mut Buffers, direction: Direction, certificate: &Certificate) {
    buffers.set(direction, Buffer::TlsCertSubject, certificate.subject.clone());
    buffers.set(direction, Buffer::TlsCertIssuer, certificate.issuer.clone());
    buffers.set(direction, Buffer::TlsCertSerial, certificate.serial.clone());
    buffers.set(direction, Buffer::TlsCertFingerprint, certificate.fingerprint.clone());
    for name in &certificate.alternative_names {
        buffers.set(direction, Buffer::TlsSubjectAltName, name.clone());
    }
}

pub(super) fn record(seen: &Seen<'_>) -> Map<String, Value> {
    let mut eve = Map::new();
    if let Some(leaf) = seen.server_certificates.first() {
        eve = certificate(leaf);
    }
    if let Some(client) = seen.client {
        client_fields(&mut eve, client);
    }
    let offered = seen.client.map_or(0, |client| client.version);
    let version = seen.server.map_or(offered, |server| server.version);
    eve.insert("version".to_owned(), version_name(version).into());
    if let Some(server) = seen.server {
        server_fields(&mut eve, server);
    }
    if is_resumed(seen) {
        eve.insert("session_resumed".to_owned(), true.into());
    }
    if let Some(leaf) = seen.client_certificates.first() {
        eve.insert("client".to_owned(), certificate(leaf).into());
    }
    if seen.protocol == AppProtocol::Tlcp {
        tlcp_fields(&mut eve, seen);
    }
    if let Some(custom) = seen.custom {
        choose(&mut eve, seen, custom);
    }
    eve
}

/// Names of fields that settings use, where records have others.
const SETTING_NAMES: [(&str, &str); 4] =
    [("issuer", "issuerdn"), ("not_before", "notbefore"), ("not_after", "notafter"), ("client_handshake", "")];

/// Keeps the fields that settings name, and adds those only settings ask for.
fn choose(eve: &mut Map<String, Value>, seen: &Seen<'_>, custom: &[String]) {
    let wanted = |key: &str| {
        custom.iter().any(|name| {
            let renamed = SETTING_NAMES.iter().find(|known| known.0 == name).map_or(name.as_str(), |known| known.1);
            renamed == key
        })
    };
    eve.retain(|key, _| wanted(key) || key == "ja4");
    let chain = |certificates: &[Certificate]| certificates.iter().map(|one| one.base64()).collect::<Vec<_>>();
    if let (Some(leaf), true) = (seen.server_certificates.first(), wanted("certificate")) {
        eve.insert("certificate".to_owned(), leaf.base64().into());
    }
    if wanted("chain") && !seen.server_certificates.is_empty() {
        eve.insert("chain".to_owned(), chain(seen.server_certificates).into());
    }
    if let Some(Value::Object(client)) = eve.get_mut("client") {
        if let (Some(leaf), true) = (seen.client_certificates.first(), wanted("client_certificate")) {
            client.insert("certificate".to_owned(), leaf.base64().into());
        }
        if wanted("client_chain") {
            client.insert("chain".to_owned(), chain(seen.client_certificates).into());
        }
    }
}

fn certificate(certificate: &Certificate) -> Map<String, Value> {
    let mut eve = Map::new();
    eve.insert("subject".to_owned(), certificate.subject.clone().into());
    eve.insert("issuerdn".to_owned(), certificate.issuer.clone().into());
    if !certificate.alternative_names.is_empty() {
        eve.insert("subjectaltname".to_owned(), certificate.alternative_names.clone().into());
    }
    eve.insert("serial".to_owned(), certificate.serial.clone().into());
    eve.insert("fingerprint".to_owned(), certificate.fingerprint.clone().into());
    eve.insert("notbefore".to_owned(), certificate.not_before.clone().into());
    eve.insert("notafter".to_owned(), certificate.not_after.clone().into());
    eve
}

fn client_fields(eve: &mut Map<String, Value>, client: &ClientHello) {
    if let Some(name) = &client.server_name {
        eve.insert("sni".to_owned(), eve_text(name).into());
    }
    let string = ja3(client);
    eve.insert("ja3".to_owned(), json!({"hash": md5_hex(&string), "string": string}));
    eve.insert("ja4".to_owned(), ja4(client, 't').into());
    if !client.alpn.is_empty() {
        let names = client.alpn.iter().map(|name| eve_text(name)).collect::<Vec<_>>();
        eve.insert("client_alpns".to_owned(), names.into());
    }
}

fn server_fields(eve: &mut Map<String, Value>, server: &ServerHello) {
    let string = ja3s(server);
    eve.insert("ja3s".to_owned(), json!({"hash": md5_hex(&string), "string": string}));
    eve.insert("cipher_suite".to_owned(), suite_name(server.suite).into());
    if let Some(name) = &server.alpn {
        eve.insert("server_alpns".to_owned(), vec![eve_text(name)].into());
    }
}

/// Whether the server took up an earlier session: no certificate in a finished handshake before TLS 1.3.
fn is_resumed(seen: &Seen<'_>) -> bool {
    let (Some(client), Some(server)) = (seen.client, seen.server) else { return false };
    let offered = !client.session_id.is_empty() && client.session_id == server.session_id;
    let is_old = server.version <= 0x0303;
    seen.done && offered && is_old && seen.server_certificates.is_empty()
}

/// TLCP servers send two certificates: one to sign with, one to encrypt to (GB/T 38636, 6.4.5.3).
fn tlcp_fields(eve: &mut Map<String, Value>, seen: &Seen<'_>) {
    if let Some(signing) = seen.server_certificates.first() {
        eve.insert("signature_algorithm".to_owned(), algorithm_name(&signing.signature_algorithm).into());
    }
    if let Some(encryption) = seen.server_certificates.get(1) {
        let mut object = certificate(encryption);
        object.insert("signature_algorithm".to_owned(), algorithm_name(&encryption.signature_algorithm).into());
        eve.insert("encryption_certificate".to_owned(), object.into());
    }
    if let Some(client) = seen.client {
        let suites = client.suites.iter().map(|suite| suite_name(*suite)).collect::<Vec<_>>();
        eve.insert("client_cipher_suites".to_owned(), suites.into());
    }
}

fn algorithm_name(identifier: &str) -> &str {
    match identifier {
        "1.2.156.10197.1.501" => "SM2-SM3",
        "1.2.840.113549.1.1.11" => "RSA-SHA256",
        "1.2.840.113549.1.1.5" => "RSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        other => other,
    }
}
