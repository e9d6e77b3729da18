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

/// A sticky buffer of a transaction. Payload and stream are no such buffers: rules without one look at those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buffer {
    /// `http.uri`
    HttpUri,
    /// `http.uri.raw`
    HttpUriRaw,
    /// `http.method`
    HttpMethod,
    /// `http.request_line`
    HttpRequestLine,
    /// `http.request_body`
    HttpRequestBody,
    /// `http.user_agent`
    HttpUserAgent,
    /// `http.host`
    HttpHost,
    /// `http.host.raw`
    HttpHostRaw,
    /// `http.header`
    HttpHeader,
    /// `http.header.raw`
    HttpHeaderRaw,
    /// `http.header_names`
    HttpHeaderNames,
    /// `http.request_header`
    HttpRequestHeader,
    /// `http.response_header`
    HttpResponseHeader,
    /// `http.cookie`
    HttpCookie,
    /// `http.referer`
    HttpReferer,
    /// `http.accept`
    HttpAccept,
    /// `http.accept_enc`
    HttpAcceptEncoding,
    /// `http.accept_lang`
    HttpAcceptLanguage,
    /// `http.connection`
    HttpConnection,
    /// `http.content_type`
    HttpContentType,
    /// `http.content_len`
    HttpContentLength,
    /// `http.protocol`
    HttpProtocol,
    /// `http.start`
    HttpStart,
    /// `http.stat_code`
    HttpStatusCode,
    /// `http.stat_msg`
    HttpStatusMessage,
    /// `http.response_line`
    HttpResponseLine,
    /// `http.response_body`
    HttpResponseBody,
    /// `http.server`
    HttpServer,
    /// `http.location`
    HttpLocation,
    /// `file.data`
    FileData,
    /// `file.name`
    FileName,
    /// `file.magic`
    FileMagic,
    /// `dns.query`
    DnsQuery,
    /// `dns.query.name`
    DnsQueryName,
    /// `dns.answer.name`
    DnsAnswerName,
    /// `dns.queries.rrname`
    DnsQueriesRrname,
    /// `dns.answers.rrname`
    DnsAnswersRrname,
    /// `dns.additionals.rrname`
    DnsAdditionalsRrname,
    /// `dns.authorities.rrname`
    DnsAuthoritiesRrname,
    /// `dns.response.rrname`
    DnsResponseRrname,
    /// `tls.sni`
    TlsSni,
    /// `tls.certs`
    TlsCerts,
    /// `tls.cert_subject`
    TlsCertSubject,
    /// `tls.cert_issuer`
    TlsCertIssuer,
    /// `tls.cert_serial`
    TlsCertSerial,
    /// `tls.cert_fingerprint`
    TlsCertFingerprint,
    /// `tls.subjectaltname`
    TlsSubjectAltName,
    /// `tls.alpn`
    TlsAlpn,
    /// `tls.random`
    TlsRandom,
    /// `tls.random_time`
    TlsRandomTime,
    /// `tls.random_bytes`
    TlsRandomBytes,
    /// `ja3.hash`
    Ja3Hash,
    /// `ja3.string`
    Ja3String,
    /// `ja3s.hash`
    Ja3sHash,
    /// `ja3s.string`
    Ja3sString,
    /// `ja4.hash`
    Ja4Hash,
    /// `ssh.proto`
    SshProto,
    /// `ssh.software`
    SshSoftware,
    /// `ssh.hassh`
    SshHassh,
    /// `ssh.hassh.string`
    SshHasshString,
    /// `ssh.hassh.server`
    SshHasshServer,
    /// `ssh.hassh.server.string`
    SshHasshServerString,
    /// `smb.named_pipe`
    SmbNamedPipe,
    /// `smb.share`
    SmbShare,
    /// `smb.ntlmssp_user`
    SmbNtlmsspUser,
    /// `smb.ntlmssp_domain`
    SmbNtlmsspDomain,
    /// `dce_stub_data`
    DcerpcStubData,
    /// `krb5.cname`
    Krb5Cname,
    /// `krb5.sname`
    Krb5Sname,
    /// `smtp.helo`
    SmtpHelo,
    /// `smtp.mail_from`
    SmtpMailFrom,
    /// `smtp.rcpt_to`
    SmtpRcptTo,
    /// `email.from`
    EmailFrom,
    /// `email.to`
    EmailTo,
    /// `email.subject`
    EmailSubject,
    /// `email.cc`
    EmailCc,
    /// `email.date`
    EmailDate,
    /// `email.message_id`
    EmailMessageId,
    /// `email.x_mailer`
    EmailXMailer,
    /// `email.url`
    EmailUrl,
    /// `email.received`
    EmailReceived,
    /// `ftp.command`
    FtpCommand,
    /// `ftp.command_data`
    FtpCommandData,
    /// `ftp.reply`
    FtpReply,
    /// `ftp.completion_code`
    FtpCompletionCode,
    /// `snmp.community`
    SnmpCommunity,
    /// `snmp.usm`
    SnmpUsm,
    /// `sip.method`
    SipMethod,
    /// `sip.uri`
    SipUri,
    /// `sip.protocol`
    SipProtocol,
    /// `sip.stat_code`
    SipStatCode,
    /// `sip.stat_msg`
    SipStatMsg,
    /// `sip.request_line`
    SipRequestLine,
    /// `sip.response_line`
    SipResponseLine,
    /// `sip.from`
    SipFrom,
    /// `sip.to`
    SipTo,
    /// `sip.via`
    SipVia,
    /// `sip.ua`
    SipUserAgent,
    /// `sip.content_type`
    SipContentType,
    /// `sip.content_length`
    SipContentLength,
    /// `mqtt.connect.clientid`
    MqttConnectClientId,
    /// `mqtt.connect.username`
    MqttConnectUsername,
    /// `mqtt.connect.password`
    MqttConnectPassword,
    /// `mqtt.connect.willtopic`
    MqttConnectWillTopic,
    /// `mqtt.connect.willmessage`
    MqttConnectWillMessage,
    /// `mqtt.connect.protocol_string`
    MqttConnectProtocolString,
    /// `mqtt.publish.topic`
    MqttPublishTopic,
    /// `mqtt.publish.message`
    MqttPublishMessage,
    /// `mqtt.subscribe.topic`
    MqttSubscribeTopic,
    /// `mqtt.unsubscribe.topic`
    MqttUnsubscribeTopic,
    /// `quic.version`
    QuicVersion,
    /// `quic.sni`
    QuicSni,
    /// `quic.ua`
    QuicUserAgent,
    /// `quic.cyu.hash`
    QuicCyuHash,
    /// `quic.cyu.string`
    QuicCyuString,
    /// `rfb.name`
    RfbName,
    /// `ike.init_spi`
    IkeInitSpi,
    /// `ike.resp_spi`
    IkeRespSpi,
    /// `ike.vendor`
    IkeVendor,
    /// `ldap.request.dn`
    LdapRequestDn,
    /// `ldap.responses.dn`
    LdapResponsesDn,
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
    /// Every buffer, in the order of the enum. Flags: `S` to server, `C` to client, `M` multiple.
    pub const ALL: &[BufferSpec] = &[
        spec(Self::HttpUri, "http.uri", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpUriRaw, "http.uri.raw", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpMethod, "http.method", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpRequestLine, "http.request_line", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpRequestBody, "http.request_body", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpUserAgent, "http.user_agent", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpHost, "http.host", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpHostRaw, "http.host.raw", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpHeader, "http.header", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpHeaderRaw, "http.header.raw", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpHeaderNames, "http.header_names", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpRequestHeader, "http.request_header", b"SM", Some(AppProtocol::Http)),
        spec(Self::HttpResponseHeader, "http.response_header", b"CM", Some(AppProtocol::Http)),
        spec(Self::HttpCookie, "http.cookie", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpReferer, "http.referer", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpAccept, "http.accept", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpAcceptEncoding, "http.accept_enc", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpAcceptLanguage, "http.accept_lang", b"S", Some(AppProtocol::Http)),
        spec(Self::HttpConnection, "http.connection", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpContentType, "http.content_type", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpContentLength, "http.content_len", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpProtocol, "http.protocol", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpStart, "http.start", b"SC", Some(AppProtocol::Http)),
        spec(Self::HttpStatusCode, "http.stat_code", b"C", Some(AppProtocol::Http)),
        spec(Self::HttpStatusMessage, "http.stat_msg", b"C", Some(AppProtocol::Http)),
        spec(Self::HttpResponseLine, "http.response_line", b"C", Some(AppProtocol::Http)),
        spec(Self::HttpResponseBody, "http.response_body", b"C", Some(AppProtocol::Http)),
        spec(Self::HttpServer, "http.server", b"C", Some(AppProtocol::Http)),
        spec(Self::HttpLocation, "http.location", b"C", Some(AppProtocol::Http)),
        spec(Self::FileData, "file.data", b"SC", None),
        spec(Self::FileName, "file.name", b"SC", None),
        spec(Self::FileMagic, "file.magic", b"SC", None),
        spec(Self::DnsQuery, "dns.query", b"SM", Some(AppProtocol::Dns)),
        spec(Self::DnsQueryName, "dns.query.name", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsAnswerName, "dns.answer.name", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsQueriesRrname, "dns.queries.rrname", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsAnswersRrname, "dns.answers.rrname", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsAdditionalsRrname, "dns.additionals.rrname", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsAuthoritiesRrname, "dns.authorities.rrname", b"SCM", Some(AppProtocol::Dns)),
        spec(Self::DnsResponseRrname, "dns.response.rrname", b"CM", Some(AppProtocol::Dns)),
        spec(Self::TlsSni, "tls.sni", b"S", Some(AppProtocol::Tls)),
        spec(Self::TlsCerts, "tls.certs", b"SCM", Some(AppProtocol::Tls)),
        spec(Self::TlsCertSubject, "tls.cert_subject", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsCertIssuer, "tls.cert_issuer", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsCertSerial, "tls.cert_serial", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsCertFingerprint, "tls.cert_fingerprint", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsSubjectAltName, "tls.subjectaltname", b"CM", Some(AppProtocol::Tls)),
        spec(Self::TlsAlpn, "tls.alpn", b"SCM", Some(AppProtocol::Tls)),
        spec(Self::TlsRandom, "tls.random", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsRandomTime, "tls.random_time", b"SC", Some(AppProtocol::Tls)),
        spec(Self::TlsRandomBytes, "tls.random_bytes", b"SC", Some(AppProtocol::Tls)),
        spec(Self::Ja3Hash, "ja3.hash", b"S", Some(AppProtocol::Tls)),
        spec(Self::Ja3String, "ja3.string", b"S", Some(AppProtocol::Tls)),
        spec(Self::Ja3sHash, "ja3s.hash", b"C", Some(AppProtocol::Tls)),
        spec(Self::Ja3sString, "ja3s.string", b"C", Some(AppProtocol::Tls)),
        spec(Self::Ja4Hash, "ja4.hash", b"S", Some(AppProtocol::Tls)),
        spec(Self::SshProto, "ssh.proto", b"SC", Some(AppProtocol::Ssh)),
        spec(Self::SshSoftware, "ssh.software", b"SC", Some(AppProtocol::Ssh)),
        spec(Self::SshHassh, "ssh.hassh", b"S", Some(AppProtocol::Ssh)),
        spec(Self::SshHasshString, "ssh.hassh.string", b"S", Some(AppProtocol::Ssh)),
        spec(Self::SshHasshServer, "ssh.hassh.server", b"C", Some(AppProtocol::Ssh)),
        spec(Self::SshHasshServerString, "ssh.hassh.server.string", b"C", Some(AppProtocol::Ssh)),
        spec(Self::SmbNamedPipe, "smb.named_pipe", b"SC", Some(AppProtocol::Smb)),
        spec(Self::SmbShare, "smb.share", b"SC", Some(AppProtocol::Smb)),
        spec(Self::SmbNtlmsspUser, "smb.ntlmssp_user", b"S", Some(AppProtocol::Smb)),
        spec(Self::SmbNtlmsspDomain, "smb.ntlmssp_domain", b"S", Some(AppProtocol::Smb)),
        spec(Self::DcerpcStubData, "dce_stub_data", b"SC", Some(AppProtocol::Dcerpc)),
        spec(Self::Krb5Cname, "krb5.cname", b"SCM", Some(AppProtocol::Krb5)),
        spec(Self::Krb5Sname, "krb5.sname", b"SCM", Some(AppProtocol::Krb5)),
        spec(Self::SmtpHelo, "smtp.helo", b"S", Some(AppProtocol::Smtp)),
        spec(Self::SmtpMailFrom, "smtp.mail_from", b"S", Some(AppProtocol::Smtp)),
        spec(Self::SmtpRcptTo, "smtp.rcpt_to", b"SM", Some(AppProtocol::Smtp)),
        spec(Self::EmailFrom, "email.from", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailTo, "email.to", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailSubject, "email.subject", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailCc, "email.cc", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailDate, "email.date", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailMessageId, "email.message_id", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailXMailer, "email.x_mailer", b"S", Some(AppProtocol::Smtp)),
        spec(Self::EmailUrl, "email.url", b"SM", Some(AppProtocol::Smtp)),
        spec(Self::EmailReceived, "email.received", b"SM", Some(AppProtocol::Smtp)),
        spec(Self::FtpCommand, "ftp.command", b"S", Some(AppProtocol::Ftp)),
        spec(Self::FtpCommandData, "ftp.command_data", b"S", Some(AppProtocol::Ftp)),
        spec(Self::FtpReply, "ftp.reply", b"CM", Some(AppProtocol::Ftp)),
        spec(Self::FtpCompletionCode, "ftp.completion_code", b"CM", Some(AppProtocol::Ftp)),
        spec(Self::SnmpCommunity, "snmp.community", b"SC", Some(AppProtocol::Snmp)),
        spec(Self::SnmpUsm, "snmp.usm", b"SC", Some(AppProtocol::Snmp)),
        spec(Self::SipMethod, "sip.method", b"S", Some(AppProtocol::Sip)),
        spec(Self::SipUri, "sip.uri", b"S", Some(AppProtocol::Sip)),
        spec(Self::SipProtocol, "sip.protocol", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipStatCode, "sip.stat_code", b"C", Some(AppProtocol::Sip)),
        spec(Self::SipStatMsg, "sip.stat_msg", b"C", Some(AppProtocol::Sip)),
        spec(Self::SipRequestLine, "sip.request_line", b"S", Some(AppProtocol::Sip)),
        spec(Self::SipResponseLine, "sip.response_line", b"C", Some(AppProtocol::Sip)),
        spec(Self::SipFrom, "sip.from", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipTo, "sip.to", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipVia, "sip.via", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipUserAgent, "sip.ua", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipContentType, "sip.content_type", b"SC", Some(AppProtocol::Sip)),
        spec(Self::SipContentLength, "sip.content_length", b"SC", Some(AppProtocol::Sip)),
        spec(Self::MqttConnectClientId, "mqtt.connect.clientid", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttConnectUsername, "mqtt.connect.username", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttConnectPassword, "mqtt.connect.password", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttConnectWillTopic, "mqtt.connect.willtopic", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttConnectWillMessage, "mqtt.connect.willmessage", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttConnectProtocolString, "mqtt.connect.protocol_string", b"S", Some(AppProtocol::Mqtt)),
        spec(Self::MqttPublishTopic, "mqtt.publish.topic", b"SC", Some(AppProtocol::Mqtt)),
        spec(Self::MqttPublishMessage, "mqtt.publish.message", b"SC", Some(AppProtocol::Mqtt)),
        spec(Self::MqttSubscribeTopic, "mqtt.subscribe.topic", b"SM", Some(AppProtocol::Mqtt)),
        spec(Self::MqttUnsubscribeTopic, "mqtt.unsubscribe.topic", b"SM", Some(AppProtocol::Mqtt)),
        spec(Self::QuicVersion, "quic.version", b"SC", Some(AppProtocol::Quic)),
        spec(Self::QuicSni, "quic.sni", b"S", Some(AppProtocol::Quic)),
        spec(Self::QuicUserAgent, "quic.ua", b"S", Some(AppProtocol::Quic)),
        spec(Self::QuicCyuHash, "quic.cyu.hash", b"SM", Some(AppProtocol::Quic)),
        spec(Self::QuicCyuString, "quic.cyu.string", b"SM", Some(AppProtocol::Quic)),
        spec(Self::RfbName, "rfb.name", b"SC", Some(AppProtocol::Rfb)),
        spec(Self::IkeInitSpi, "ike.init_spi", b"SC", Some(AppProtocol::Ike)),
        spec(Self::IkeRespSpi, "ike.resp_spi", b"SC", Some(AppProtocol::Ike)),
        spec(Self::IkeVendor, "ike.vendor", b"SCM", Some(AppProtocol::Ike)),
        spec(Self::LdapRequestDn, "ldap.request.dn", b"S", Some(AppProtocol::Ldap)),
        spec(Self::LdapResponsesDn, "ldap.responses.dn", b"CM", Some(AppProtocol::Ldap)),
    ];

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

/// The filled buffers of one transaction, in the order they were filled.
#[derive(Debug, Clone, Default)]
pub struct Buffers(Vec<(Direction, Buffer, Vec<u8>)>);

impl Buffers {
    /// Sets a buffer; one that is not `multiple` is replaced.
    pub fn set(&mut self, direction: Direction, buffer: Buffer, value: impl Into<Vec<u8>>) {
        let value = value.into();
        if !buffer.spec().multiple
            && let Some(entry) = self.0.iter_mut().find(|entry| entry.0 == direction && entry.1 == buffer)
        {
            entry.2 = value;
            return;
        }
        self.0.push((direction, buffer, value));
    }

    /// Appends to a buffer that grows with the stream (bodies), creating it when it is not there.
    pub fn append(&mut self, direction: Direction, buffer: Buffer, bytes: &[u8]) {
        match self.0.iter_mut().find(|entry| entry.0 == direction && entry.1 == buffer) {
            Some(entry) => entry.2.extend_from_slice(bytes),
            None => self.0.push((direction, buffer, bytes.to_vec())),
        }
    }

    /// Every value of a buffer in a direction.
    pub fn get(&self, direction: Direction, buffer: Buffer) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |entry| entry.0 == direction && entry.1 == buffer).map(|entry| entry.2.as_slice())
    }

    /// Every filled buffer of a direction.
    pub fn of(&self, direction: Direction) -> impl Iterator<Item = (Buffer, &[u8])> {
        self.0.iter().filter(move |entry| entry.0 == direction).map(|entry| (entry.1, entry.2.as_slice()))
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
}
