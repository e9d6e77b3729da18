//! Compounds of version 4: operations one after the other, as far as they are known.

use super::names::OPERATIONS;
use super::rpc::opaque;
use super::{Answer, Transfer, What};
use crate::app::reader::Reader;
use crate::limits::NFS_OPERATIONS;

const CLOSE: u32 = 4;
const GET_HANDLE: u32 = 10;
const LOOKUP: u32 = 15;
const OPEN: u32 = 18;
const PUT_HANDLE: u32 = 22;
const READ: u32 = 25;
const REMOVE: u32 = 28;
const RENAME: u32 = 29;
const WRITE: u32 = 38;
/// Operations that only prepare others.
const PREPARING: [u32; 9] = [9, GET_HANDLE, 3, PUT_HANDLE, 24, 31, 32, 53, 37];
const STATE_BYTES: usize = 16;

fn name(operation: u32) -> String {
    let known = usize::try_from(operation).ok().and_then(|place| OPERATIONS.get(place.checked_sub(3)?));
    known.map_or_else(|| operation.to_string(), |name| (*name).to_owned())
}

/// What a call is about.
pub(super) fn request(data: &[u8]) -> Option<What> {
    let mut what = What { procedure: "NULL".to_owned(), ..What::default() };
    let mut r = Reader::new(data);
    if r.is_empty() {
        return Some(what);
    }
    opaque(&mut r)?;
    r.u32()?;
    let count = r.u32()?;
    for place in 0..count.min(u32::try_from(NFS_OPERATIONS).unwrap_or(0)) {
        let Some(operation) = r.u32() else { break };
        if place == 0 || !PREPARING.contains(&operation) {
            what.procedure = name(operation);
        }
        if argument(&mut r, operation, &mut what).is_none() {
            break;
        }
    }
    Some(what)
}

/// Reads the arguments of an operation; `None` when it is not known where they end.
fn argument(r: &mut Reader<'_>, operation: u32, what: &mut What) -> Option<()> {
    match operation {
        GET_HANDLE | 16 | 24 | 31 | 32 => {}
        3 => {
            r.u32()?;
        }
        CLOSE => {
            r.take(4 + STATE_BYTES)?;
            what.closes = true;
        }
        5 => {
            r.take(12)?;
        }
        9 => words(r)?,
        LOOKUP | REMOVE => {
            what.name = opaque(r)?.to_vec();
            what.finds = operation == LOOKUP;
        }
        OPEN => open(r, what)?,
        PUT_HANDLE => what.handle = opaque(r)?.to_vec(),
        READ => {
            r.take(STATE_BYTES)?;
            what.transfer = Some(Transfer::Read { offset: r.u64()? });
            r.u32()?;
        }
        RENAME => {
            what.name = opaque(r)?.to_vec();
            what.to = Some(opaque(r)?.to_vec());
        }
        30 => {
            r.u64()?;
        }
        WRITE => {
            r.take(STATE_BYTES)?;
            let offset = r.u64()?;
            r.u32()?;
            what.transfer = Some(Transfer::Write { offset, data: opaque(r)?.to_vec() });
        }
        53 => {
            r.take(STATE_BYTES + 16)?;
        }
        _ => return None,
    }
    Some(())
}

/// A list of words behind its length.
fn words(r: &mut Reader<'_>) -> Option<()> {
    let count = usize::try_from(r.u32()?).ok()?;
    r.take(count.checked_mul(4)?)?;
    Some(())
}

fn open(r: &mut Reader<'_>, what: &mut What) -> Option<()> {
    // Sequence, access, denial, client.
    r.take(20)?;
    opaque(r)?;
    if r.u32()? == 1 {
        match r.u32()? {
            0 | 1 => {
                words(r)?;
                opaque(r)?;
            }
            2 => {
                r.take(8)?;
            }
            _ => {
                r.take(8)?;
                words(r)?;
                opaque(r)?;
            }
        }
    }
    if r.u32()? != 0 {
        return None;
    }
    what.name = opaque(r)?.to_vec();
    what.finds = true;
    Some(())
}

/// What a reply says.
pub(super) fn response(data: &[u8]) -> Option<Answer> {
    let mut answer = Answer::default();
    let mut r = Reader::new(data);
    if r.is_empty() {
        return Some(answer);
    }
    answer.status = r.u32()?;
    opaque(&mut r)?;
    let count = r.u32()?;
    for _ in 0..count.min(u32::try_from(NFS_OPERATIONS).unwrap_or(0)) {
        let (Some(operation), Some(0)) = (r.u32(), r.u32()) else { break };
        if result(&mut r, operation, &mut answer).is_none() {
            break;
        }
    }
    Some(answer)
}

fn result(r: &mut Reader<'_>, operation: u32, answer: &mut Answer) -> Option<()> {
    match operation {
        PUT_HANDLE | LOOKUP | 16 | 24 | 31 | 32 => {}
        3 | 5 => {
            r.take(8)?;
        }
        CLOSE => {
            r.take(STATE_BYTES)?;
        }
        9 => {
            words(r)?;
            opaque(r)?;
        }
        GET_HANDLE => answer.handle = Some(opaque(r)?.to_vec()),
        OPEN => {
            r.take(STATE_BYTES + 24)?;
            words(r)?;
            match r.u32()? {
                0 => {}
                _ => return None,
            }
        }
        READ => {
            answer.at_end = r.u32()? != 0;
            answer.data = Some(opaque(r)?.to_vec());
        }
        REMOVE => {
            r.take(20)?;
        }
        RENAME => {
            r.take(40)?;
        }
        WRITE => {
            r.take(16)?;
        }
        53 => {
            r.take(STATE_BYTES + 20)?;
        }
        _ => return None,
    }
    Some(())
}
