//! One connection to the analyzer: requests of HTTP/1.1 one after the other, with TLS when the address says so.

use std::io::{BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fengsui_schema::shown;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::SensorError;
use crate::limits::{ANSWER_BYTES, ANSWER_HEAD_BYTES};
use crate::settings::UplinkSettings;

const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);
/// Port of the listener for sensors unless the address names one.
const PORT: u16 = 8470;

trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

/// The way to the analyzer.
pub(super) struct Link {
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    open: Option<BufReader<Box<dyn Connection>>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Link {
    /// Reads address and certificate; does not connect yet.
    pub(super) fn of(settings: &UplinkSettings) -> Result<Self, SensorError> {
        let url = settings.url.as_deref().unwrap_or_default();
        let wrong = |remedy| SensorError::Setting { key: "uplink.url", value: shown(url).to_string(), remedy };
        let (encrypted, host, port) = parse(url).ok_or_else(|| wrong("write https://host:port"))?;
        let local = matches!(host.as_str(), "127.0.0.1" | "localhost" | "::1");
        if !encrypted && !local && !settings.plain {
            return Err(wrong("use https, or allow `plain`: anybody on the way could read what is sent"));
        }
        let tls = match (encrypted, &settings.certificate) {
            (false, _) => None,
            (true, None) => {
                return Err(wrong("name the analyzer's certificate, or its issuer's, in uplink.certificate"));
            }
            (true, Some(path)) => Some(Arc::new(client(path)?)),
        };
        Ok(Self { host, port, tls, open: None })
    }

    /// Posts a body under a signed header. The connection stays open unless something fails.
    pub(super) fn post(&mut self, parcel: &str, body: &[u8]) -> Result<Answer, String> {
        let mut connection = match self.open.take() {
            Some(open) => open,
            None => BufReader::new(self.connect()?),
        };
        let head = format!(
            "POST /uplink HTTP/1.1\r\nHost: {}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nX-Fengsui-Parcel: {parcel}\r\n\r\n",
            self.host,
            body.len()
        );
        let sent = connection.get_mut().write_all(head.as_bytes()).and_then(|()| connection.get_mut().write_all(body));
        let sent = sent.and_then(|()| connection.get_mut().flush());
        // A listener that refuses at the head closes while the body is on its way; what it said is worth reading.
        let (answer, stays) = match (sent, read_answer(&mut connection)) {
            (_, Ok(answer)) => answer,
            (Err(error), Err(_)) => return Err(error.to_string()),
            (Ok(()), Err(error)) => return Err(error),
        };
        if stays {
            self.open = Some(connection);
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<Box<dyn Connection>, String> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| error.to_string())?;
        let mut last = "the name has no address".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => return self.encrypted(stream).map_err(|error| error.to_string()),
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(last)
    }

    fn encrypted(&self, stream: TcpStream) -> Result<Box<dyn Connection>, Box<dyn std::error::Error>> {
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        stream.set_nodelay(true)?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(self.host.clone())?;
        Ok(Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(config), name)?, stream)))
    }
}

/// Whether it is encrypted, host and port.
fn parse(url: &str) -> Option<(bool, String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let encrypted = match scheme {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.trim_end_matches('/');
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
    let fits = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte));
    fits.then(|| (encrypted, host.to_owned(), port))
}

/// A client that trusts the certificates of a file and nothing else.
fn client(path: &Path) -> Result<ClientConfig, SensorError> {
    let wrong = |_| SensorError::Setting {
        key: "uplink.certificate",
        value: shown(&path.to_string_lossy()).to_string(),
        remedy: "name a PEM file with the analyzer's certificate, or its issuer's",
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong(String::new()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| wrong(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Reads one answer; true when the connection may be used again.
fn read_answer(connection: &mut impl Read) -> Result<(Answer, bool), String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if head.len() > ANSWER_HEAD_BYTES || connection.read(&mut byte).map_err(|error| error.to_string())? == 0 {
            return Err("the connection ended before an answer".to_owned());
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let fields = || text.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    let field = |name: &str| {
        fields().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: Option<usize> = field("content-length").and_then(|length| length.parse().ok());
    let (Some(status), Some(length)) = (status, length.filter(|length| *length <= ANSWER_BYTES)) else {
        return Err("the answer is none of a listener for sensors".to_owned());
    };
    let mut body = vec![0; length];
    connection.read_exact(&mut body).map_err(|error| error.to_string())?;
    let closes = field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok((Answer { status, body }, !closes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(parse("https://a.example"), Some((true, "a.example".into(), PORT)));
        assert_eq!(parse("http://127.0.0.1:81/"), Some((false, "127.0.0.1".into(), 81)));
        assert_eq!(parse("https://[::1]:8470"), Some((true, "::1".into(), 8470)));
        for bad in ["", "a.example", "ftp://a", "http://", "http://a:x", "http://a/b c", "http://[::1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn answers_are_read_and_bounded() {
        let read = |text: &str| read_answer(&mut text.as_bytes());
        let (answer, stays) = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").expect("is one");
        assert_eq!((answer.status, answer.body.as_slice(), stays), (200, &b"{}"[..], true));
        let (answer, stays) =
            read("HTTP/1.1 403 No\r\ncontent-length: 1\r\nConnection: close\r\n\r\nx").expect("is one");
        assert_eq!((answer.status, stays), (403, false));
        for bad in ["", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", "x\r\n\r\n"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&"a".repeat(ANSWER_HEAD_BYTES + 8)).is_err());
    }

    #[test]
    fn records_are_not_sent_in_clear_by_accident() {
        let settings = |url: &str| UplinkSettings { url: Some(url.to_owned()), ..UplinkSettings::default() };
        assert!(Link::of(&settings("http://10.1.1.1:8470")).is_err());
        assert!(Link::of(&settings("https://10.1.1.1:8470")).is_err(), "https needs a certificate");
        assert!(Link::of(&settings("http://127.0.0.1:8470")).is_ok());
        assert!(Link::of(&UplinkSettings { plain: true, ..settings("http://10.1.1.1:8470") }).is_ok());
    }
}
