//! Files on their way: hashed, shown to the rules, and told when they end.

use std::sync::Arc;

use fengsui_files::limits::IDENTIFY_BYTES;
use fengsui_files::{FileHasher, identify};
use fengsui_protocols::{AppLayer, Buffer, BufferValue, Direction, FileChunk};
use fengsui_signatures::{FileView, PacketView};

use super::Worker;
use super::flows::flow_view;
use crate::account::Counter;
use crate::eve::{FileRecord, PacketInfo, fileinfo_object, fileinfo_record};
use crate::flow::{FileProgress, Flow};
use crate::limits::{
    FILE_CONTENT_BYTES, FILE_CONTENT_TOTAL_BYTES, FILE_INSPECT_BYTES, FILE_OVERLAP_BYTES, FILE_WINDOW_BYTES,
    FILES_PER_FLOW, SPARE_FILE_BUFFER_BYTES, SPARE_FILE_BUFFERS,
};

impl Worker {
    /// The next piece of a file.
    pub(super) fn file_chunk(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        flow: &mut Flow,
        chunk: FileChunk,
    ) {
        let Some(place) = self.place_of(flow, &chunk) else {
            self.account.count(Counter::FilesShed);
            return;
        };
        let (ended, direction) = (chunk.end, chunk.direction);
        self.take_chunk(flow, place, chunk);
        if ended || flow.files[place].fresh >= FILE_INSPECT_BYTES {
            self.inspect_file(view, flow, (place, direction));
        }
        if ended {
            self.end_file(info, flow, place);
        }
    }

    fn place_of(&mut self, flow: &mut Flow, chunk: &FileChunk) -> Option<usize> {
        if let Some(place) = flow.files.iter().position(|file| file.id == chunk.file && !file.ended) {
            return Some(place);
        }
        if flow.files.len() >= FILES_PER_FLOW {
            return None;
        }
        self.account.count(Counter::FilesSeen);
        flow.files.push(FileProgress {
            id: chunk.file,
            transaction: chunk.transaction,
            direction: chunk.direction,
            name: None,
            hasher: Some(FileHasher::new(&self.shared.digests)),
            lent: None,
            content: Vec::new(),
            kind: None,
            window: Vec::new(),
            window_offset: 0,
            fresh: 0,
            size: 0,
            gaps: false,
            truncated: false,
            ended: false,
            store: false,
            signatures: Vec::new(),
            logged: false,
        });
        Some(flow.files.len() - 1)
    }

    fn take_chunk(&mut self, flow: &mut Flow, place: usize, chunk: FileChunk) {
        self.lend(flow, place, &chunk);
        let file = &mut flow.files[place];
        // A file of several answers belongs to the one that has just come.
        file.transaction = chunk.transaction;
        if chunk.name.is_some() {
            file.name = chunk.name;
        }
        if chunk.gap > 0 {
            file.gaps = true;
            file.window.clear();
            file.size += chunk.gap;
            file.window_offset = file.size;
        }
        if let Some(hasher) = &mut file.hasher {
            hasher.update(&chunk.data);
        }
        if file.lent.is_none() {
            self.keep_content(file, &chunk.data);
        }
        file.size += chunk.data.len() as u64;
        if !self.rules.set.looks_at_files() {
            file.window_offset = file.size;
        } else {
            file.fresh += chunk.data.len();
            if file.lent.is_none() {
                file.push_to_window(&chunk.data);
            }
        }
        file.truncated |= chunk.truncated;
        file.ended |= chunk.end;
    }

    /// Decides whether a file, with its next piece, needs buffers of its own: not while its transaction holds the same
    /// bytes from the first one on.
    fn lend(&mut self, flow: &mut Flow, place: usize, chunk: &FileChunk) {
        let file = &flow.files[place];
        let begins = file.size == 0;
        let follows = chunk.gap == 0 && (begins || file.transaction == chunk.transaction && file.lent.is_some());
        let lent = if follows { lent_by(flow.app.as_deref(), file, chunk) } else { None };
        if begins {
            flow.files[place].lent = lent;
        } else if lent.is_none() || lent != file.lent {
            self.take_back(flow, place);
        }
        let file = &mut flow.files[place];
        if begins && file.lent.is_none() && file.window.capacity() == 0 {
            file.content = self.rooms.pop().unwrap_or_default();
            file.window = self.rooms.pop().unwrap_or_default();
        }
    }

    /// Gives a file buffers of its own, with what so far stood in its transaction alone.
    fn take_back(&mut self, flow: &mut Flow, place: usize) {
        if flow.files[place].lent.is_none() {
            return;
        }
        let Flow { app, files, .. } = flow;
        let file = &mut files[place];
        let bytes = self.own_content(app.as_deref(), file);
        file.window = self.rooms.pop().unwrap_or_default();
        if bytes.is_empty() && file.size > 0 {
            // The flow had to let the transaction go.
            self.account.count(Counter::FileContentShed);
            file.window_offset = file.size;
            return;
        }
        let from = usize::try_from(file.window_offset).unwrap_or(usize::MAX);
        file.push_to_window(bytes.get(from..).unwrap_or_default());
    }

    /// Gives a file whose bytes are its transaction's content of its own: the start of them. All of them are answered.
    fn own_content<'f>(&mut self, app: Option<&'f AppLayer>, file: &mut FileProgress) -> &'f [u8] {
        let bytes = lent_bytes(app, file);
        file.lent = None;
        self.keep_content(file, bytes);
        bytes
    }

    /// Files that go on take along what they have in a transaction that goes.
    pub(super) fn part_from_transaction(&mut self, flow: &mut Flow, id: u64) {
        for place in 0..flow.files.len() {
            let file = &flow.files[place];
            if file.transaction == id && !file.logged {
                self.take_back(flow, place);
            }
        }
    }

    /// Bytes of the start of a file that are kept.
    fn content_limit(&self) -> usize {
        if self.shared.keeps_content() { FILE_CONTENT_BYTES } else { IDENTIFY_BYTES }
    }

    /// Keeps the start of a file, within what all files may hold: for identification, and more of it for who asks for it.
    /// When nobody does it goes as soon as the type is known.
    fn keep_content(&mut self, file: &mut FileProgress, data: &[u8]) {
        let alone = !self.shared.keeps_content();
        if alone && (file.kind.is_some() || file.identify_at_once(data)) {
            return;
        }
        let room = self.content_limit().saturating_sub(file.content.len());
        let part = &data[..data.len().min(room)];
        if self.content_held + part.len() > FILE_CONTENT_TOTAL_BYTES {
            self.account.count(Counter::FileContentShed);
            return;
        }
        if file.content.capacity() == 0 {
            file.content = self.rooms.pop().unwrap_or_default();
        }
        self.content_held += part.len();
        file.content.extend_from_slice(part);
        if alone && file.content.len() == IDENTIFY_BYTES {
            file.kind = Some(identify(&file.content));
            self.content_held -= IDENTIFY_BYTES;
            self.keep_room(std::mem::take(&mut file.content));
        }
    }

    fn inspect_file(&mut self, view: &PacketView<'_>, flow: &mut Flow, (place, direction): (usize, Direction)) {
        if !self.rules.set.looks_at_files() {
            return;
        }
        let file = &flow.files[place];
        let (content, data) = shown_bytes(flow.app.as_deref(), file, self.content_limit());
        let whole = file.ended && !file.truncated && !file.gaps;
        let hashes = file.hasher.as_ref().filter(|_| whole).cloned().map(FileHasher::finish);
        let seen = FileView {
            id: file.id,
            data,
            offset: file.window_offset,
            size: file.size,
            complete: file.ended && !file.truncated,
            name: file.name.as_deref(),
            magic: self.rules.set.looks_at_file_kinds().then(|| file.kind_by(content).description()),
            md5: hashes.and_then(|hashes| hashes.md5),
            sha1: hashes.and_then(|hashes| hashes.sha1),
            sha256: hashes.and_then(|hashes| hashes.sha256),
        };
        let held = data.len();
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(file.transaction));
        let found =
            self.rules.set.inspect_file_data(&mut self.scratch, view, &mut flow.rules, direction, (&seen, transaction));
        let file = &mut flow.files[place];
        file.signatures.extend(found.iter().map(|found| found.rule.sid));
        file.signatures.dedup();
        file.store |= found.iter().any(|found| found.rule.filestore);
        file.fresh = 0;
        if held > FILE_WINDOW_BYTES {
            let cut = held - FILE_OVERLAP_BYTES;
            file.window.drain(..cut.min(file.window.len()));
            file.window_offset += cut as u64;
        }
        self.note_matches(Some(flow), Some(direction), found);
    }

    /// Files that did not end before their flow did.
    pub(super) fn end_files(&mut self, info: &PacketInfo<'_>, flow: &mut Flow) {
        for place in 0..flow.files.len() {
            let file = &mut flow.files[place];
            if file.logged {
                continue;
            }
            file.truncated |= !file.ended;
            file.ended = true;
            let direction = file.direction;
            let view = flow_view(info, flow, direction);
            self.inspect_file(&view, flow, (place, direction));
            self.end_file(info, flow, place);
        }
    }

    /// Of a file whose bytes are its transaction's, what is kept of content, for who wants to have it.
    fn copy_content(&mut self, flow: &mut Flow, place: usize) {
        let Flow { app, files, .. } = flow;
        let file = &mut files[place];
        if file.lent.is_some() {
            self.own_content(app.as_deref(), file);
        }
    }

    fn end_file(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, place: usize) {
        let file = &mut flow.files[place];
        if std::mem::replace(&mut file.logged, true) {
            return;
        }
        let whole = !file.truncated && !file.gaps;
        let hashes = file.hasher.take().map(FileHasher::finish);
        self.copy_content(flow, place);
        let kind = flow.files[place].kind_by(&flow.files[place].content);
        let shared = Arc::clone(&self.shared);
        let listed = hashes.filter(|_| whole).and_then(|hashes| shared.hashes.find(&hashes).map(str::to_owned));
        if listed.is_some() {
            self.begin_capture(flow);
        }
        let content = Arc::new(std::mem::take(&mut flow.files[place].content));
        let file = &flow.files[place];
        let mut record = FileRecord { file, kind, hashes, listed: listed.as_deref(), stored: None };
        record.stored = self.store_file(info, &record, &content);
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(file.transaction));
        if self.writes("fileinfo") {
            let record = fileinfo_record(&shared.settings, info, flow, transaction, &record);
            self.emit("fileinfo", record);
        }
        if let Some(list) = &listed {
            self.raise_listed_file(info, flow, &record, list);
        }
        self.scan_file(info, flow, (&record, &content));
        self.part_from_content(content);
        self.keep_room(std::mem::take(&mut flow.files[place].window));
    }

    /// Takes the content of a file back, once nobody else works on it.
    pub(super) fn part_from_content(&mut self, content: Arc<Vec<u8>>) {
        if let Ok(content) = Arc::try_unwrap(content) {
            self.content_held -= content.len();
            self.keep_room(content);
        }
    }

    /// Keeps a buffer for the next file: growing one anew costs more than what is done with its bytes.
    fn keep_room(&mut self, mut room: Vec<u8>) {
        if self.rooms.len() < SPARE_FILE_BUFFERS && (1..=SPARE_FILE_BUFFER_BYTES).contains(&room.capacity()) {
            room.clear();
            self.rooms.push(room);
        }
    }
}

impl Worker {
    /// Keeps a file that rules or settings want kept, when all of its content is there; its number.
    fn store_file(&mut self, info: &PacketInfo<'_>, record: &FileRecord<'_>, content: &[u8]) -> Option<u64> {
        let shared = Arc::clone(&self.shared);
        let (store, file) = (shared.file_store.as_ref()?, record.file);
        if !(file.store || shared.settings.file_store.all) || content.is_empty() {
            return None;
        }
        let digest = record
            .hashes
            .filter(|_| content.len() as u64 == file.size)
            .and_then(|hashes| hashes.sha256)
            .map(hex::encode);
        let Some(digest) = digest else {
            self.account.count(Counter::FilesNotKept);
            return None;
        };
        let describe = |number| {
            let object = serde_json::Value::Object(fileinfo_object(record));
            let name = format!("{digest}.{}.{number}.json", info.time.as_seconds());
            shared.settings.file_store.describe.then(|| (name, serde_json::json!({"fileinfo": object}).to_string()))
        };
        let number = store.keep(digest.clone(), content.to_vec(), describe);
        self.account.count(if number.is_some() { Counter::FilesKept } else { Counter::FilesNotKept });
        number
    }
}

/// Which version of the transaction's own buffer holds the file as a whole, the next piece included.
fn lent_by(app: Option<&AppLayer>, file: &FileProgress, chunk: &FileChunk) -> Option<u32> {
    let body = body_of(app, (chunk.transaction, chunk.direction))?;
    let start = usize::try_from(file.size).ok()?;
    let piece = body.value.get(start..start.checked_add(chunk.data.len())?)?;
    (piece == chunk.data).then_some(body.version)
}

/// What a transaction has in `file.data`.
fn body_of(app: Option<&AppLayer>, (transaction, way): (u64, Direction)) -> Option<BufferValue<'_>> {
    let mut values = app?.transaction(transaction)?.buffers.values(way);
    values.find(|filled| filled.buffer == Buffer::FileData)
}

/// The bytes of a file so far, as its transaction has them; nothing when they are not there.
fn lent_bytes<'a>(app: Option<&'a AppLayer>, file: &FileProgress) -> &'a [u8] {
    let body = body_of(app, (file.transaction, file.direction)).filter(|body| Some(body.version) == file.lent);
    let size = usize::try_from(file.size).unwrap_or(usize::MAX);
    body.and_then(|body| body.value.get(..size)).unwrap_or_default()
}

/// The start of a file and the latest bytes of it.
fn shown_bytes<'a>(app: Option<&'a AppLayer>, file: &'a FileProgress, limit: usize) -> (&'a [u8], &'a [u8]) {
    if file.lent.is_none() {
        return (&file.content, &file.window);
    }
    let bytes = lent_bytes(app, file);
    let from = usize::try_from(file.window_offset).unwrap_or(usize::MAX);
    (&bytes[..bytes.len().min(limit)], bytes.get(from..).unwrap_or_default())
}

/// Forgets files that have ended, once alerts no longer tell of them.
pub(super) fn prune(flow: &mut Flow) {
    flow.files.retain(|file| !file.logged);
}
