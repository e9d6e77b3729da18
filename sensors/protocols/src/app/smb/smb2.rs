//! SMB 2 and 3 (MS-SMB2).

use serde_json::{Value, json};

use super::eve::{handle_text, nt_status, unix_seconds};
use super::names::{command2, dialect2, disposition, from_utf16, function};
use super::ntlmssp::Authentication;
use super::state::{Handle, Ids, LongData, Request, State, Subject, Tree, complete};
use crate::app::Context;
use crate::app::reader::Reader;
use crate::app::text::{eve_text, put};
use crate::{Buffer, Direction};

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const TREE_DISCONNECT: u16 = 4;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const IOCTL: u16 = 11;
const GET_INFO: u16 = 16;
const SET_INFO: u16 = 17;
const HEADER_BYTES: usize = 64;
const PENDING: u32 = 0x103;
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
/// Commands of one compound that are read.
const COMPOUND: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Header {
    command: u16,
    status: u32,
    next: usize,
    ids: Ids,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        r.take(8)?;
        let (status, command, _credits) = (r.u32_le()?, r.u16_le()?, r.u16_le()?);
        let (flags, next, message) = (r.u32_le()?, r.u32_le()?, r.u64_le()?);
        r.u32_le()?;
        let tree = r.u32_le()?;
        let session = r.u64_le()?;
        r.take(16)?;
        // An asynchronous response has another number in the place of the tree's.
        let tree = if flags & 2 == 0 { tree } else { 0 };
        let next = usize::try_from(next).ok()?;
        Some(Self { command, status, next, ids: Ids { message, session, tree } })
    }
}

/// One message: a command or several.
pub(super) fn message(state: &mut State, direction: Direction, data: &[u8], context: &mut Context<'_>) {
    let mut rest = data;
    for _ in 0..COMPOUND {
        let Some(header) = Header::parse(rest) else {
            return context.anomaly(None, direction, "smb.malformed_data");
        };
        let length = if header.next >= HEADER_BYTES { header.next.min(rest.len()) } else { rest.len() };
        let (command, after) = rest.split_at(length);
        match direction {
            Direction::ToServer => request(state, header, command, context),
            Direction::ToClient => response(state, header, command, context),
        }
        if header.next < HEADER_BYTES || !after.starts_with(&[0xfe, b'S', b'M', b'B']) {
            return;
        }
        rest = after;
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
    let header = Header::parse(head).filter(|header| header.next == 0)?;
    let body = Reader::new(head.get(HEADER_BYTES..)?);
    match (direction, header.command) {
        (Direction::ToServer, WRITE) => {
            let write = Write::parse(body)?;
            let fits = write.start.checked_add(write.length)? <= length;
            if !fits || state.is_pipe(write.handle, header.ids.tree, &[]) {
                return None;
            }
            let file = state.file(write.handle, direction, (&command2(WRITE), header.ids), context);
            wait(state, header, state.files.tx(&file), Subject::Nothing, context);
            Some((write.start, LongData { file, offset: write.offset, length: write.length }))
        }
        (Direction::ToClient, READ) => {
            let (start, count) = read_data(body)?;
            let waiting = state.waiting(header.ids.message, READ)?.clone();
            let Subject::Read { handle, offset } = waiting.subject else { return None };
            if start.checked_add(count)? > length || state.is_pipe(&handle, waiting.ids.tree, &[]) {
                return None;
            }
            state.answered(header.ids.message, READ);
            let file = state.file(&handle, direction, (&command2(READ), waiting.ids), context);
            if let Some(tx) = state.files.tx(&file) {
                context.update(tx, |tx| nt_status(&mut tx.eve, header.status));
            }
            Some((start, LongData { file, offset, length: count }))
        }
        _ => None,
    }
}

fn wait(state: &mut State, header: Header, tx: Option<u64>, subject: Subject, context: &mut Context<'_>) {
    state.await_response(Request { ids: header.ids, command: header.command, tx, subject }, context);
}

struct Write<'a> {
    start: usize,
    length: usize,
    offset: u64,
    handle: &'a [u8],
}

impl<'a> Write<'a> {
    fn parse(mut r: Reader<'a>) -> Option<Self> {
        r.u16_le()?;
        let (start, length, offset) = (r.u16_le()?, r.u32_le()?, r.u64_le()?);
        Some(Self { start: start.into(), length: usize::try_from(length).ok()?, offset, handle: r.take(16)? })
    }
}

fn read_data(mut r: Reader<'_>) -> Option<(usize, usize)> {
    r.u16_le()?;
    let (start, _reserved, length) = (r.u8()?, r.u8()?, r.u32_le()?);
    Some((start.into(), usize::try_from(length).ok()?))
}

/// Bytes at an offset that counts from the header.
fn at(data: &[u8], start: usize, length: usize) -> &[u8] {
    let from = start.min(data.len());
    &data[from..from.saturating_add(length).min(data.len())]
}

fn request(state: &mut State, header: Header, data: &[u8], context: &mut Context<'_>) {
    let body = Reader::new(data.get(HEADER_BYTES..).unwrap_or_default());
    let known = match header.command {
        READ => read_request(state, header, body, context),
        WRITE => write_request(state, header, (data, body), context),
        IOCTL => ioctl_request(state, header, (data, body), context),
        SET_INFO => set_info(state, header, (data, body), context),
        GET_INFO => Some(()),
        _ => {
            generic_request(state, header, (data, body), context);
            Some(())
        }
    };
    if known.is_none() {
        context.anomaly(None, Direction::ToServer, "smb.malformed_data");
    }
}

fn generic_request(state: &mut State, header: Header, (data, body): (&[u8], Reader<'_>), context: &mut Context<'_>) {
    let tx = state.open(&command2(header.command), header.ids, context);
    let subject = match header.command {
        NEGOTIATE => {
            negotiate_request(tx, body, context);
            None
        }
        SESSION_SETUP => {
            session_setup(tx, (data, body), context);
            None
        }
        TREE_CONNECT => tree_connect(tx, (data, body), context),
        TREE_DISCONNECT => {
            state.disconnect_tree(header.ids.tree);
            None
        }
        CREATE => create_request(tx, (data, body), context),
        CLOSE => close(state, body, context),
        _ => None,
    };
    wait(state, header, Some(tx), subject.unwrap_or_default(), context);
}

fn negotiate_request(tx: u64, mut r: Reader<'_>, context: &mut Context<'_>) -> Option<()> {
    r.u16_le()?;
    let count = r.u16_le()?;
    r.take(8)?;
    let guid = handle_text(r.take(16)?);
    r.take(8)?;
    let dialects: Vec<String> = (0..count.min(64)).map_while(|_| r.u16_le()).map(dialect2).collect();
    context.update(tx, |tx| {
        put(&mut tx.eve, "client_dialects", dialects);
        put(&mut tx.eve, "client_guid", guid);
    });
    Some(())
}

fn session_setup(tx: u64, (data, mut r): (&[u8], Reader<'_>), context: &mut Context<'_>) -> Option<()> {
    r.take(12)?;
    let (start, length) = (r.u16_le()?, r.u16_le()?);
    let authentication = Authentication::find(at(data, start.into(), length.into()))?;
    context.update(tx, |tx| authentication.write(tx));
    Some(())
}

fn tree_connect(tx: u64, (data, mut r): (&[u8], Reader<'_>), context: &mut Context<'_>) -> Option<Subject> {
    r.take(4)?;
    let (start, length) = (r.u16_le()?, r.u16_le()?);
    let name = from_utf16(at(data, start.into(), length.into()));
    context.update(tx, |tx| put(&mut tx.eve, "share", eve_text(&name)));
    Some(Subject::Tree(name))
}

fn create_request(tx: u64, (data, mut r): (&[u8], Reader<'_>), context: &mut Context<'_>) -> Option<Subject> {
    r.take(36)?;
    let (disposition_number, options, start, length) = (r.u32_le()?, r.u32_le()?, r.u16_le()?, r.u16_le()?);
    let name = from_utf16(at(data, start.into(), length.into()));
    let shown = if name.is_empty() { "<share_root>".to_owned() } else { eve_text(&name) };
    context.update(tx, |tx| {
        put(&mut tx.eve, if options & 1 != 0 { "directory" } else { "filename" }, shown);
        put(&mut tx.eve, "disposition", disposition(disposition_number));
        put(&mut tx.eve, "access", if options & 0x1000 != 0 { "delete on close" } else { "normal" });
    });
    Some(Subject::Create(name))
}

fn close(state: &mut State, mut r: Reader<'_>, context: &mut Context<'_>) -> Option<Subject> {
    r.take(8)?;
    let handle = r.take(16)?;
    state.close_handle(handle, context);
    None
}

fn read_request(state: &mut State, header: Header, mut r: Reader<'_>, context: &mut Context<'_>) -> Option<()> {
    r.take(8)?;
    let offset = r.u64_le()?;
    let handle = r.take(16)?.to_vec();
    wait(state, header, None, Subject::Read { handle, offset }, context);
    Some(())
}

fn write_request(
    state: &mut State,
    header: Header,
    (data, body): (&[u8], Reader<'_>),
    context: &mut Context<'_>,
) -> Option<()> {
    let write = Write::parse(body)?;
    let content = at(data, write.start, write.length);
    let way = Direction::ToServer;
    let command = command2(WRITE);
    let tx = if state.is_pipe(write.handle, header.ids.tree, content) {
        state.pipe(write.handle, way, content, (&command, header.ids), context)
    } else {
        let file = state.file(write.handle, way, (&command, header.ids), context);
        state.files.write(&file, write.offset, content, context);
        state.files.tx(&file)
    };
    wait(state, header, tx, Subject::Nothing, context);
    Some(())
}

fn ioctl_request(
    state: &mut State,
    header: Header,
    (data, mut r): (&[u8], Reader<'_>),
    context: &mut Context<'_>,
) -> Option<()> {
    r.u32_le()?;
    let code = r.u32_le()?;
    let handle = r.take(16)?;
    let (start, length) = (usize::try_from(r.u32_le()?).ok()?, usize::try_from(r.u32_le()?).ok()?);
    if code == PIPE_TRANSCEIVE {
        let content = at(data, start, length);
        let tx = state.pipe(handle, Direction::ToServer, content, (&command2(IOCTL), header.ids), context);
        wait(state, header, tx, Subject::Pipe(handle.to_vec()), context);
        return Some(());
    }
    let tx = state.open(&command2(IOCTL), header.ids, context);
    context.update(tx, |tx| put(&mut tx.eve, "function", function(code)));
    wait(state, header, Some(tx), Subject::Nothing, context);
    Some(())
}

/// Renaming and deleting.
fn set_info(
    state: &mut State,
    header: Header,
    (data, mut r): (&[u8], Reader<'_>),
    context: &mut Context<'_>,
) -> Option<()> {
    r.u16_le()?;
    let (class, level, length, start) = (r.u8()?, r.u8()?, r.u32_le()?, r.u16_le()?);
    r.take(6)?;
    let handle = r.take(16)?;
    let from = state.handle(handle).map(|handle| eve_text(&handle.name));
    let mut information = Reader::new(at(data, start.into(), usize::try_from(length).ok()?));
    let (name, entry) = match (class, level) {
        (1, 10) => {
            information.take(16)?;
            let length = usize::try_from(information.u32_le()?).ok()?;
            let to = eve_text(&from_utf16(information.take_some(length)));
            ("SMB2_FILE_RENAME_INFO", Some(json!({"from": from.unwrap_or_default(), "to": to})))
        }
        (1, 13) => ("SMB2_FILE_DISPOSITION_INFO", None),
        _ => return Some(()),
    };
    let tx = state.open(&command2(SET_INFO), header.ids, context);
    context.update(tx, |tx| {
        if let Some(entry) = entry {
            put(&mut tx.eve, "rename", entry);
        }
        put(&mut tx.eve, "set_info", json!({"class": "FILE_INFO", "info_level": name}));
    });
    wait(state, header, Some(tx), Subject::Nothing, context);
    Some(())
}

fn response(state: &mut State, header: Header, data: &[u8], context: &mut Context<'_>) {
    if header.status == PENDING {
        return;
    }
    let body = Reader::new(data.get(HEADER_BYTES..).unwrap_or_default());
    let Some(request) = state.answered(header.ids.message, header.command) else {
        if header.command == NEGOTIATE {
            negotiate_response(state, None, body, context);
        }
        return;
    };
    if let Some(tx) = request.tx {
        context.update(tx, |tx| nt_status(&mut tx.eve, header.status));
    }
    let succeeded = header.status == 0 || header.status == 0x8000_0005;
    match (header.command, &request.subject) {
        (NEGOTIATE, _) => {
            negotiate_response(state, request.tx, body, context);
        }
        (TREE_CONNECT, Subject::Tree(name)) if succeeded => {
            tree_response(state, request.tx, (header.ids.tree, name), body, context);
        }
        (CREATE, Subject::Create(name)) if succeeded => {
            create_response(state, &request, name, body, context);
        }
        (READ, Subject::Read { handle, offset }) if succeeded => {
            return read_response(state, header, (&request, handle, *offset), (data, body), context);
        }
        (IOCTL, Subject::Pipe(handle)) => {
            let done = succeeded.then(|| ioctl_response(state, &request, handle, (data, body), context)).flatten();
            if done.is_some() {
                return;
            }
        }
        // A file's transaction lasts until it is closed, a call's until it is answered.
        (WRITE, _) => return,
        _ => {}
    }
    complete(request.tx, context);
}

fn negotiate_response(state: &mut State, tx: Option<u64>, mut r: Reader<'_>, context: &mut Context<'_>) -> Option<()> {
    r.take(4)?;
    let name = dialect2(r.u16_le()?);
    r.u16_le()?;
    let guid = handle_text(r.take(16)?);
    let (_capabilities, _transact, read, write) = (r.u32_le()?, r.u32_le()?, r.u32_le()?, r.u32_le()?);
    state.dialect = Some(name.clone());
    if let Some(id) = tx {
        context.update(id, |tx| {
            put(&mut tx.eve, "dialect", name);
            put(&mut tx.eve, "server_guid", guid);
            put(&mut tx.eve, "max_read_size", read);
            put(&mut tx.eve, "max_write_size", write);
        });
    }
    Some(())
}

fn tree_response(
    state: &mut State,
    tx: Option<u64>,
    (id, name): (u32, &[u8]),
    mut r: Reader<'_>,
    context: &mut Context<'_>,
) -> Option<()> {
    r.u16_le()?;
    let kind = r.u8()?;
    let is_pipe = kind == 2;
    state.connect_tree(id, Tree { name: name.to_vec(), is_pipe });
    context.update(tx?, |tx| {
        tx.eve.shift_remove("share");
        put(&mut tx.eve, "tree_id", id);
        put(&mut tx.eve, if is_pipe { "named_pipe" } else { "share" }, eve_text(name));
        let kind = match kind {
            1 => "FILE",
            2 => "PIPE",
            3 => "PRINT",
            _ => "UNKNOWN",
        };
        put(&mut tx.eve, "share_type", Value::from(kind));
        let buffer = if is_pipe { Buffer::SmbNamedPipe } else { Buffer::SmbShare };
        tx.buffers.set(Direction::ToServer, buffer, name);
    });
    Some(())
}

fn create_response(
    state: &mut State,
    request: &Request,
    name: &[u8],
    mut r: Reader<'_>,
    context: &mut Context<'_>,
) -> Option<()> {
    r.take(8)?;
    let times = [r.u64_le()?, r.u64_le()?, r.u64_le()?, r.u64_le()?];
    let (_allocated, size) = (r.u64_le()?, r.u64_le()?);
    r.take(8)?;
    let handle = r.take(16)?;
    let is_pipe = state.tree(request.ids.tree).is_some_and(|tree| tree.is_pipe)
        || (state.tree(request.ids.tree).is_none() && is_pipe_name(name));
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

/// Pipes of well-known services, for connections whose beginning was missed.
fn is_pipe_name(name: &[u8]) -> bool {
    let known: [&[u8]; 12] = [
        b"atsvc",
        b"browser",
        b"drsuapi",
        b"epmapper",
        b"eventlog",
        b"lsarpc",
        b"lsass",
        b"netlogon",
        b"samr",
        b"spoolss",
        b"srvsvc",
        b"svcctl",
    ];
    known.iter().any(|known| known.eq_ignore_ascii_case(name)) || matches!(name, b"winreg" | b"wkssvc")
}

fn read_response(
    state: &mut State,
    header: Header,
    (request, handle, offset): (&Request, &[u8], u64),
    (data, body): (&[u8], Reader<'_>),
    context: &mut Context<'_>,
) {
    let Some((start, length)) = read_data(body) else { return };
    let content = at(data, start, length);
    let (way, command) = (Direction::ToClient, command2(READ));
    if state.is_pipe(handle, request.ids.tree, content) {
        state.pipe(handle, way, content, (&command, request.ids), context);
        return;
    }
    let file = state.file(handle, way, (&command, request.ids), context);
    if let Some(tx) = state.files.tx(&file) {
        context.update(tx, |tx| nt_status(&mut tx.eve, header.status));
    }
    state.files.write(&file, offset, content, context);
}

fn ioctl_response(
    state: &mut State,
    request: &Request,
    handle: &[u8],
    (data, mut r): (&[u8], Reader<'_>),
    context: &mut Context<'_>,
) -> Option<u64> {
    r.take(32)?;
    let (start, length) = (usize::try_from(r.u32_le()?).ok()?, usize::try_from(r.u32_le()?).ok()?);
    let content = at(data, start, length);
    state.pipe(handle, Direction::ToClient, content, (&command2(IOCTL), request.ids), context)
}
