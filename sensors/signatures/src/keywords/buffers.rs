//! Sticky buffers: their older names, the content modifiers of old, and what else changes where a rule looks.

use std::collections::HashMap;
use std::sync::LazyLock;

use fengsui_protocols::{Buffer, Direction, FrameKind};

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, without_value};
use crate::number::Comparison;
use crate::rule::{Absent, Source, Test};

/// Other names of sticky buffers.
const ALIASES: &[(&str, Buffer)] = &[
    ("file_data", Buffer::FileData),
    ("dns_query", Buffer::DnsQuery),
    ("tls_sni", Buffer::TlsSni),
    ("tls_cert_subject", Buffer::TlsCertSubject),
    ("tls_cert_issuer", Buffer::TlsCertIssuer),
    ("tls_cert_serial", Buffer::TlsCertSerial),
    ("tls_cert_fingerprint", Buffer::TlsCertFingerprint),
    ("ja3_hash", Buffer::Ja3Hash),
    ("ja3_string", Buffer::Ja3String),
    ("ja3s_hash", Buffer::Ja3sHash),
    ("ja3s_string", Buffer::Ja3sString),
    ("ssh_proto", Buffer::SshProto),
    ("ssh_software", Buffer::SshSoftware),
    ("http_request_line", Buffer::HttpRequestLine),
    ("http_response_line", Buffer::HttpResponseLine),
    ("http_protocol", Buffer::HttpProtocol),
    ("http_start", Buffer::HttpStart),
    ("http_header_names", Buffer::HttpHeaderNames),
    ("http_accept", Buffer::HttpAccept),
    ("http_accept_enc", Buffer::HttpAcceptEncoding),
    ("http_accept_lang", Buffer::HttpAcceptLanguage),
    ("http_connection", Buffer::HttpConnection),
    ("http_referer", Buffer::HttpReferer),
    ("http_content_type", Buffer::HttpContentType),
    ("http_content_len", Buffer::HttpContentLength),
    ("smb_named_pipe", Buffer::SmbNamedPipe),
    ("smb_share", Buffer::SmbShare),
    ("dcerpc.stub_data", Buffer::DcerpcStubData),
    ("dnp3.data", Buffer::Dnp3Data),
    ("krb5_cname", Buffer::Krb5Cname),
    ("krb5_sname", Buffer::Krb5Sname),
];

/// Buffers by present and older names.
static INDEX: LazyLock<HashMap<&'static str, Buffer>> = LazyLock::new(|| {
    let present = Buffer::ALL.iter().map(|spec| (spec.keyword, spec.buffer));
    ALIASES.iter().copied().chain(present).collect()
});

/// The buffer of a keyword, by its present or an older name.
pub(crate) fn find(name: &str) -> Option<Buffer> {
    INDEX.get(name).copied()
}

/// Makes a sticky buffer current. The value may name a direction (`http.connection:to_server`).
pub(crate) fn look_at(draft: &mut Draft<'_>, buffer: Buffer, value: &str) -> Result<(), String> {
    match value.trim() {
        "" => {}
        "to_server" | "request" => draft.direction = Some(Direction::ToServer),
        "to_client" | "response" => draft.direction = Some(Direction::ToClient),
        _ => return Err(format!("takes no value or a direction, not {}", fengsui_schema::shown(value))),
    }
    draft.look_at(Source::Buffer(buffer));
    Ok(())
}

macro_rules! modifier {
    ($name:literal, $buffer:ident) => {
        keyword($name, |draft, value| {
            without_value(value)?;
            draft.move_last(Source::Buffer(Buffer::$buffer))
        })
    };
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    modifier!("http_uri", HttpUri),
    modifier!("http_raw_uri", HttpUriRaw),
    modifier!("http_method", HttpMethod),
    modifier!("http_header", HttpHeader),
    modifier!("http_raw_header", HttpHeaderRaw),
    modifier!("http_cookie", HttpCookie),
    modifier!("http_user_agent", HttpUserAgent),
    modifier!("http_host", HttpHost),
    modifier!("http_raw_host", HttpHostRaw),
    modifier!("http_client_body", HttpRequestBody),
    modifier!("http_server_body", HttpResponseBody),
    modifier!("http_stat_code", HttpStatusCode),
    modifier!("http_stat_msg", HttpStatusMessage),
    keyword("uricontent", |draft, value| {
        draft.look_at(Source::Payload);
        super::apply(draft, "content", value)?;
        draft.move_last(Source::Buffer(Buffer::HttpUri))
    }),
    keyword("pkt_data", |draft, value| {
        without_value(value)?;
        draft.look_at(Source::Payload);
        Ok(())
    }),
    keyword("ipv4.hdr", |draft, _| packet_bytes(draft, Source::NetworkHeader)),
    keyword("ipv6.hdr", |draft, _| packet_bytes(draft, Source::NetworkHeader)),
    keyword("tcp.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("udp.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("icmpv4.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("icmpv6.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("ether.hdr", |draft, _| packet_bytes(draft, Source::EthernetHeader)),
    keyword("igmp.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("sctp.hdr", |draft, _| packet_bytes(draft, Source::TransportHeader)),
    keyword("sctp.chunk_data", |draft, _| packet_bytes(draft, Source::SctpData)),
    keyword("ip.src", |draft, _| packet_bytes(draft, Source::SenderAddress)),
    keyword("ip.dst", |draft, _| packet_bytes(draft, Source::ReceiverAddress)),
    keyword("frame", |draft, value| {
        let kind = FrameKind::find(&draft.applications, value.trim());
        draft.look_at(Source::Frame(kind.ok_or_else(|| format!("{} is no frame", fengsui_schema::shown(value)))?));
        Ok(())
    }),
    keyword("urilen", uri_length),
    keyword("absent", |draft, value| match value {
        "" => draft.absent(Absent::Required),
        "or_else" => draft.absent(Absent::Allowed),
        _ => Err("takes nothing or or_else".to_owned()),
    }),
];

fn packet_bytes(draft: &mut Draft<'_>, source: Source) -> Result<(), String> {
    draft.look_at(source);
    Ok(())
}

fn uri_length(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (length, form) = value.split_once(',').unwrap_or((value, "norm"));
    let buffer = match form.trim() {
        "norm" => Buffer::HttpUri,
        "raw" => Buffer::HttpUriRaw,
        other => return Err(format!("{} is neither norm nor raw", fengsui_schema::shown(other))),
    };
    draft.push_into(Source::Buffer(buffer), Test::Size(Comparison::parse(length)?));
    Ok(())
}
