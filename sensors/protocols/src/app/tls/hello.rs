//! ClientHello and ServerHello (RFC 8446, 4.1; RFC 6066; GB/T 38636).

use crate::limits::TLS_LIST_ENTRIES;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
/// The random of a HelloRetryRequest (RFC 8446, 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientHello {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    pub(crate) suites: Vec<u16>,
    /// Extension types in order.
    pub(crate) extensions: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) point_formats: Vec<u8>,
    pub(crate) signature_algorithms: Vec<u16>,
    pub(crate) versions: Vec<u16>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) events: Vec<&'static str>,
}

/// What a server chose.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerHello {
    pub(crate) legacy_version: u16,
    /// The version in force.
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    pub(crate) suite: u16,
    pub(crate) extensions: Vec<u16>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) is_retry: bool,
}

/// Whether a value is one of those reserved to keep implementations tolerant (RFC 8701).
pub(crate) fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).take(TLS_LIST_ENTRIES).collect()
}

/// Calls back with each extension's type and content.
fn each_extension<'a>(reader: &mut Reader<'a>, mut take: impl FnMut(u16, &'a [u8])) -> Option<()> {
    if reader.0.is_empty() {
        return Some(());
    }
    let mut list = Reader(reader.long()?);
    for _ in 0..TLS_LIST_ENTRIES {
        if list.0.is_empty() {
            break;
        }
        take(list.u16()?, list.long()?);
    }
    Some(())
}

impl ClientHello {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let mut hello = Self {
            version: reader.u16()?,
            random: *reader.take(32)?.first_chunk()?,
            session_id: reader.short()?.to_vec(),
            suites: words(reader.long()?),
            ..Self::default()
        };
        reader.short()?;
        each_extension(&mut reader, |kind, content| hello.extension(kind, content))?;
        Some(hello)
    }

    fn extension(&mut self, kind: u16, content: &[u8]) {
        self.extensions.push(kind);
        let mut reader = Reader(content);
        match kind {
            SERVER_NAME => self.server_name(content),
            SUPPORTED_GROUPS => self.groups = reader.long().map(words).unwrap_or_default(),
            POINT_FORMATS => self.point_formats = reader.short().map(<[u8]>::to_vec).unwrap_or_default(),
            SIGNATURE_ALGORITHMS => self.signature_algorithms = reader.long().map(words).unwrap_or_default(),
            SUPPORTED_VERSIONS => self.versions = reader.short().map(words).unwrap_or_default(),
            ALPN => self.alpn = alpn_names(content),
            _ => {}
        }
    }

    fn server_name(&mut self, content: &[u8]) {
        if self.server_name.is_some() {
            self.events.push("tls.multiple_sni_extensions");
            return;
        }
        let mut reader = Reader(content);
        let (_, kind, name) = (reader.u16(), reader.u8(), reader.long());
        match (kind, name) {
            (Some(0), Some(name)) if !name.is_empty() => self.server_name = Some(name.to_vec()),
            (Some(0), _) => self.events.push("tls.invalid_sni_length"),
            (Some(_), _) => self.events.push("tls.invalid_sni_type"),
            (None, _) => {}
        }
    }

    /// The highest version offered, reserved values left out.
    pub(crate) fn highest_version(&self) -> u16 {
        self.versions.iter().copied().filter(|version| !is_grease(*version)).max().unwrap_or(self.version)
    }
}

impl ServerHello {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let version = reader.u16()?;
        let random: [u8; 32] = *reader.take(32)?.first_chunk()?;
        // Drafts of TLS 1.3 before 22 had neither session nor compression.
        let is_early_draft = version >> 8 == 0x7f || version == 0x0304;
        let session_id = if is_early_draft { Vec::new() } else { reader.short()?.to_vec() };
        let suite = reader.u16()?;
        if !is_early_draft {
            reader.u8()?;
        }
        let mut hello = Self {
            legacy_version: version,
            // Drafts before 16 used the number of the final version.
            version: if version == 0x0304 { 0x7f00 } else { version },
            random,
            session_id,
            suite,
            is_retry: random == RETRY_RANDOM,
            ..Self::default()
        };
        each_extension(&mut reader, |kind, content| hello.extension(kind, content))?;
        Some(hello)
    }

    fn extension(&mut self, kind: u16, content: &[u8]) {
        self.extensions.push(kind);
        match kind {
            SUPPORTED_VERSIONS => self.version = Reader(content).u16().unwrap_or(self.version),
            ALPN => self.alpn = alpn_names(content).into_iter().next(),
            _ => {}
        }
    }
}

fn alpn_names(content: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Reader(Reader(content).long().unwrap_or(&[]));
    std::iter::from_fn(|| list.short()).take(TLS_LIST_ENTRIES).map(<[u8]>::to_vec).collect()
}
