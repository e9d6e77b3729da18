//! FTP data channel: one file. The control channel tells that it comes, and the file's name.

use crate::app::registry::{AppParser, Context, Input, ParserSpec, TransportKind, Verdict};
use crate::app::text::{eve_text, put};
use crate::{AppProtocol, Buffer, Direction, FileChunk};

pub(in crate::app) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::FtpData,
    transports: &[TransportKind::Tcp],
    ports: &[],
    probe: |_| Verdict::No,
    create: |_| Box::new(FtpDataParser::default()),
};

#[derive(Default)]
struct FtpDataParser {
    notice: Option<(&'static str, Vec<u8>)>,
    tx: Option<u64>,
    /// The direction the file goes.
    direction: Option<Direction>,
    gap: u64,
    any_gap: bool,
    ended: bool,
}

impl AppParser for FtpDataParser {
    fn notice(&mut self, notice: (&'static str, Vec<u8>)) {
        self.notice = Some(notice);
    }

    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        match input {
            Input::Data(data) if self.direction.is_none_or(|known| known == direction) => {
                let begins = self.direction.is_none();
                self.direction = Some(direction);
                let id = self.transaction(direction, context);
                if begins {
                    // Rules may ask for the command in either direction.
                    context.progress(id, direction.reversed());
                }
                context
                    .update(id, |tx| tx.buffers.append(direction, Buffer::FileData, &data[..data.len().min(1 << 16)]));
                self.chunk(id, direction, data.to_vec(), false, context);
                context.progress(id, direction);
            }
            Input::Data(_) => {}
            Input::Gap(length) => {
                self.gap += length;
                self.any_gap = true;
            }
            Input::End => self.end(context),
        }
    }
}

impl FtpDataParser {
    fn transaction(&mut self, direction: Direction, context: &mut Context<'_>) -> u64 {
        if let Some(id) = self.tx {
            return id;
        }
        let id = context.open(AppProtocol::FtpData);
        self.tx = Some(id);
        if let Some((command, name)) = &self.notice {
            context.update(id, |tx| {
                put(&mut tx.eve, "filename", eve_text(name));
                put(&mut tx.eve, "command", *command);
                tx.buffers.set(direction, Buffer::FileName, name.clone());
            });
        }
        id
    }

    fn chunk(&mut self, id: u64, direction: Direction, data: Vec<u8>, end: bool, context: &mut Context<'_>) {
        let name = self.notice.as_ref().map(|notice| notice.1.clone());
        let gap = std::mem::take(&mut self.gap);
        let truncated = end && self.any_gap;
        context.file(FileChunk { transaction: id, file: 0, direction, name, data, gap, end, truncated });
    }

    fn end(&mut self, context: &mut Context<'_>) {
        let (Some(id), Some(direction)) = (self.tx, self.direction) else { return };
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.chunk(id, direction, Vec::new(), true, context);
        context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        context.progress(id, direction);
    }
}
