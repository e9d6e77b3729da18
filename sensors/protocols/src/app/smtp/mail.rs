//! The content of one mail on its way.

use super::eve;
use crate::app::Context;
use crate::app::messages::Messages;
use crate::app::mime::{Mime, Part, addresses};
use crate::{Buffer, Direction, FileChunk};

/// The content of one mail.
pub(super) struct Mail {
    mime: Mime,
    /// Splits chunks into lines.
    chunks: Messages,
    pub(super) has_gap: bool,
    name: Option<Vec<u8>>,
    file: u32,
    headers_told: bool,
    events_told: usize,
}

impl Mail {
    /// A mail that begins; `digests` says whether the MD5 of its body is asked for.
    pub(super) fn new(digests: bool) -> Self {
        Self {
            mime: Mime::new(digests),
            chunks: Messages::default(),
            has_gap: false,
            name: None,
            file: 0,
            headers_told: false,
            events_told: 0,
        }
    }

    pub(super) fn line(&mut self, line: &[u8], goes_on: bool) {
        self.mime.line(line, goes_on);
    }

    /// Takes bytes of a chunk.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.chunks.push(bytes);
        while let Some((line, goes_on)) = self.chunks.next_line() {
            self.mime.line(&line, goes_on);
        }
    }

    pub(super) fn finish(&mut self, is_whole: bool) {
        let rest = self.chunks.waiting().to_vec();
        if !rest.is_empty() {
            self.mime.line(&rest, false);
        }
        self.mime.finish(is_whole && !self.has_gap);
    }

    /// Hands on attachments, and events since the last call.
    pub(super) fn hand_out(&mut self, id: u64, files: &mut u32, context: &mut Context<'_>) {
        let way = Direction::ToServer;
        for part in std::mem::take(&mut self.mime.parts) {
            let (data, end, truncated) = match part {
                Part::Begin(name) => {
                    self.file = *files;
                    *files += 1;
                    context.update(id, |tx| tx.buffers.set(way, Buffer::FileName, name.clone()));
                    self.name = Some(name);
                    eve::email_so_far(id, &self.mime, context);
                    (Vec::new(), false, false)
                }
                Part::Data(data) => (data, false, false),
                Part::End(whole) => (Vec::new(), true, !whole || self.has_gap),
            };
            let (file, name) = (self.file, self.name.clone());
            context.file(FileChunk { transaction: id, file, direction: way, name, data, gap: 0, end, truncated });
        }
        for event in self.mime.events.iter().skip(self.events_told) {
            context.anomaly(Some(id), way, event);
        }
        self.events_told = self.mime.events.len();
    }

    /// Writes what was learnt of the mail once it has ended.
    pub(super) fn tell(&mut self, id: u64, is_whole: bool, context: &mut Context<'_>) {
        let status = if is_whole { "PARSE_DONE" } else { "BODY_STARTED" };
        let email = eve::email(&self.mime, status, &context.settings.smtp);
        context.update(id, |tx| {
            tx.eve_more.insert("email".to_owned(), email.into());
        });
        if !std::mem::replace(&mut self.headers_told, true) {
            self.fill(id, context);
        }
    }

    fn fill(&self, id: u64, context: &mut Context<'_>) {
        const SINGLE: [(&[u8], Buffer); 7] = [
            (b"from", Buffer::EmailFrom),
            (b"to", Buffer::EmailTo),
            (b"cc", Buffer::EmailCc),
            (b"subject", Buffer::EmailSubject),
            (b"date", Buffer::EmailDate),
            (b"message-id", Buffer::EmailMessageId),
            (b"x-mailer", Buffer::EmailXMailer),
        ];
        let way = Direction::ToServer;
        context.update(id, |tx| {
            for (name, buffer) in SINGLE {
                if let Some(value) = self.mime.header(name) {
                    tx.buffers.set(way, buffer, value);
                }
            }
            for received in self.mime.all(b"received") {
                tx.buffers.set(way, Buffer::EmailReceived, received);
            }
            for url in &self.mime.urls {
                tx.buffers.set(way, Buffer::EmailUrl, url.clone());
            }
            if let Some(digest) = self.mime.body_md5() {
                tx.buffers.set(way, Buffer::EmailBodyMd5, digest);
            }
        });
    }
}

/// Addresses of a list header.
pub(super) fn list<'a>(mime: &'a Mime, name: &[u8]) -> Vec<&'a [u8]> {
    mime.header(name).map(addresses).unwrap_or_default()
}
