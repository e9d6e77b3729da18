//! NFS 2 to 4 (RFC 1094, RFC 1813, RFC 7530) over ONC RPC (RFC 5531): one transaction for each call with its reply, and one
//! for each file that is read or written.

mod compound;
mod names;
mod procedures;
mod rpc;

use serde_json::json;

use super::messages::{Cut, Messages};
use super::open_files::{FileKey, Files};
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, eve_text, object, put};
use crate::limits::{MESSAGE_BYTES, NFS_CALLS, NFS_NAMES};
use crate::{AppProtocol, Buffer, Direction};
use rpc::{Call, Reply};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Nfs,
    transports: &[TransportKind::Tcp, TransportKind::Udp],
    ports: &[2049],
    probe,
    create: |transport| Box::new(NfsParser::new(transport)),
};

/// Length of a fragment of a record on a stream.
const MARK_BYTES: usize = 4;
const LAST_FRAGMENT: u32 = 1 << 31;

fn probe(probe: &Probe<'_>) -> Verdict {
    let mark = if probe.transport == TransportKind::Tcp { MARK_BYTES } else { 0 };
    let data = probe.data;
    let verdict = match data.get(mark..) {
        None => Verdict::More,
        Some(rest) => rpc::probe(rest, probe.port_matches),
    };
    // A record begins with its only fragment, and that is no longer than a piece of a file.
    let is_mark = matches!(*data, [] | [0x80] | [0x80, 0..=0x10, ..]);
    match verdict {
        _ if mark > 0 && !is_mark => Verdict::No,
        Verdict::More if probe.transport == TransportKind::Udp => Verdict::No,
        verdict => verdict,
    }
}

struct NfsParser {
    transport: TransportKind,
    sides: [Messages; 2],
    /// Fragments of a record before its last one.
    records: [Vec<u8>; 2],
    calls: Vec<(Call, What, Option<u64>)>,
    /// Names of handles.
    names: Vec<(Vec<u8>, Vec<u8>)>,
    files: Files,
    tellings: Vec<Telling>,
}

/// What a file transaction tells.
struct Telling {
    key: FileKey,
    tx: u64,
    chunks: u32,
}

/// What a call is about.
#[derive(Debug, Clone, Default)]
pub(super) struct What {
    /// Name of the procedure or, of version 4, of the operation that matters.
    procedure: String,
    handle: Vec<u8>,
    /// The file that is named; with a second one when it gets that name.
    name: Vec<u8>,
    to: Option<Vec<u8>>,
    transfer: Option<Transfer>,
    /// Whether the reply tells the handle of what is named.
    finds: bool,
    /// Whether the file is closed by it.
    closes: bool,
}

/// A piece of a file.
#[derive(Debug, Clone)]
enum Transfer {
    Read { offset: u64 },
    Write { offset: u64, data: Vec<u8> },
}

/// What a reply says.
#[derive(Debug, Default)]
pub(super) struct Answer {
    status: u32,
    handle: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    at_end: bool,
}

impl NfsParser {
    fn new(transport: TransportKind) -> Self {
        Self {
            transport,
            sides: Default::default(),
            records: Default::default(),
            calls: Vec::new(),
            names: Vec::new(),
            files: Files::default(),
            tellings: Vec::new(),
        }
    }
}

impl AppParser for NfsParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => self.record(direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => {
                self.sides[side].push(data);
                while let Some(fragment) = self.sides[side].next(cut) {
                    self.fragment(direction, &fragment, context);
                }
            }
            (Input::Gap(length), _) => {
                self.sides[side].gap(length);
            }
            (Input::End, _) if direction == Direction::ToClient => self.end(context),
            (Input::End, _) => {}
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    let Some(mark) = bytes.first_chunk::<MARK_BYTES>() else { return Cut::More };
    let length = u32::from_be_bytes(*mark) & !LAST_FRAGMENT;
    let total = MARK_BYTES + usize::try_from(length).unwrap_or(usize::MAX / 2);
    if bytes.len() >= total.min(MESSAGE_BYTES) { Cut::Message(total) } else { Cut::More }
}

impl NfsParser {
    fn fragment(&mut self, direction: Direction, fragment: &[u8], context: &mut Context<'_>) {
        let (mark, content) = fragment.split_at(MARK_BYTES.min(fragment.len()));
        let record = &mut self.records[usize::from(direction == Direction::ToClient)];
        let room = MESSAGE_BYTES.saturating_sub(record.len()).min(content.len());
        record.extend_from_slice(&content[..room]);
        if mark.first().is_some_and(|first| first & 0x80 != 0) {
            let record = std::mem::take(record);
            self.record(direction, &record, context);
        }
    }

    fn record(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        context.frame(None, direction, (AppProtocol::Nfs, "rpc.pdu"), data);
        match rpc::kind(data) {
            Some(rpc::CALL) => match rpc::call(data) {
                Some((call, rest)) if call.program == rpc::NFS => self.call(direction, call, rest, context),
                Some(_) => {}
                None => context.anomaly(None, direction, "nfs.malformed_data"),
            },
            Some(rpc::REPLY) => match rpc::reply(data) {
                Some((reply, rest)) => self.reply(direction, &reply, rest, context),
                None => context.anomaly(None, direction, "nfs.malformed_data"),
            },
            _ => context.anomaly(None, direction, "nfs.malformed_data"),
        }
    }

    fn call(&mut self, direction: Direction, call: Call, rest: &[u8], context: &mut Context<'_>) {
        context.frame(None, direction, (AppProtocol::Nfs, "nfs.pdu"), rest);
        let what = match call.version {
            2 | 3 => procedures::request(call.version, call.procedure, rest),
            4 => compound::request(rest),
            _ => return context.anomaly(None, direction, "nfs.nonexistent_version"),
        };
        let Some(mut what) = what else {
            return context.anomaly(None, direction, "nfs.malformed_data");
        };
        if what.name.is_empty()
            && let Some((_, name)) = self.names.iter().find(|known| known.0 == what.handle)
        {
            what.name.clone_from(name);
        }
        let tx = match what.transfer.take() {
            Some(Transfer::Write { offset, data }) => {
                let key = FileKey { handle: what.handle.clone(), direction };
                let tx = self.file(&key, (&call, &what), context);
                self.files.write(&key, offset, &data, context);
                context.progress(tx, direction);
                None
            }
            Some(read) => {
                what.transfer = Some(read);
                None
            }
            None if what.procedure == "COMMIT" => None,
            None => Some(open(direction, &call, &what, context)),
        };
        if self.calls.len() >= NFS_CALLS {
            let (_, _, oldest) = self.calls.remove(0);
            if let Some(oldest) = oldest {
                context.update(oldest, |tx| tx.response_complete = true);
            }
            context.anomaly(tx, direction, "nfs.too_many_transactions");
        }
        self.calls.push((call, what, tx));
    }

    fn reply(&mut self, direction: Direction, reply: &Reply, rest: &[u8], context: &mut Context<'_>) {
        let Some(place) = self.calls.iter().position(|(call, ..)| call.xid == reply.xid) else { return };
        let (call, what, tx) = self.calls.remove(place);
        let answer = match call.version {
            4 => compound::response(rest),
            version => procedures::response(version, call.procedure, rest),
        };
        let answer = answer.unwrap_or_default();
        if let (Some(handle), true) = (&answer.handle, what.finds && !what.name.is_empty()) {
            self.remember(handle.clone(), what.name.clone());
        }
        if let (Some(Transfer::Read { offset }), Some(data)) = (&what.transfer, &answer.data) {
            let key = FileKey { handle: what.handle.clone(), direction };
            let tx = self.file(&key, (&call, &what), context);
            self.files.write(&key, *offset, data, context);
            context.progress(tx, direction);
        }
        if answer.at_end || what.closes {
            self.close(&what.handle, context);
        }
        let Some(id) = tx else { return };
        context.update(id, |tx| {
            if let Some(serde_json::Value::Object(rpc)) = tx.eve_more.get_mut("rpc") {
                put(rpc, "status", if reply.accepted { "ACCEPTED" } else { "DENIED" });
            }
            put(&mut tx.eve, "type", "response");
            put(&mut tx.eve, "status", names::status(call.version, answer.status));
            tx.response_complete = true;
        });
        context.progress(id, direction);
    }

    fn remember(&mut self, handle: Vec<u8>, name: Vec<u8>) {
        self.names.retain(|known| known.0 != handle);
        if self.names.len() >= NFS_NAMES {
            self.names.remove(0);
        }
        self.names.push((handle, name));
    }

    /// The transaction of a file, which is opened when it is new; counts a piece of it.
    fn file(&mut self, key: &FileKey, (call, what): (&Call, &What), context: &mut Context<'_>) -> u64 {
        let known = self.files.tx(key);
        let tx = known.unwrap_or_else(|| {
            let tx = open(key.direction, call, what, context);
            let name = self.names.iter().find(|known| known.0 == key.handle).map(|known| known.1.clone());
            self.files.begin(key.clone(), tx, name.unwrap_or_else(|| what.name.clone()), context);
            self.tellings.retain(|telling| telling.key != *key);
            self.tellings.push(Telling { key: key.clone(), tx, chunks: 0 });
            tx
        });
        if let Some(telling) = self.tellings.iter_mut().find(|telling| telling.tx == tx) {
            telling.chunks += 1;
            let (chunks, first) = (telling.chunks, telling.chunks == 1);
            let key = if key.direction == Direction::ToServer { "write" } else { "read" };
            context.update(tx, |tx| {
                put(&mut tx.eve, "file_tx", true);
                put(&mut tx.eve, key, json!({"first": first, "last": true, "last_xid": call.xid, "chunks": chunks}));
            });
        }
        tx
    }

    fn close(&mut self, handle: &[u8], context: &mut Context<'_>) {
        for tx in self.files.close(handle, context) {
            self.tellings.retain(|telling| telling.tx != tx);
            context.update(tx, |tx| (tx.request_complete, tx.response_complete) = (true, true));
            context.progress(tx, Direction::ToClient);
        }
    }

    fn end(&mut self, context: &mut Context<'_>) {
        for (_, _, tx) in std::mem::take(&mut self.calls) {
            if let Some(tx) = tx {
                context.update(tx, |tx| tx.response_complete = true);
            }
        }
        for telling in std::mem::take(&mut self.tellings) {
            self.close(&telling.key.handle, context);
        }
    }
}

fn open(direction: Direction, call: &Call, what: &What, context: &mut Context<'_>) -> u64 {
    let id = context.open(AppProtocol::Nfs);
    context.update(id, |tx| {
        tx.facts.number("nfs_procedure", call.procedure);
        tx.facts.number("nfs.procedure", call.procedure);
        tx.facts.number("nfs_version", call.version);
        tx.facts.number("nfs.version", call.version);
        if !what.name.is_empty() {
            tx.buffers.set(direction, Buffer::FileName, what.name.clone());
        }
        tx.eve_more.insert("rpc".to_owned(), call.eve().into());
        tx.eve = record(tx.id, call, what);
        tx.request_complete = true;
    });
    context.progress(id, direction);
    id
}

fn record(id: u64, call: &Call, what: &What) -> Object {
    let mut eve = object(json!({
        "version": call.version,
        "procedure": what.procedure,
        "filename": eve_text(&what.name),
        "id": id + 1,
        "file_tx": false,
        "type": "request",
    }));
    if !what.handle.is_empty() {
        put(&mut eve, "hhash", format!("{:x}", names::digest(&what.handle)));
    }
    if let Some(to) = &what.to {
        put(&mut eve, "rename", json!({"from": eve_text(&what.name), "to": eve_text(to)}));
    }
    eve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppEvent;
    use crate::app::testing::listen;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn recorded(parts: &[Vec<u8>]) -> Vec<u8> {
        let body = parts.concat();
        [words(&[LAST_FRAGMENT | u32::try_from(body.len()).unwrap_or(0)]), body].concat()
    }

    #[test]
    fn a_file_is_looked_up_and_written_over_version_3() {
        let call = |xid, procedure| words(&[xid, 0, 2, 100_003, 3, procedure, 0, 0, 0, 0]);
        let opaque = |bytes: &[u8]| {
            let mut field = words(&[u32::try_from(bytes.len()).unwrap_or(0)]);
            field.extend_from_slice(bytes);
            field.resize(field.len().next_multiple_of(4), 0);
            field
        };
        let lookup = recorded(&[call(1, 3), opaque(b"root"), opaque(b"a.txt")]);
        let found = recorded(&[words(&[1, 1, 0, 0, 0, 0, 0]), opaque(b"file")]);
        let write = recorded(&[call(2, 7), opaque(b"file"), words(&[0, 0, 5, 2]), opaque(b"hello")]);
        let written = recorded(&[words(&[2, 1, 0, 0, 0, 0, 0])]);
        let commit = recorded(&[call(3, 21), opaque(b"file"), words(&[0, 0, 0])]);
        let committed = recorded(&[words(&[3, 1, 0, 0, 0, 0, 0])]);
        let (up, down) = (Direction::ToServer, Direction::ToClient);
        let exchange: [(Direction, &[u8]); 6] =
            [(up, &lookup), (down, &found), (up, &write), (down, &written), (up, &commit), (down, &committed)];
        let (transactions, events) = listen(AppProtocol::Nfs, &exchange);
        let told: Vec<_> = transactions.iter().collect();
        assert_eq!(told.len(), 2);
        assert_eq!((&told[0].eve["procedure"], &told[0].eve["status"]), (&json!("LOOKUP"), &json!("OK")));
        assert_eq!(told[1].eve["file_tx"], true);
        let content: Vec<u8> = events
            .iter()
            .filter_map(|event| if let AppEvent::File(chunk) = event { Some(chunk.data.clone()) } else { None })
            .flatten()
            .collect();
        assert_eq!(content, b"hello");
        assert!(told.iter().all(|tx| tx.is_complete()));
    }
}
