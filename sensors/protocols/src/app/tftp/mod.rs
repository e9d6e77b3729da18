//! TFTP (RFC 1350): the requests. Data goes over ports of its own.

use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, TransportKind, Verdict};
use super::text::{eve_text, put};
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Tftp,
    transports: &[TransportKind::Udp],
    ports: &[69],
    probe: |probe| match probe.port_matches && Request::parse(probe.data).is_some() {
        true => Verdict::Yes,
        false => Verdict::No,
    },
    create: |_| Box::new(TftpParser),
};

struct Request<'a> {
    packet: &'static str,
    file: &'a [u8],
    mode: &'a [u8],
}

impl<'a> Request<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        let packet = match r.u16()? {
            1 => "read",
            2 => "write",
            _ => return None,
        };
        let (file, mode) = (r.until(0)?, r.until(0)?);
        let is_mode = [&b"netascii"[..], b"octet", b"mail"].iter().any(|known| known.eq_ignore_ascii_case(mode));
        is_mode.then_some(Self { packet, file, mode })
    }
}

struct TftpParser;

impl AppParser for TftpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let Some(request) = Request::parse(data) else { return };
        let id = context.open_single(AppProtocol::Tftp, direction);
        context.update(id, |tx| {
            put(&mut tx.eve, "packet", request.packet);
            put(&mut tx.eve, "file", eve_text(request.file));
            put(&mut tx.eve, "mode", eve_text(request.mode));
            tx.buffers.set(direction, Buffer::TftpFile, request.file);
            tx.buffers.set(direction, Buffer::TftpMode, request.mode);
        });
        context.progress(id, direction);
    }
}
