//! Files on their way: hashed, shown to the rules, and told when they end.

use fengsui_files::limits::IDENTIFY_BYTES;
use fengsui_files::{FileHasher, identify};
use fengsui_protocols::{Direction, FileChunk};
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
        self.take_chunk(&mut flow.files[place], chunk);
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
            content: self.rooms.pop().unwrap_or_default(),
            window: self.rooms.pop().unwrap_or_default(),
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

    fn take_chunk(&mut self, file: &mut FileProgress, chunk: FileChunk) {
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
        self.keep_content(file, &chunk.data);
        file.size += chunk.data.len() as u64;
        if self.rules.set.looks_at_files() {
            file.fresh += chunk.data.len();
            file.window.extend_from_slice(&chunk.data);
        } else {
            file.window_offset = file.size;
        }
        file.truncated |= chunk.truncated;
        file.ended |= chunk.end;
    }

    /// Keeps the start of a file, within what all files may hold: for identification, and more of it for who asks for it.
    fn keep_content(&mut self, file: &mut FileProgress, data: &[u8]) {
        let limit = if self.shared.keeps_content() { FILE_CONTENT_BYTES } else { IDENTIFY_BYTES };
        let room = limit.saturating_sub(file.content.len());
        let part = &data[..data.len().min(room)];
        if self.content_held + part.len() > FILE_CONTENT_TOTAL_BYTES {
            self.account.count(Counter::FileContentShed);
            return;
        }
        self.content_held += part.len();
        file.content.extend_from_slice(part);
    }

    fn inspect_file(&mut self, view: &PacketView<'_>, flow: &mut Flow, (place, direction): (usize, Direction)) {
        if !self.rules.set.looks_at_files() {
            return;
        }
        let file = &flow.files[place];
        let whole = file.ended && !file.truncated && !file.gaps;
        let hashes = file.hasher.as_ref().filter(|_| whole).cloned().map(FileHasher::finish);
        let seen = FileView {
            id: file.id,
            data: &file.window,
            offset: file.window_offset,
            size: file.size,
            complete: file.ended && !file.truncated,
            name: file.name.as_deref(),
            magic: self.rules.set.looks_at_file_kinds().then(|| identify(&file.content).description()),
            md5: hashes.and_then(|hashes| hashes.md5),
            sha1: hashes.and_then(|hashes| hashes.sha1),
            sha256: hashes.and_then(|hashes| hashes.sha256),
        };
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(file.transaction));
        let found =
            self.rules.set.inspect_file_data(&mut self.scratch, view, &mut flow.rules, direction, (&seen, transaction));
        let file = &mut flow.files[place];
        file.signatures.extend(found.iter().map(|found| found.rule.sid));
        file.signatures.dedup();
        file.store |= found.iter().any(|found| found.rule.filestore);
        file.fresh = 0;
        if file.window.len() > FILE_WINDOW_BYTES {
            let cut = file.window.len() - FILE_OVERLAP_BYTES;
            file.window.drain(..cut);
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

    fn end_file(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, place: usize) {
        let file = &mut flow.files[place];
        if std::mem::replace(&mut file.logged, true) {
            return;
        }
        let whole = !file.truncated && !file.gaps;
        let hashes = file.hasher.take().map(FileHasher::finish);
        let kind = identify(&file.content);
        let shared = std::sync::Arc::clone(&self.shared);
        let listed = hashes.filter(|_| whole).and_then(|hashes| shared.hashes.find(&hashes).map(str::to_owned));
        let content = std::mem::take(&mut flow.files[place].content);
        self.content_held -= content.len();
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
        self.classify_file(info, flow, &record, &content);
        match &shared.yara {
            Some(_) => self.scan_file(info, flow, &record, content),
            None => self.keep_room(content),
        }
        self.keep_room(std::mem::take(&mut flow.files[place].window));
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
        let shared = std::sync::Arc::clone(&self.shared);
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

/// Forgets files that have ended, once alerts no longer tell of them.
pub(super) fn prune(flow: &mut Flow) {
    flow.files.retain(|file| !file.logged);
}
