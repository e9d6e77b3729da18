//! One body: framing, content encodings, files.

use super::decompress::{Layers, Trouble};
use super::framing::Framing;
use super::headers::Headers;
use super::message::Exchanges;
use super::multipart::{Multipart, Part, parameter};
use super::ranges::Range;
use crate::app::Context;
use crate::limits::MULTIPART_PARTS;
use crate::{Buffer, Direction, FileChunk};

/// Bytes of a body that rules may look at when the limit is switched off.
const UNLIMITED: usize = 64 << 20;

/// The body being read.
pub(super) struct Body {
    direction: Direction,
    framing: Framing,
    layers: Layers,
    multipart: Option<Multipart>,
    /// Number of the open file.
    file: Option<u32>,
    /// Numbers for files that may come.
    next_file: u32,
    name: Option<Vec<u8>>,
    /// Whether more of the file follows in other answers.
    goes_on: bool,
    file_begun: bool,
    gap: u64,
    any_gap: bool,
    content_bytes: u64,
    inspected: usize,
    file_inspected: usize,
    reported: Option<Trouble>,
    chunk_reported: bool,
    finished: bool,
}

impl Body {
    pub(super) fn new(direction: Direction, framing: Framing) -> Self {
        Self {
            direction,
            framing,
            layers: Layers::default(),
            multipart: None,
            file: None,
            next_file: 0,
            name: None,
            goes_on: false,
            file_begun: false,
            gap: 0,
            any_gap: false,
            content_bytes: 0,
            inspected: 0,
            file_inspected: 0,
            reported: None,
            chunk_reported: false,
            finished: false,
        }
    }

    /// PUT and POST bodies are files named by the address; multipart forms hold files with names of their own.
    pub(super) fn expect_request(
        &mut self,
        method: &[u8],
        path: Vec<u8>,
        headers: &Headers,
        exchanges: &mut Exchanges,
    ) {
        let content_type = headers.get("Content-Type").unwrap_or(&[]);
        self.multipart = Multipart::from_content_type(content_type);
        if self.multipart.is_none() && (method == b"PUT" || method == b"POST") {
            self.open_file(Some(path), exchanges);
        }
        if self.multipart.is_some() {
            self.next_file = exchanges.reserve_files(u32::try_from(MULTIPART_PARTS).unwrap_or(0));
        }
    }

    /// Response bodies are files named by Content-Disposition or the address.
    pub(super) fn expect_response(&mut self, path: Option<Vec<u8>>, headers: &Headers, exchanges: &mut Exchanges) {
        let named = headers.get("Content-Disposition").and_then(|value| parameter(value, b"filename"));
        let name = named.map(<[u8]>::to_vec).or(path);
        let range = headers.get("Content-Range").and_then(Range::parse).zip(name.clone());
        match range.and_then(|(range, name)| exchanges.ranged_file(&name, range)) {
            Some((file, ends)) => (self.file, self.name, self.goes_on) = (Some(file), name, !ends),
            None => self.open_file(name, exchanges),
        }
    }

    fn open_file(&mut self, name: Option<Vec<u8>>, exchanges: &mut Exchanges) {
        self.file = Some(exchanges.next_file());
        self.name = name;
    }

    pub(super) fn decode(&mut self, headers: &Headers, context: &Context<'_>) {
        if let Some(value) = headers.joined("Content-Encoding") {
            self.layers = Layers::from_header(&value, context.settings.http.decompressed_bytes);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.framing.is_done()
    }

    /// Bytes of the body as it went over the wire, chunk lengths included.
    pub(super) fn wire_bytes(&self) -> u64 {
        self.content_bytes + self.framing.overhead
    }

    /// Takes bytes off the input.
    pub(super) fn read(&mut self, tx: Option<u64>, input: &mut &[u8], context: &mut Context<'_>) {
        let mut decoded = Vec::new();
        while !input.is_empty() && !self.framing.is_done() {
            let (layers, content_bytes) = (&mut self.layers, &mut self.content_bytes);
            self.framing.step(input, &mut |content| {
                *content_bytes += content.len() as u64;
                layers.write(content, &mut |plain| decoded.extend_from_slice(plain));
            });
            // What is found out is told in the order of the bytes, however many came at once.
            self.report(tx, context);
        }
        self.hand_out(tx, decoded, context);
    }

    /// Passes by missing bytes; says whether it is known what follows them.
    pub(super) fn skip(&mut self, length: u64) -> bool {
        let (inside, known) = self.framing.skip(length);
        self.gap += inside;
        self.any_gap |= inside > 0;
        self.content_bytes += inside;
        known
    }

    pub(super) fn finish(&mut self, tx: Option<u64>, context: &mut Context<'_>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let mut decoded = Vec::new();
        let (framing, layers) = (&mut self.framing, &mut self.layers);
        let mut content_bytes = 0;
        framing.finish(&mut |content| {
            content_bytes += content.len() as u64;
            layers.write(content, &mut |plain| decoded.extend_from_slice(plain));
        });
        layers.finish(&mut |plain| decoded.extend_from_slice(plain));
        self.content_bytes += content_bytes;
        self.hand_out(tx, decoded, context);
        let complete = (self.framing.is_done() || self.framing.ends_with_connection()) && !self.any_gap;
        self.end_files(tx, complete, context);
        self.report(tx, context);
    }

    /// Counts bytes that rules saw of the same body before.
    pub(super) const fn goes_on_behind(&mut self, inspected: usize) {
        self.inspected = inspected;
    }

    /// Gives decoded content to the rules' buffers and to the files.
    fn hand_out(&mut self, tx: Option<u64>, data: Vec<u8>, context: &mut Context<'_>) {
        let Some(id) = tx else { return };
        if data.is_empty() {
            return;
        }
        let part = &data[..data.len().min(self.limit(context).saturating_sub(self.inspected))];
        self.inspected += part.len();
        let buffer = match self.direction {
            Direction::ToServer => Buffer::HttpRequestBody,
            Direction::ToClient => Buffer::HttpResponseBody,
        };
        // A form is no file; the files in it are put together for themselves.
        let (direction, has_file) = (self.direction, self.file.is_some() && self.multipart.is_none());
        let all = self.framing.announced().and_then(|length| usize::try_from(length).ok());
        let room = all.map(|all| (part.len(), all.min(self.limit(context))));
        context.update(id, |tx| {
            if let Some(room) = room {
                tx.buffers.make_room(direction, buffer, room);
            }
            match has_file {
                true => tx.buffers.append_both(direction, (buffer, Buffer::FileData), part),
                false => tx.buffers.append(direction, buffer, part),
            }
        });
        self.write_files(id, data, context);
    }

    fn limit(&self, context: &Context<'_>) -> usize {
        let limit = match self.direction {
            Direction::ToServer => context.settings.http.request_body_limit,
            Direction::ToClient => context.settings.http.response_body_limit,
        };
        if limit == 0 { UNLIMITED } else { limit }
    }

    fn write_files(&mut self, tx: u64, data: Vec<u8>, context: &mut Context<'_>) {
        if let Some(multipart) = &mut self.multipart {
            let mut parts = Vec::new();
            multipart.write(&data, &mut parts);
            return self.take_parts(tx, parts, context);
        }
        if self.file.is_some() {
            self.chunk(tx, data, false, false, context);
        }
    }

    fn take_parts(&mut self, tx: u64, parts: Vec<Part>, context: &mut Context<'_>) {
        for part in parts {
            match part {
                Part::Begin(name) => {
                    self.file = Some(self.next_file);
                    self.next_file += 1;
                    self.file_begun = false;
                    self.name = Some(name);
                    let direction = self.direction;
                    context.update(tx, |tx| tx.buffers.begin(direction, Buffer::FileData));
                }
                Part::Data(data) => {
                    let (direction, room) = (self.direction, self.limit(context).saturating_sub(self.file_inspected));
                    let part = &data[..data.len().min(room)];
                    self.file_inspected += part.len();
                    context.update(tx, |tx| tx.buffers.append(direction, Buffer::FileData, part));
                    self.chunk(tx, data, false, false, context);
                }
                Part::End => {
                    let truncated = self.any_gap;
                    self.chunk(tx, Vec::new(), true, truncated, context);
                    self.file = None;
                }
            }
        }
    }

    fn end_files(&mut self, tx: Option<u64>, complete: bool, context: &mut Context<'_>) {
        let Some(id) = tx else { return };
        if let Some(mut multipart) = self.multipart.take() {
            let mut parts = Vec::new();
            multipart.finish(&mut parts);
            self.take_parts(id, parts, context);
        } else if (self.file_begun || self.gap > 0) && !(self.goes_on && complete) {
            self.chunk(id, Vec::new(), true, !complete, context);
        }
    }

    fn chunk(&mut self, tx: u64, data: Vec<u8>, end: bool, truncated: bool, context: &mut Context<'_>) {
        let Some(file) = self.file else { return };
        if !std::mem::replace(&mut self.file_begun, true)
            && let Some(name) = &self.name
        {
            let (direction, name) = (self.direction, name.clone());
            context.update(tx, |tx| tx.buffers.set(direction, Buffer::FileName, name));
        }
        let gap = std::mem::take(&mut self.gap);
        let (direction, name) = (self.direction, self.name.clone());
        context.file(FileChunk { transaction: tx, file, direction, name, data, gap, end, truncated });
    }

    fn report(&mut self, tx: Option<u64>, context: &mut Context<'_>) {
        let direction = self.direction;
        if std::mem::take(&mut self.layers.too_many) {
            context.anomaly(tx, direction, "http.too_many_encoding_layers");
        }
        if self.framing.bad_chunk && !std::mem::replace(&mut self.chunk_reported, true) {
            let name = match direction {
                Direction::ToServer => "http.invalid_request_chunk_len",
                Direction::ToClient => "http.invalid_response_chunk_len",
            };
            context.anomaly(tx, direction, name);
        }
        if self.layers.trouble != self.reported {
            self.reported = self.layers.trouble;
            context.anomaly(
                tx,
                direction,
                match self.reported {
                    Some(Trouble::Bomb) => "http.compression_bomb",
                    _ => "http.gzip_decompression_failed",
                },
            );
        }
    }
}
