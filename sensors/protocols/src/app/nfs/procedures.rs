//! Procedures of versions 2 and 3.

use super::names::{PROCEDURES_2, PROCEDURES_3};
use super::rpc::opaque;
use super::{Answer, Transfer, What};
use crate::app::reader::Reader;

/// Bytes of a handle of version 2.
const HANDLE_2: usize = 32;
/// Bytes of attributes.
const ATTRIBUTES_2: usize = 68;
const ATTRIBUTES_3: usize = 84;

fn handle<'a>(version: u32, r: &mut Reader<'a>) -> Option<&'a [u8]> {
    if version == 2 { r.take(HANDLE_2) } else { opaque(r) }
}

fn name(version: u32, procedure: u32) -> String {
    let names: &[&str] = if version == 2 { &PROCEDURES_2 } else { &PROCEDURES_3 };
    let known = usize::try_from(procedure).ok().and_then(|place| names.get(place));
    known.map_or_else(|| procedure.to_string(), |name| (*name).to_owned())
}

/// What a call is about.
pub(super) fn request(version: u32, procedure: u32, data: &[u8]) -> Option<What> {
    let procedure = name(version, procedure);
    let mut r = Reader::new(data);
    let mut what = What::default();
    if procedure != "NULL" {
        what.handle = handle(version, &mut r)?.to_vec();
    }
    match procedure.as_str() {
        "LOOKUP" | "CREATE" | "MKDIR" | "REMOVE" | "RMDIR" | "SYMLINK" | "MKNOD" => {
            what.name = opaque(&mut r)?.to_vec();
            what.finds = matches!(procedure.as_str(), "LOOKUP" | "CREATE");
        }
        "RENAME" => {
            what.name = opaque(&mut r)?.to_vec();
            handle(version, &mut r)?;
            what.to = Some(opaque(&mut r)?.to_vec());
        }
        "READ" => what.transfer = Some(Transfer::Read { offset: offset(version, &mut r)? }),
        "WRITE" => {
            let before = if version == 2 { r.u32().map(u64::from) } else { Some(0) };
            let offset = before.and_then(|_| offset(version, &mut r))?;
            // Counts and how safely it is to be kept.
            r.take(if version == 2 { 4 } else { 8 })?;
            what.transfer = Some(Transfer::Write { offset, data: bytes(&mut r)?.to_vec() });
        }
        "COMMIT" => what.closes = true,
        _ => {}
    }
    what.procedure = procedure;
    Some(what)
}

fn offset(version: u32, r: &mut Reader<'_>) -> Option<u64> {
    if version == 2 { r.u32().map(u64::from) } else { r.u64() }
}

/// Data, as far as it was kept.
fn bytes<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(r.u32()?).ok()?;
    Some(r.take_some(length))
}

/// What a reply says.
pub(super) fn response(version: u32, procedure: u32, data: &[u8]) -> Option<Answer> {
    let mut r = Reader::new(data);
    let procedure = name(version, procedure);
    let mut answer = Answer::default();
    if procedure == "NULL" {
        return Some(answer);
    }
    answer.status = r.u32()?;
    if answer.status != 0 {
        return Some(answer);
    }
    match (procedure.as_str(), version) {
        ("LOOKUP" | "CREATE", 2) | ("LOOKUP", _) => answer.handle = handle(version, &mut r).map(<[u8]>::to_vec),
        ("CREATE", _) if r.u32() == Some(1) => answer.handle = opaque(&mut r).map(<[u8]>::to_vec),
        ("READ", 2) => {
            r.take(ATTRIBUTES_2)?;
            answer.data = bytes(&mut r).map(<[u8]>::to_vec);
        }
        ("READ", _) => {
            if r.u32()? == 1 {
                r.take(ATTRIBUTES_3)?;
            }
            r.u32()?;
            answer.at_end = r.u32()? != 0;
            answer.data = bytes(&mut r).map(<[u8]>::to_vec);
        }
        _ => {}
    }
    Some(answer)
}
