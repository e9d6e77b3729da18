//! NTLM messages (MS-NLMP) inside security blobs.

use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, put};
use crate::{Buffer, Direction, Transaction};

/// NTLMSSP_NEGOTIATE_UNICODE and NTLMSSP_NEGOTIATE_VERSION.
const UNICODE: u32 = 1;
const VERSION: u32 = 0x0200_0000;

/// What an AUTHENTICATE message tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Authentication {
    domain: Vec<u8>,
    user: Vec<u8>,
    host: Vec<u8>,
    version: Option<String>,
}

impl Authentication {
    /// Finds an AUTHENTICATE message in a blob.
    pub(super) fn find(blob: &[u8]) -> Option<Self> {
        let at = memchr::memmem::find(blob, b"NTLMSSP\0")?;
        let message = &blob[at..];
        let mut r = Reader::new(message);
        r.take(8)?;
        if r.u32_le()? != 3 {
            return None;
        }
        r.take(16)?;
        let (domain, user, host, _key) = (field(&mut r)?, field(&mut r)?, field(&mut r)?, field(&mut r)?);
        let flags = r.u32_le()?;
        let version = if flags & VERSION != 0 {
            let (major, minor, build) = (r.u8()?, r.u8()?, r.u16_le()?);
            r.take(3)?;
            Some(format!("{major}.{minor} build {build} rev {}", r.u8()?))
        } else {
            None
        };
        let text = |(offset, length): (usize, usize)| {
            let bytes = offset.checked_add(length).and_then(|end| message.get(offset..end)).unwrap_or_default();
            if flags & UNICODE != 0 { super::names::from_utf16(bytes) } else { bytes.to_vec() }
        };
        Some(Self { domain: text(domain), user: text(user), host: text(host), version })
    }

    pub(super) fn write(&self, tx: &mut Transaction) {
        let mut object = Object::new();
        put(&mut object, "domain", eve_text(&self.domain));
        put(&mut object, "user", eve_text(&self.user));
        put(&mut object, "host", eve_text(&self.host));
        if let Some(version) = &self.version {
            put(&mut object, "version", version.as_str());
        }
        put(&mut tx.eve, "ntlmssp", object);
        tx.buffers.set(Direction::ToServer, Buffer::SmbNtlmsspUser, self.user.clone());
        tx.buffers.set(Direction::ToServer, Buffer::SmbNtlmsspDomain, self.domain.clone());
    }
}

/// Offset and length of a value.
fn field(r: &mut Reader<'_>) -> Option<(usize, usize)> {
    let (length, _room, offset) = (r.u16_le()?, r.u16_le()?, r.u32_le()?);
    Some((usize::try_from(offset).ok()?, length.into()))
}
