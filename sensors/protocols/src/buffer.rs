//! The sticky buffers that rules look at and application parsers fill.

use crate::{AppProtocol, Direction};

/// What a sticky buffer is: its keyword, the directions it exists in, whether one transaction may hold several.
#[derive(Debug, Clone, Copy)]
pub struct BufferSpec {
    /// The buffer.
    pub buffer: Buffer,
    /// Keyword of Suricata's rule language.
    pub keyword: &'static str,
    /// Filled by what the client sends.
    pub to_server: bool,
    /// Filled by what the server sends.
    pub to_client: bool,
    /// One transaction may hold several values, each inspected on its own.
    pub multiple: bool,
    /// Protocol it belongs to; none for buffers that several protocols fill.
    pub protocol: Option<AppProtocol>,
}

/// Declares the buffers: name, keyword, flags, protocol. Flags: `S` to server, `C` to client, `M` multiple.
macro_rules! buffers {
    ($($name:ident, $keyword:literal, $flags:literal, $protocol:ident;)*) => {
        /// A sticky buffer of a transaction. Payload and stream are no such buffers: rules without one look at those.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Buffer {
            $(#[doc = concat!("`", $keyword, "`")] $name,)*
        }

        impl Buffer {
            /// Every buffer, in the order of the enum.
            pub const ALL: &[BufferSpec] = &[$(spec(Self::$name, $keyword, $flags, protocol!($protocol)),)*];
        }
    };
}

macro_rules! protocol {
    (any) => {
        None
    };
    ($name:ident) => {
        Some(AppProtocol::$name)
    };
}

buffers! {
    HttpUri, "http.uri", b"S", Http;
    HttpUriRaw, "http.uri.raw", b"S", Http;
    HttpMethod, "http.method", b"S", Http;
    HttpRequestLine, "http.request_line", b"S", Http;
    HttpRequestBody, "http.request_body", b"S", Http;
    HttpUserAgent, "http.user_agent", b"S", Http;
    HttpHost, "http.host", b"S", Http;
    HttpHostRaw, "http.host.raw", b"S", Http;
    HttpHeader, "http.header", b"SC", Http;
    HttpHeaderRaw, "http.header.raw", b"SC", Http;
    HttpHeaderNames, "http.header_names", b"SC", Http;
    HttpRequestHeader, "http.request_header", b"SM", Http;
    HttpResponseHeader, "http.response_header", b"CM", Http;
    HttpCookie, "http.cookie", b"SC", Http;
    HttpReferer, "http.referer", b"S", Http;
    HttpAccept, "http.accept", b"S", Http;
    HttpAcceptEncoding, "http.accept_enc", b"S", Http;
    HttpAcceptLanguage, "http.accept_lang", b"S", Http;
    HttpConnection, "http.connection", b"SC", Http;
    HttpContentType, "http.content_type", b"SC", Http;
    HttpContentLength, "http.content_len", b"SC", Http;
    HttpProtocol, "http.protocol", b"SC", Http;
    HttpStart, "http.start", b"SC", Http;
    HttpStatusCode, "http.stat_code", b"C", Http;
    HttpStatusMessage, "http.stat_msg", b"C", Http;
    HttpResponseLine, "http.response_line", b"C", Http;
    HttpResponseBody, "http.response_body", b"C", Http;
    HttpServer, "http.server", b"C", Http;
    HttpLocation, "http.location", b"C", Http;
    FileData, "file.data", b"SC", any;
    FileName, "file.name", b"SC", any;
    FileMagic, "file.magic", b"SC", any;
    DnsQuery, "dns.query", b"SM", Dns;
    DnsQueryName, "dns.query.name", b"SCM", Dns;
    DnsAnswerName, "dns.answer.name", b"SCM", Dns;
    DnsQueriesRrname, "dns.queries.rrname", b"SCM", Dns;
    DnsAnswersRrname, "dns.answers.rrname", b"SCM", Dns;
    DnsAdditionalsRrname, "dns.additionals.rrname", b"SCM", Dns;
    DnsAuthoritiesRrname, "dns.authorities.rrname", b"SCM", Dns;
    DnsResponseRrname, "dns.response.rrname", b"CM", Dns;
    TlsSni, "tls.sni", b"S", Tls;
    TlsCerts, "tls.certs", b"SCM", Tls;
    TlsCertSubject, "tls.cert_subject", b"SC", Tls;
    TlsCertIssuer, "tls.cert_issuer", b"SC", Tls;
    TlsCertSerial, "tls.cert_serial", b"SC", Tls;
    TlsCertFingerprint, "tls.cert_fingerprint", b"SC", Tls;
    TlsSubjectAltName, "tls.subjectaltname", b"CM", Tls;
    TlsAlpn, "tls.alpn", b"SCM", Tls;
    TlsRandom, "tls.random", b"SC", Tls;
    TlsRandomTime, "tls.random_time", b"SC", Tls;
    TlsRandomBytes, "tls.random_bytes", b"SC", Tls;
    Ja3Hash, "ja3.hash", b"S", Tls;
    Ja3String, "ja3.string", b"S", Tls;
    Ja3sHash, "ja3s.hash", b"C", Tls;
    Ja3sString, "ja3s.string", b"C", Tls;
    Ja4Hash, "ja4.hash", b"S", Tls;
    SshProto, "ssh.proto", b"SC", Ssh;
    SshSoftware, "ssh.software", b"SC", Ssh;
    SshHassh, "ssh.hassh", b"S", Ssh;
    SshHasshString, "ssh.hassh.string", b"S", Ssh;
    SshHasshServer, "ssh.hassh.server", b"C", Ssh;
    SshHasshServerString, "ssh.hassh.server.string", b"C", Ssh;
    SmbNamedPipe, "smb.named_pipe", b"SC", Smb;
    SmbShare, "smb.share", b"SC", Smb;
    SmbNtlmsspUser, "smb.ntlmssp_user", b"S", Smb;
    SmbNtlmsspDomain, "smb.ntlmssp_domain", b"S", Smb;
    DcerpcStubData, "dce_stub_data", b"SC", Dcerpc;
    Krb5Cname, "krb5.cname", b"SCM", Krb5;
    Krb5Sname, "krb5.sname", b"SCM", Krb5;
    SmtpHelo, "smtp.helo", b"S", Smtp;
    SmtpMailFrom, "smtp.mail_from", b"S", Smtp;
    SmtpRcptTo, "smtp.rcpt_to", b"SM", Smtp;
    EmailFrom, "email.from", b"S", Smtp;
    EmailTo, "email.to", b"S", Smtp;
    EmailSubject, "email.subject", b"S", Smtp;
    EmailCc, "email.cc", b"S", Smtp;
    EmailDate, "email.date", b"S", Smtp;
    EmailMessageId, "email.message_id", b"S", Smtp;
    EmailXMailer, "email.x_mailer", b"S", Smtp;
    EmailUrl, "email.url", b"SM", Smtp;
    EmailReceived, "email.received", b"SM", Smtp;
    FtpCommand, "ftp.command", b"S", Ftp;
    FtpCommandData, "ftp.command_data", b"S", Ftp;
    FtpReply, "ftp.reply", b"CM", Ftp;
    FtpCompletionCode, "ftp.completion_code", b"CM", Ftp;
    SnmpCommunity, "snmp.community", b"SC", Snmp;
    SnmpUsm, "snmp.usm", b"SC", Snmp;
    SipMethod, "sip.method", b"S", Sip;
    SipUri, "sip.uri", b"S", Sip;
    SipProtocol, "sip.protocol", b"SC", Sip;
    SipStatCode, "sip.stat_code", b"C", Sip;
    SipStatMsg, "sip.stat_msg", b"C", Sip;
    SipRequestLine, "sip.request_line", b"S", Sip;
    SipResponseLine, "sip.response_line", b"C", Sip;
    SipFrom, "sip.from", b"SC", Sip;
    SipTo, "sip.to", b"SC", Sip;
    SipVia, "sip.via", b"SC", Sip;
    SipUserAgent, "sip.ua", b"SC", Sip;
    SipContentType, "sip.content_type", b"SC", Sip;
    SipContentLength, "sip.content_length", b"SC", Sip;
    MqttConnectClientId, "mqtt.connect.clientid", b"S", Mqtt;
    MqttConnectUsername, "mqtt.connect.username", b"S", Mqtt;
    MqttConnectPassword, "mqtt.connect.password", b"S", Mqtt;
    MqttConnectWillTopic, "mqtt.connect.willtopic", b"S", Mqtt;
    MqttConnectWillMessage, "mqtt.connect.willmessage", b"S", Mqtt;
    MqttConnectProtocolString, "mqtt.connect.protocol_string", b"S", Mqtt;
    MqttPublishTopic, "mqtt.publish.topic", b"SC", Mqtt;
    MqttPublishMessage, "mqtt.publish.message", b"SC", Mqtt;
    MqttSubscribeTopic, "mqtt.subscribe.topic", b"SM", Mqtt;
    MqttUnsubscribeTopic, "mqtt.unsubscribe.topic", b"SM", Mqtt;
    QuicVersion, "quic.version", b"SC", Quic;
    QuicSni, "quic.sni", b"S", Quic;
    QuicUserAgent, "quic.ua", b"S", Quic;
    QuicCyuHash, "quic.cyu.hash", b"SM", Quic;
    QuicCyuString, "quic.cyu.string", b"SM", Quic;
    RfbName, "rfb.name", b"SC", Rfb;
    IkeInitSpi, "ike.init_spi", b"SC", Ike;
    IkeRespSpi, "ike.resp_spi", b"SC", Ike;
    IkeVendor, "ike.vendor", b"SCM", Ike;
    LdapRequestDn, "ldap.request.dn", b"S", Ldap;
    LdapResponsesDn, "ldap.responses.dn", b"CM", Ldap;
    EmailBodyMd5, "email.body_md5", b"S", Smtp;
    EmailCommand, "email.command", b"S", Smtp;
    MdnsQueriesRrname, "mdns.queries.rrname", b"SCM", Mdns;
    MdnsAnswersRrname, "mdns.answers.rrname", b"SCM", Mdns;
    MdnsAdditionalsRrname, "mdns.additionals.rrname", b"SCM", Mdns;
    MdnsAuthoritiesRrname, "mdns.authorities.rrname", b"SCM", Mdns;
    MdnsResponseRrname, "mdns.response.rrname", b"SCM", Mdns;
    LlmnrQueriesRrname, "llmnr.queries.rrname", b"SCM", Llmnr;
    LlmnrAnswersRrname, "llmnr.answers.rrname", b"SCM", Llmnr;
    LlmnrAdditionalsRrname, "llmnr.additionals.rrname", b"SCM", Llmnr;
    LlmnrAuthoritiesRrname, "llmnr.authorities.rrname", b"SCM", Llmnr;
    LlmnrResponseRrname, "llmnr.response.rrname", b"SCM", Llmnr;
    Http2HeaderName, "http2.header_name", b"SCM", Http2;
    Http2Header, "http2.header", b"SCM", Http2;
    ImapRequest, "imap.request", b"SM", Imap;
    ImapResponse, "imap.response", b"CM", Imap;
    ImapEmailBody, "imap.email.body", b"SC", Imap;
    ImapEmailHeader, "imap.email.header", b"SCM", Imap;
    ImapEmailHeaderName, "imap.email.header.name", b"SCM", Imap;
    ImapEmailHeaderValue, "imap.email.header.value", b"SCM", Imap;
    SdpOrigin, "sdp.origin", b"SC", Sip;
    SdpSessionName, "sdp.session_name", b"SC", Sip;
    SdpSessionInfo, "sdp.session_info", b"SC", Sip;
    SdpUri, "sdp.uri", b"SC", Sip;
    SdpEmail, "sdp.email", b"SC", Sip;
    SdpPhoneNumber, "sdp.phone_number", b"SC", Sip;
    SdpConnectionData, "sdp.connection_data", b"SC", Sip;
    SdpBandwidth, "sdp.bandwidth", b"SCM", Sip;
    SdpTime, "sdp.time", b"SCM", Sip;
    SdpRepeatTime, "sdp.repeat_time", b"SCM", Sip;
    SdpTimezone, "sdp.timezone", b"SC", Sip;
    SdpEncryptionKey, "sdp.encryption_key", b"SC", Sip;
    SdpAttribute, "sdp.attribute", b"SCM", Sip;
    SdpMediaMedia, "sdp.media.media", b"SCM", Sip;
    SdpMediaSessionInfo, "sdp.media.media_info", b"SCM", Sip;
    SdpMediaConnectionData, "sdp.media.connection_data", b"SCM", Sip;
    SdpMediaEncryptionKey, "sdp.media.encryption_key", b"SCM", Sip;
    LdapResponsesMessage, "ldap.responses.message", b"CM", Ldap;
    LdapRequestAttributeType, "ldap.request.attribute_type", b"SM", Ldap;
    LdapResponsesAttributeType, "ldap.responses.attribute_type", b"CM", Ldap;
    IkeNoncePayload, "ike.nonce_payload", b"SC", Ike;
    IkeKeyExchangePayload, "ike.key_exchange_payload", b"SC", Ike;
    WebsocketPayload, "websocket.payload", b"SC", Websocket;
    PgsqlQuery, "pgsql.query", b"S", Pgsql;
    SnmpTrapOid, "snmp.trap_oid", b"SC", Snmp;
    SnmpTrapAddress, "snmp.trap_address", b"SC", Snmp;
    NtpReferenceId, "ntp.reference_id", b"SC", Ntp;
    EnipProductName, "enip.product_name", b"SC", Enip;
    EnipServiceName, "enip.service_name", b"SC", Enip;
    Dnp3Data, "dnp3_data", b"SC", Dnp3;
    TftpFile, "tftp.file", b"S", Tftp;
    TftpMode, "tftp.mode", b"S", Tftp;
    RdpCookie, "rdp.cookie", b"S", Rdp;
}

const fn spec(buffer: Buffer, keyword: &'static str, flags: &[u8], protocol: Option<AppProtocol>) -> BufferSpec {
    BufferSpec {
        buffer,
        keyword,
        to_server: has(flags, b'S'),
        to_client: has(flags, b'C'),
        multiple: has(flags, b'M'),
        protocol,
    }
}

const fn has(flags: &[u8], flag: u8) -> bool {
    let mut index = 0;
    while index < flags.len() {
        if flags[index] == flag {
            return true;
        }
        index += 1;
    }
    false
}

impl Buffer {
    /// What this buffer is.
    #[must_use]
    pub fn spec(self) -> &'static BufferSpec {
        &Self::ALL[self as usize]
    }

    /// The keyword of the rule language.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        self.spec().keyword
    }

    /// The buffer of a keyword of the rule language.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.iter().find(|spec| spec.keyword == keyword).map(|spec| spec.buffer)
    }
}

/// How many times what has come of a value it may take as room for what is announced.
const ROOM_TIMES: usize = 8;

/// The filled buffers of one transaction, in the order they were filled.
#[derive(Debug, Clone, Default)]
pub struct Buffers(Vec<Filled>);

#[derive(Debug, Clone)]
struct Filled {
    direction: Direction,
    buffer: Buffer,
    /// A second buffer that holds the same bytes: a body that is a file.
    twin: Option<Buffer>,
    value: Vec<u8>,
    /// Counts up when the value is replaced by another one.
    version: u32,
}

impl Filled {
    fn is(&self, direction: Direction, buffer: Buffer) -> bool {
        self.direction == direction && (self.buffer == buffer || self.twin == Some(buffer))
    }
}

/// One value of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct BufferValue<'a> {
    /// The buffer.
    pub buffer: Buffer,
    /// Its bytes.
    pub value: &'a [u8],
    /// Counts up when the value is replaced by another one; appending leaves it.
    pub version: u32,
}

impl Buffers {
    /// Sets a buffer; one that is not `multiple` is replaced.
    pub fn set(&mut self, direction: Direction, buffer: Buffer, value: impl Into<Vec<u8>>) {
        let value = value.into();
        if !buffer.spec().multiple
            && let Some(filled) = self.find(direction, buffer, None)
        {
            filled.version += u32::from(filled.value != value);
            filled.value = value;
            return;
        }
        self.0.push(Filled { direction, buffer, twin: None, value, version: 0 });
    }

    /// Appends to a buffer that grows with the stream (bodies), creating it when it is not there.
    pub fn append(&mut self, direction: Direction, buffer: Buffer, bytes: &[u8]) {
        self.append_twins(direction, buffer, None, bytes);
    }

    /// Begins another value of a buffer that grows, behind those that are there: the next file of a form.
    pub fn begin(&mut self, direction: Direction, buffer: Buffer) {
        if self.get(direction, buffer).last().is_some_and(|value| !value.is_empty()) {
            self.0.push(Filled { direction, buffer, twin: None, value: Vec::new(), version: 0 });
        }
    }

    /// Appends to two buffers that hold the same bytes from the first one on. Both are kept once as long as neither is
    /// filled by itself.
    pub fn append_both(&mut self, direction: Direction, (buffer, twin): (Buffer, Buffer), bytes: &[u8]) {
        let both = |filled: &Filled| filled.buffer == buffer && filled.twin == Some(twin);
        let parted = self.0.iter().any(|filled| filled.is(direction, twin) && !both(filled))
            || self.0.iter().any(|filled| filled.is(direction, buffer) && !both(filled));
        if parted {
            self.append_twins(direction, buffer, None, bytes);
            self.append_twins(direction, twin, None, bytes);
        } else {
            self.append_twins(direction, buffer, Some(twin), bytes);
        }
    }

    /// Prepares a value for so many bytes in all, of which the next `more` are there: room for a few times what has come,
    /// so that it seldom moves and no promise takes memory.
    pub fn make_room(&mut self, direction: Direction, buffer: Buffer, (more, all): (usize, usize)) {
        let Some(filled) = self.0.iter_mut().find(|filled| filled.is(direction, buffer)) else { return };
        let needed = filled.value.len() + more;
        if needed > filled.value.capacity() {
            let wanted = all.min(needed.saturating_mul(ROOM_TIMES)).max(needed);
            filled.value.reserve_exact(wanted - filled.value.len());
        }
    }

    fn append_twins(&mut self, direction: Direction, buffer: Buffer, twin: Option<Buffer>, bytes: &[u8]) {
        match self.find(direction, buffer, twin) {
            Some(filled) => filled.value.extend_from_slice(bytes),
            None => self.0.push(Filled { direction, buffer, twin, value: bytes.to_vec(), version: 0 }),
        }
    }

    /// A value that is to be changed; one that two buffers share but only one of them changes is parted first.
    fn find(&mut self, direction: Direction, buffer: Buffer, twin: Option<Buffer>) -> Option<&mut Filled> {
        let place = self.0.iter().rposition(|filled| filled.is(direction, buffer))?;
        // Each stays in its place: whoever has looked at the values knows them by that.
        if let Some(other) = self.0[place].twin.take_if(|other| Some(*other) != twin) {
            let parted = Filled { buffer: other, ..self.0[place].clone() };
            self.0.insert(place + 1, parted);
            return self.0.get_mut(place + usize::from(buffer == other));
        }
        self.0.get_mut(place)
    }

    /// Every value of a buffer in a direction.
    pub fn get(&self, direction: Direction, buffer: Buffer) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |filled| filled.is(direction, buffer)).map(|filled| filled.value.as_slice())
    }

    /// Every filled buffer of a direction.
    pub fn of(&self, direction: Direction) -> impl Iterator<Item = (Buffer, &[u8])> {
        self.values(direction).map(|filled| (filled.buffer, filled.value))
    }

    /// Every filled buffer of a direction, with its version.
    pub fn values(&self, direction: Direction) -> impl Iterator<Item = BufferValue<'_>> {
        let filled = self.0.iter().filter(move |filled| filled.direction == direction);
        filled.flat_map(|filled| {
            let value = |buffer| BufferValue { buffer, value: &filled.value, version: filled.version };
            std::iter::once(value(filled.buffer)).chain(filled.twin.map(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_keywords_are_unique() {
        for (index, spec) in Buffer::ALL.iter().enumerate() {
            assert_eq!(spec.buffer as usize, index, "{}", spec.keyword);
            assert_eq!(Buffer::from_keyword(spec.keyword), Some(spec.buffer));
        }
    }

    #[test]
    fn a_buffer_that_grows_may_have_several_values() {
        let mut buffers = Buffers::default();
        let way = Direction::ToServer;
        buffers.begin(way, Buffer::FileData);
        for bytes in [&b"ab"[..], b"c"] {
            buffers.append(way, Buffer::FileData, bytes);
        }
        buffers.begin(way, Buffer::FileData);
        buffers.begin(way, Buffer::FileData);
        buffers.append(way, Buffer::FileData, b"d");
        assert_eq!(buffers.get(way, Buffer::FileData).collect::<Vec<_>>(), [&b"abc"[..], b"d"]);
    }

    #[test]
    fn room_is_made_for_what_is_announced_but_not_for_any_promise() {
        let (way, body) = (Direction::ToClient, Buffer::HttpResponseBody);
        let mut buffers = Buffers::default();
        let room = |buffers: &Buffers| buffers.0.first().map_or(0, |filled| filled.value.capacity());
        buffers.make_room(way, body, (10, 50));
        buffers.append(way, body, &[0; 10]);
        buffers.make_room(way, body, (10, 50));
        assert_eq!(room(&buffers), 50);
        buffers.make_room(way, body, (100, 1 << 30));
        assert_eq!(room(&buffers), 110 * ROOM_TIMES);
        buffers.make_room(way, body, (1_000, 7));
        assert_eq!(room(&buffers), 1_010);
    }

    #[test]
    fn buffers_with_the_same_bytes_are_as_if_each_had_its_own() {
        let (way, body, file) = (Direction::ToClient, Buffer::HttpResponseBody, Buffer::FileData);
        let mut buffers = Buffers::default();
        buffers.append_both(way, (body, file), b"ab");
        buffers.append_both(way, (body, file), b"c");
        let seen =
            |buffers: &Buffers| buffers.of(way).map(|(buffer, value)| (buffer, value.to_vec())).collect::<Vec<_>>();
        assert_eq!(seen(&buffers), [(body, b"abc".to_vec()), (file, b"abc".to_vec())]);
        buffers.append(way, file, b"d");
        buffers.append_both(way, (body, file), b"e");
        assert_eq!(buffers.get(way, body).collect::<Vec<_>>(), [b"abce"]);
        assert_eq!(buffers.get(way, file).collect::<Vec<_>>(), [b"abcde"]);
        buffers.set(way, body, b"x");
        assert_eq!(buffers.get(way, body).collect::<Vec<_>>(), [b"x"]);
        assert_eq!(buffers.get(way, file).collect::<Vec<_>>(), [b"abcde"]);
    }
}
