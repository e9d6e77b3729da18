//! Calls and replies of ONC RPC, version 2.

use serde_json::json;

use crate::app::Verdict;
use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, object, put};

pub(super) const CALL: u32 = 0;
pub(super) const REPLY: u32 = 1;
/// Number of the program.
pub(super) const NFS: u32 = 100_003;
const UNIX: u32 = 1;

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) xid: u32,
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    flavour: u32,
    machine: Vec<u8>,
    user: Option<(u32, u32)>,
}

/// A reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) xid: u32,
    pub(super) accepted: bool,
}

/// A call of the program, or on its port a reply.
pub(super) fn probe(data: &[u8], port_matches: bool) -> Verdict {
    let expected = |at: usize, wanted: u32| {
        let have = data.get(at..).unwrap_or_default();
        let length = have.len().min(4);
        have[..length] == wanted.to_be_bytes()[..length]
    };
    let is_call = expected(4, CALL) && expected(8, 2) && expected(12, NFS);
    let is_reply = port_matches && expected(4, REPLY) && (expected(8, 0) || expected(8, 1));
    match (is_call, is_reply) {
        (true, _) if data.len() >= 16 => Verdict::Yes,
        (_, true) if data.len() >= 12 => Verdict::Yes,
        (false, false) => Verdict::No,
        _ => Verdict::More,
    }
}

pub(super) fn kind(data: &[u8]) -> Option<u32> {
    let mut r = Reader::new(data);
    r.u32()?;
    r.u32()
}

/// A call and its parameters.
pub(super) fn call(data: &[u8]) -> Option<(Call, &[u8])> {
    let mut r = Reader::new(data);
    let xid = r.u32()?;
    r.take(8)?;
    let (program, version, procedure, flavour) = (r.u32()?, r.u32()?, r.u32()?, r.u32()?);
    let credentials = opaque(&mut r)?;
    r.u32()?;
    opaque(&mut r)?;
    let mut call = Call { xid, program, version, procedure, flavour, machine: Vec::new(), user: None };
    if flavour == UNIX {
        let mut r = Reader::new(credentials);
        r.u32()?;
        call.machine = opaque(&mut r)?.to_vec();
        call.user = r.u32().zip(r.u32());
    }
    Some((call, r.rest()))
}

/// A reply and its results.
pub(super) fn reply(data: &[u8]) -> Option<(Reply, &[u8])> {
    let mut r = Reader::new(data);
    let xid = r.u32()?;
    r.u32()?;
    if r.u32()? != 0 {
        return Some((Reply { xid, accepted: false }, &[]));
    }
    r.u32()?;
    opaque(&mut r)?;
    let accepted = r.u32()? == 0;
    Some((Reply { xid, accepted }, if accepted { r.rest() } else { &[] }))
}

/// Bytes behind their length, filled up to a multiple of four (RFC 4506, 4.10).
pub(super) fn opaque<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(r.u32()?).ok()?;
    let bytes = r.take(length)?;
    r.take_some(length.next_multiple_of(4) - length);
    Some(bytes)
}

impl Call {
    /// The object `rpc`.
    pub(super) fn eve(&self) -> Object {
        let flavour = match self.flavour {
            0 => "NULL".to_owned(),
            UNIX => "UNIX".to_owned(),
            6 => "GSS_API".to_owned(),
            other => other.to_string(),
        };
        let mut eve = object(json!({"xid": self.xid, "status": "UNKNOWN", "auth_type": flavour}));
        if let Some((user, group)) = self.user {
            let creds = json!({"machine_name": eve_text(&self.machine), "uid": user, "gid": group});
            put(&mut eve, "creds", creds);
        }
        eve
    }
}
