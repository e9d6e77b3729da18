//! SMB 1 (MS-CIFS, MS-SMB).

use serde_json::json;

use super::eve::{dos_status, handle_text, nt_status, unix_seconds};
use super::names::{command1, disposition, from_utf16};
use super::ntlmssp::Authentication;
use super::state::{Handle, Ids, LongData, Request, State, Subject, Tree, complete};
use crate::app::Context;
use crate::app::reader::Reader;
use crate::app::text::{eve_text, object, put};
use crate::{Buffer, Direction};

const CLOSE: u8 = 0x04;
const RENAME: u8 = 0x07;
const TRANS: u8 = 0x25;
const TRANS2: u8 = 0x32;
const READ: u8 = 0x2e;
const WRITE: u8 = 0x2f;
const TREE_DISCONNECT: u8 = 0x71;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP: u8 = 0x73;
const TREE_CONNECT: u8 = 0x75;
const NT_CREATE: u8 = 0xa2;
const HEADER_BYTES: usize = 32;

#[derive(Debug, Clone, Copy)]
struct Header {
    command: u8,
    status: u32,
    has_nt_status: bool,
    unicode: bool,
    ids: Ids,
}

/// A command: its words, its bytes and where those begin in the message.
#[derive(Clone, Copy)]
struct Command<'a> {
    data: &'a [u8],
    words: &'a [u8],
    bytes: &'a [u8],
    bytes_at: usize,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        r.take(4)?;
        let (command, status, _flags, flags2) = (r.u8()?, r.u32_le()?, r.u8()?, r.u16_le()?);
        let process_high = r.u16_le()?;
        r.take(10)?;
        let (tree, process, user, message) = (r.u16_le()?, r.u16_le()?, r.u16_le()?, r.u16_le()?);
        let message = u64::from(process_high) << 32 | u64::from(process) << 16 | u64::from(message);
        Some(Self {
            command,
            status,
            has_nt_status: flags2 & 0x4000 != 0,
            unicode: flags2 & 0x8000 != 0,
            ids: Ids { message, session: user.into(), tree: tree.into() },
        })
    }

    fn text(&self, bytes: &[u8]) -> Vec<u8> {
        if self.unicode { from_utf16(bytes) } else { bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec() }
    }
}

impl<'a> Command<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        r.seek(HEADER_BYTES);
        let count = r.u8()?;
        let words = r.take(usize::from(count) * 2)?;
        let length = usize::from(r.u16_le()?);
        let bytes_at = r.position();
        // Lengths of large reads and writes do not fit into the count.
        let bytes = if length == 0 { r.rest() } else { r.take_some(length) };
        Some(Self { data, words, bytes, bytes_at })
    }

    fn at(&self, start: usize, length: usize) -> &'a [u8] {
        let from = start.min(self.data.len());
        &self.data[from..from.saturating_add(length).min(self.data.len())]
    }

    /// The texts among the bytes from an offset on; those of two bytes a character are aligned to the message.
    fn texts(&self, header: &Header, skip: usize) -> Vec<Vec<u8>> {
        let mut at = self.bytes_at + skip;
        let end = self.bytes_at + self.bytes.len();
        let mut texts = Vec::new();
        if header.unicode {
            at += at % 2;
        }
        while at < end && texts.len() < 8 {
            let rest = &self.data[at..end];
            let length = match header.unicode {
                true => rest.chunks(2).position(|pair| pair == [0, 0]).map_or(rest.len(), |place| place * 2),
                false => memchr::memchr(0, rest).unwrap_or(rest.len()),
            };
            texts.push(header.text(&rest[..length]));
            at += length + if header.unicode { 2 } else { 1 };
        }
        texts
    }
}

pub(super) fn message(state: &mut State, direction: Direction, data: &[u8], context: &mut Context<'_>) {
    let (Some(header), Some(command)) = (Header::parse(data), Command::parse(data)) else {
        return context.anomaly(None, direction, "smb.malformed_data");
    };
    match direction {
        Direction::ToServer => request(state, header, command, context),
        Direction::ToClient => response(state, header, command, context),
    }
}

/// The head of a long WRITE request or READ response.
pub(super) fn long(
    state: &mut State,
    direction: Direction,
    head: &[u8],
    length: usize,
    context: &mut Context<'_>,
) -> Option<(usize, LongData)> {
    let header = Header::parse(head)?;
    let command = Command::parse(head)?;
    match (direction, header.command) {
        (Direction::ToServer, WRITE) => {
            let write = Write::parse(command.words)?;
            let handle = write.handle.to_le_bytes();
            if write.start.checked_add(write.length)? > length || state.is_pipe(&handle, header.ids.tree, &[]) {
                return None;
            }
            let file = state.file(&handle, direction, (&command1(WRITE), header.ids), context);
            wait(state, header, state.files.tx(&file), Subject::Nothing, context);
            Some((write.start, LongData { file, offset: write.offset, length: write.length }))
        }
        (Direction::ToClient, READ) => {
            let (start, count) = read_data(command.words)?;
            let waiting = state.waiting(header.ids.message, READ.into())?.clone();
            let Subject::Read { handle, offset } = waiting.subject else { return None };
            if start.checked_add(count)? > length || state.is_pipe(&handle, waiting.ids.tree, &[]) {
                return None;
            }
            state.answered(header.ids.message, READ.into());
            let file = state.file(&handle, direction, (&command1(READ), waiting.ids), context);
            Some((start, LongData { file, offset, length: count }))
        }
        _ => None,
    }
}

fn wait(state: &mut State, header: Header, tx: Option<u64>, subject: Subject, context: &mut Context<'_>) {
    state.await_response(Request { ids: header.ids, command: header.command.into(), tx, subject }, context);
}

struct Write {
    handle: u16,
    offset: u64,
    start: usize,
    length: usize,
}

impl Write {
    fn parse(words: &[u8]) -> Option<Self> {
        let mut r = Reader::new(words);
        r.take(4)?;
        let (handle, low) = (r.u16_le()?, r.u32_le()?);
        r.take(8)?;
        let (high_length, low_length, start) = (r.u16_le()?, r.u16_le()?, r.u16_le()?);
        let high = if words.len() >= 28 { r.u32_le()? } else { 0 };
        let length = usize::from(high_length) << 16 | usize::from(low_length);
        Some(Self { handle, offset: u64::from(high) << 32 | u64::from(low), start: start.into(), length })
    }
}

fn read_data(words: &[u8]) -> Option<(usize, usize)> {
    let mut r = Reader::new(words);
    r.take(10)?;
    let (low, start, high) = (r.u16_le()?, r.u16_le()?, r.u16_le()?);
    Some((start.into(), usize::from(high) << 16 | usize::from(low)))
}

fn request(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) {
    let known = match header.command {
        READ => read_request(state, header, command, context),
        WRITE => write_request(state, header, command, context),
        TRANS => trans_request(state, header, command, context),
        TRANS2 => Some(()),
        _ => {
            generic_request(state, header, command, context);
            Some(())
        }
    };
    if known.is_none() {
        context.anomaly(None, Direction::ToServer, "smb.malformed_data");
    }
}

fn generic_request(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) {
    let tx = state.open(&command1(header.command), header.ids, context);
    let mut subject = Subject::Nothing;
    match header.command {
        NEGOTIATE => {
            let names = command.bytes.split(|byte| *byte == 0).map(|name| name.strip_prefix(b"\x02").unwrap_or(name));
            let names: Vec<String> = names.filter(|name| !name.is_empty()).take(64).map(eve_text).collect();
            state.offered.clone_from(&names);
            context.update(tx, |tx| put(&mut tx.eve, "client_dialects", names));
        }
        SESSION_SETUP => session_setup(tx, header, command, context),
        TREE_CONNECT => subject = tree_connect(tx, header, command, context).unwrap_or_default(),
        TREE_DISCONNECT => state.disconnect_tree(header.ids.tree),
        NT_CREATE => subject = create(tx, header, command, context).unwrap_or_default(),
        RENAME => {
            let texts = rename_texts(header, command);
            if let [from, to] = &texts[..] {
                context
                    .update(tx, |tx| put(&mut tx.eve, "rename", json!({"from": eve_text(from), "to": eve_text(to)})));
            }
        }
        CLOSE => {
            if let Some(handle) = command.words.get(..2) {
                state.close_handle(handle, context);
            }
        }
        _ => {}
    }
    wait(state, header, Some(tx), subject, context);
}

fn rename_texts(header: Header, command: Command<'_>) -> Vec<Vec<u8>> {
    let texts = command.texts(&header, 1);
    // Each name has a byte for its form before it.
    let strip = |text: Vec<u8>| text.strip_prefix(b"\x04").map(<[u8]>::to_vec).unwrap_or(text);
    texts.into_iter().map(strip).take(2).collect()
}

/// Security blob or passwords, then names of system and software.
fn session_setup(tx: u64, header: Header, command: Command<'_>, context: &mut Context<'_>) {
    let word = |place: usize| {
        let bytes = command.words.get(place * 2..place * 2 + 2).and_then(|bytes| bytes.first_chunk());
        usize::from(bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes)))
    };
    let is_extended = command.words.len() == 24;
    let (skip, first) = if is_extended { (word(7), 0) } else { (word(7) + word(8), 2) };
    if is_extended && let Some(authentication) = Authentication::find(&command.bytes[..skip.min(command.bytes.len())]) {
        context.update(tx, |tx| authentication.write(tx));
    }
    let texts = command.texts(&header, skip);
    system_names(tx, "request", &texts, first, context);
}

fn system_names(tx: u64, key: &str, texts: &[Vec<u8>], first: usize, context: &mut Context<'_>) {
    let text = |place: usize| texts.get(place).map(|text| eve_text(text)).unwrap_or_default();
    let names = object(json!({"native_os": text(first), "native_lm": text(first + 1)}));
    context.update(tx, |tx| put(&mut tx.eve, key, names));
}

fn tree_connect(tx: u64, header: Header, command: Command<'_>, context: &mut Context<'_>) -> Option<Subject> {
    let mut r = Reader::new(command.words);
    r.take(6)?;
    let password = usize::from(r.u16_le()?);
    let texts = command.texts(&header, password);
    let path = texts.first()?.clone();
    // The service is a text of single bytes whatever the path is.
    let all = command.bytes.strip_suffix(b"\0").unwrap_or(command.bytes);
    let service = all.rsplit(|byte| *byte == 0).next().unwrap_or_default();
    context.update(tx, |tx| {
        put(&mut tx.eve, "share", eve_text(&path));
        put(&mut tx.eve, "service", json!({"request": eve_text(service)}));
    });
    Some(Subject::Tree(path))
}

fn create(tx: u64, header: Header, command: Command<'_>, context: &mut Context<'_>) -> Option<Subject> {
    let mut r = Reader::new(command.words);
    r.take(35)?;
    let (disposition_number, options) = (r.u32_le()?, r.u32_le()?);
    let name = command.texts(&header, 0).into_iter().next().unwrap_or_default();
    let shown = if name.is_empty() { "<share_root>".to_owned() } else { eve_text(&name) };
    context.update(tx, |tx| {
        put(&mut tx.eve, if options & 1 != 0 { "directory" } else { "filename" }, shown);
        put(&mut tx.eve, "disposition", disposition(disposition_number));
        put(&mut tx.eve, "access", if options & 0x1000 != 0 { "delete on close" } else { "normal" });
    });
    Some(Subject::Create(name))
}

fn read_request(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) -> Option<()> {
    let mut r = Reader::new(command.words);
    r.take(4)?;
    let handle = r.take(2)?.to_vec();
    let low = r.u32_le()?;
    r.take(10)?;
    let high = if command.words.len() >= 24 { r.u32_le()? } else { 0 };
    let offset = u64::from(high) << 32 | u64::from(low);
    wait(state, header, None, Subject::Read { handle, offset }, context);
    Some(())
}

fn write_request(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) -> Option<()> {
    let write = Write::parse(command.words)?;
    let content = command.at(write.start, write.length);
    let (way, name, handle) = (Direction::ToServer, command1(WRITE), write.handle.to_le_bytes());
    let tx = if state.is_pipe(&handle, header.ids.tree, content) {
        state.pipe(&handle, way, content, (&name, header.ids), context)
    } else {
        let file = state.file(&handle, way, (&name, header.ids), context);
        state.files.write(&file, write.offset, content, context);
        state.files.tx(&file)
    };
    wait(state, header, tx, Subject::Nothing, context);
    Some(())
}

/// A call over a pipe, written and read in one command.
fn trans_request(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) -> Option<()> {
    let mut r = Reader::new(command.words);
    r.take(22)?;
    let (length, start, setup) = (r.u16_le()?, r.u16_le()?, r.u8()?);
    r.u8()?;
    if setup < 2 {
        return Some(());
    }
    let (function, handle) = (r.u16_le()?, r.take(2)?.to_vec());
    if function != 0x26 {
        return Some(());
    }
    let content = command.at(start.into(), length.into());
    let tx = state.pipe(&handle, Direction::ToServer, content, (&command1(TRANS), header.ids), context);
    wait(state, header, tx, Subject::Pipe(handle), context);
    Some(())
}

fn response(state: &mut State, header: Header, command: Command<'_>, context: &mut Context<'_>) {
    let Some(request) = state.answered(header.ids.message, header.command.into()) else { return };
    if let Some(tx) = request.tx {
        context.update(tx, |tx| match header.has_nt_status || header.status == 0 {
            true => nt_status(&mut tx.eve, header.status),
            false => dos_status(&mut tx.eve, header.status),
        });
    }
    let succeeded = header.status == 0 || header.status == 0x8000_0005;
    match (header.command, &request.subject) {
        (NEGOTIATE, _) => negotiated(state, request.tx, command, context),
        (SESSION_SETUP, _) => setup_response(request.tx, header, command, context),
        (TREE_CONNECT, Subject::Tree(name)) if succeeded => {
            tree_response(state, request.tx, (header.ids.tree, name), command, context);
        }
        (NT_CREATE, Subject::Create(name)) if succeeded => {
            created(state, &request, name, command, context);
        }
        (READ, Subject::Read { handle, offset }) => {
            if succeeded {
                read_response(state, (&request, handle, *offset), command, context);
            }
            return;
        }
        (TRANS, Subject::Pipe(handle)) => {
            let mut r = Reader::new(command.words);
            r.seek(12);
            if let (Some(length), Some(start)) = (r.u16_le(), r.u16_le()) {
                let content = command.at(start.into(), length.into());
                let way = Direction::ToClient;
                if state.pipe(handle, way, content, (&command1(TRANS), request.ids), context).is_some() {
                    return;
                }
            }
        }
        (WRITE, _) => return,
        _ => {}
    }
    complete(request.tx, context);
}

fn negotiated(state: &mut State, tx: Option<u64>, command: Command<'_>, context: &mut Context<'_>) {
    let chosen = command.words.first_chunk().map_or(u16::MAX, |bytes| u16::from_le_bytes(*bytes));
    let Some(name) = state.offered.get(usize::from(chosen)).cloned() else { return };
    state.dialect = Some(name.clone());
    if let Some(tx) = tx {
        context.update(tx, |tx| put(&mut tx.eve, "dialect", name));
    }
}

fn setup_response(tx: Option<u64>, header: Header, command: Command<'_>, context: &mut Context<'_>) {
    let blob = command.words.get(6..8).and_then(|bytes| bytes.first_chunk());
    let skip = usize::from(blob.map_or(0, |bytes| u16::from_le_bytes(*bytes)));
    let texts = command.texts(&header, skip);
    if let (Some(tx), false) = (tx, texts.is_empty()) {
        system_names(tx, "response", &texts, 0, context);
    }
}

fn tree_response(
    state: &mut State,
    tx: Option<u64>,
    (id, name): (u32, &[u8]),
    command: Command<'_>,
    context: &mut Context<'_>,
) -> Option<()> {
    let service = command.bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let is_pipe = service == b"IPC";
    state.connect_tree(id, Tree { name: name.to_vec(), is_pipe });
    context.update(tx?, |tx| {
        tx.eve.shift_remove("share");
        put(&mut tx.eve, "tree_id", id);
        put(&mut tx.eve, if is_pipe { "named_pipe" } else { "share" }, eve_text(name));
        let asked = tx.eve.get("service").and_then(|service| service.get("request")).cloned().unwrap_or_default();
        put(&mut tx.eve, "service", json!({"request": asked, "response": eve_text(service)}));
        let buffer = if is_pipe { Buffer::SmbNamedPipe } else { Buffer::SmbShare };
        tx.buffers.set(Direction::ToServer, buffer, name);
    });
    Some(())
}

fn created(
    state: &mut State,
    request: &Request,
    name: &[u8],
    command: Command<'_>,
    context: &mut Context<'_>,
) -> Option<()> {
    let mut r = Reader::new(command.words);
    r.take(5)?;
    let handle = r.take(2)?;
    r.take(4)?;
    let times = [r.u64_le()?, r.u64_le()?, r.u64_le()?, r.u64_le()?];
    r.take(12)?;
    let size = r.u64_le()?;
    let is_pipe = state.tree(request.ids.tree).is_some_and(|tree| tree.is_pipe);
    state.open_handle(handle.to_vec(), Handle { name: name.to_vec(), is_pipe });
    context.update(request.tx?, |tx| {
        for (key, time) in ["created", "accessed", "modified", "changed"].into_iter().zip(times) {
            put(&mut tx.eve, key, unix_seconds(time));
        }
        put(&mut tx.eve, "size", size);
        put(&mut tx.eve, "fuid", handle_text(handle));
    });
    Some(())
}

fn read_response(
    state: &mut State,
    (request, handle, offset): (&Request, &[u8], u64),
    command: Command<'_>,
    context: &mut Context<'_>,
) {
    let Some((start, length)) = read_data(command.words) else { return };
    let content = command.at(start, length);
    let (way, name) = (Direction::ToClient, command1(READ));
    if state.is_pipe(handle, request.ids.tree, content) {
        state.pipe(handle, way, content, (&name, request.ids), context);
        return;
    }
    let file = state.file(handle, way, (&name, request.ids), context);
    if let Some(tx) = state.files.tx(&file) {
        context.update(tx, |tx| nt_status(&mut tx.eve, 0));
    }
    state.files.write(&file, offset, content, context);
}
