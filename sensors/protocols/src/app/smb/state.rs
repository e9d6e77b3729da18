//! What is known of one connection: trees, handles, requests that wait, files, pipes.

use super::{smb1, smb2};
use crate::app::Context;
use crate::app::dcerpc::{Association, Call, Carrier};
use crate::app::open_files::{FileKey, Files};
use crate::app::text::{Object, eve_text, put};
use crate::limits::{SMB_HANDLES, SMB_REQUESTS};
use crate::{AppProtocol, Direction, Transaction};

#[derive(Default)]
pub(super) struct State {
    pub(super) dialect: Option<String>,
    /// Dialects the client offered, SMB 1.
    pub(super) offered: Vec<String>,
    trees: Vec<(u32, Tree)>,
    handles: Vec<(Vec<u8>, Handle)>,
    requests: Vec<Request>,
    pub(super) files: Files,
    pipes: Vec<(Vec<u8>, Association)>,
    pub(super) had_gap: bool,
}

/// A share that was connected to.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) name: Vec<u8>,
    pub(super) is_pipe: bool,
}

/// An open file or pipe.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) name: Vec<u8>,
    pub(super) is_pipe: bool,
}

/// What every command carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) message: u64,
    pub(super) session: u64,
    pub(super) tree: u32,
}

/// A request that waits.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) ids: Ids,
    pub(super) command: u16,
    pub(super) tx: Option<u64>,
    pub(super) subject: Subject,
}

/// What a request is about.
#[derive(Debug, Clone, Default)]
pub(super) enum Subject {
    #[default]
    Nothing,
    /// A share by its name.
    Tree(Vec<u8>),
    /// A file by its name.
    Create(Vec<u8>),
    /// A piece of a file.
    Read { handle: Vec<u8>, offset: u64 },
    /// A call over a pipe.
    Pipe(Vec<u8>),
}

/// Data of a message that is handed on as it comes.
pub(super) struct LongData {
    pub(super) file: FileKey,
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// Whether the flags of a message say that it is a response; nothing for what is no message.
fn is_response(data: &[u8]) -> Option<bool> {
    match data.first()? {
        0xff => data.get(9).map(|flags| flags & 0x80 != 0),
        0xfe => data.get(16).map(|flags| flags & 1 != 0),
        _ => None,
    }
}

impl State {
    /// A whole message.
    pub(super) fn message(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        match (direction, is_response(data)) {
            (Direction::ToServer, Some(true)) => context.anomaly(None, direction, "smb.response_to_server"),
            (Direction::ToClient, Some(false)) => context.anomaly(None, direction, "smb.request_to_client"),
            _ => {}
        }
        match data.first() {
            Some(0xff) => smb1::message(self, direction, data, context),
            Some(0xfe) => smb2::message(self, direction, data, context),
            _ => {}
        }
    }

    /// The head of a long message: where its data begins, and where that belongs.
    pub(super) fn long(
        &mut self,
        direction: Direction,
        head: &[u8],
        length: usize,
        context: &mut Context<'_>,
    ) -> Option<(usize, LongData)> {
        match head.first() {
            Some(0xff) => smb1::long(self, direction, head, length, context),
            Some(0xfe) => smb2::long(self, direction, head, length, context),
            _ => None,
        }
    }

    /// Opens a transaction for a command.
    pub(super) fn open(&self, command: &str, ids: Ids, context: &mut Context<'_>) -> u64 {
        let tx = context.open(AppProtocol::Smb);
        let dialect = self.dialect.clone().unwrap_or_else(|| "unknown".to_owned());
        context.update(tx, |tx| {
            put(&mut tx.eve, "id", tx.id + 1);
            put(&mut tx.eve, "dialect", dialect);
            put(&mut tx.eve, "command", command);
            put(&mut tx.eve, "session_id", ids.session);
            put(&mut tx.eve, "tree_id", ids.tree);
            tx.facts.number("smb.version", if command.starts_with("SMB1") { 1_u8 } else { 2 });
        });
        tx
    }

    pub(super) fn await_response(&mut self, request: Request, context: &mut Context<'_>) {
        if self.requests.len() >= SMB_REQUESTS {
            let oldest = self.requests.remove(0);
            complete(oldest.tx, context);
        }
        if let Some(tx) = request.tx {
            context.update(tx, |tx| tx.request_complete = true);
            context.progress(tx, Direction::ToServer);
        }
        self.requests.push(request);
    }

    /// Takes the request a response answers.
    pub(super) fn answered(&mut self, message: u64, command: u16) -> Option<Request> {
        let same = |request: &Request| request.ids.message == message && request.command == command;
        let place = self.requests.iter().position(same)?;
        Some(self.requests.remove(place))
    }

    /// The same without taking it.
    pub(super) fn waiting(&self, message: u64, command: u16) -> Option<&Request> {
        self.requests.iter().find(|request| request.ids.message == message && request.command == command)
    }

    pub(super) fn connect_tree(&mut self, id: u32, tree: Tree) {
        self.trees.retain(|known| known.0 != id);
        bounded_push(&mut self.trees, (id, tree));
    }

    pub(super) fn disconnect_tree(&mut self, id: u32) {
        self.trees.retain(|known| known.0 != id);
    }

    pub(super) fn tree(&self, id: u32) -> Option<&Tree> {
        self.trees.iter().find(|known| known.0 == id).map(|known| &known.1)
    }

    pub(super) fn open_handle(&mut self, handle: Vec<u8>, opened: Handle) {
        self.handles.retain(|known| known.0 != handle);
        bounded_push(&mut self.handles, (handle, opened));
    }

    pub(super) fn handle(&self, handle: &[u8]) -> Option<&Handle> {
        self.handles.iter().find(|known| known.0 == handle).map(|known| &known.1)
    }

    /// Whether bytes of a handle are calls: it was opened on a share of pipes, or has not been seen and looks so.
    pub(super) fn is_pipe(&self, handle: &[u8], tree: u32, data: &[u8]) -> bool {
        match (self.handle(handle), self.tree(tree)) {
            (Some(handle), _) => handle.is_pipe,
            (None, Some(tree)) => tree.is_pipe,
            (None, None) => crate::app::dcerpc::pdu::announced_length(data).is_some_and(|length| length >= data.len()),
        }
    }

    pub(super) fn close_handle(&mut self, handle: &[u8], context: &mut Context<'_>) {
        for tx in self.files.close(handle, context) {
            complete(Some(tx), context);
        }
        self.handles.retain(|known| known.0 != handle);
        self.pipes.retain(|known| known.0 != handle);
    }

    /// The file of a handle; opens it, and its transaction, when it is new.
    pub(super) fn file(
        &mut self,
        handle: &[u8],
        direction: Direction,
        (command, ids): (&str, Ids),
        context: &mut Context<'_>,
    ) -> FileKey {
        let key = FileKey { handle: handle.to_vec(), direction };
        if self.files.tx(&key).is_some() {
            return key;
        }
        let name = self.handle(handle).map(|handle| handle.name.clone()).unwrap_or_default();
        let tx = self.open(command, ids, context);
        let share = self.tree(ids.tree).map(|tree| eve_text(&tree.name));
        context.update(tx, |tx| {
            put(&mut tx.eve, "filename", if name.is_empty() { "<unknown>".to_owned() } else { eve_text(&name) });
            if let Some(share) = share {
                put(&mut tx.eve, "share", share);
            }
            put(&mut tx.eve, "fuid", super::eve::handle_text(handle));
        });
        self.files.begin(key.clone(), tx, name, context);
        key
    }

    /// Takes bytes of a pipe; gives the last transaction they touched.
    pub(super) fn pipe(
        &mut self,
        handle: &[u8],
        direction: Direction,
        data: &[u8],
        (command, ids): (&str, Ids),
        context: &mut Context<'_>,
    ) -> Option<u64> {
        let place = self.pipes.iter().position(|known| known.0 == handle);
        let mut association = match place {
            Some(place) => self.pipes.remove(place).1,
            None => Association::default(),
        };
        let mut carrier = InSmb { state: self, command, ids };
        let touched = association.pipe(direction, data, &mut carrier, context);
        bounded_push(&mut self.pipes, (handle.to_vec(), association));
        for (tx, is_done) in &touched {
            context.update(*tx, |tx| {
                tx.request_complete = true;
                tx.response_complete |= is_done;
            });
            context.progress(*tx, direction);
        }
        touched.last().map(|touched| touched.0)
    }

    /// The connection has ended.
    pub(super) fn end(&mut self, context: &mut Context<'_>) {
        for request in std::mem::take(&mut self.requests) {
            complete(request.tx, context);
        }
    }
}

fn bounded_push<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= SMB_HANDLES {
        list.remove(0);
    }
    list.push(item);
}

/// Completes a transaction.
pub(super) fn complete(tx: Option<u64>, context: &mut Context<'_>) {
    if let Some(id) = tx {
        context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        context.progress(id, Direction::ToClient);
    }
}

/// Calls are written into transactions of SMB.
struct InSmb<'a> {
    state: &'a State,
    command: &'a str,
    ids: Ids,
}

impl Carrier for InSmb<'_> {
    fn open(&mut self, context: &mut Context<'_>) -> u64 {
        self.state.open(self.command, self.ids, context)
    }

    fn write(&self, tx: &mut Transaction, call: &Call) {
        let eve: Object = call.eve(true);
        put(&mut tx.eve, "dcerpc", eve);
    }
}
