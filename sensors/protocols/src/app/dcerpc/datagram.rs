//! DCE/RPC over UDP (C706, 12.5).

use serde_json::json;

use super::pdu::{kind, kind_name, uuid, uuid_text};
use super::services;
use crate::app::reader::Reader;
use crate::app::registry::{AppParser, Context, Input};
use crate::app::text::{Object, object, put};
use crate::limits::{DCERPC_CALLS, DCERPC_STUB_BYTES};
use crate::{AppProtocol, Buffer, Direction};

const HEADER_BYTES: usize = 80;

/// Whether a datagram begins with a header.
pub(super) fn is_header(data: &[u8]) -> bool {
    let Some(header) = Header::parse(data) else { return false };
    header.kind <= 10
        && data[2] & 0xfc == data[2] & 0x7c
        && data[4] & 0xef == 0
        && header.length == data.len() - HEADER_BYTES
}

struct Header {
    kind: u8,
    interface: [u8; 16],
    activity: [u8; 16],
    version: u32,
    sequence: u32,
    operation: u16,
    length: usize,
    is_fragment: bool,
    is_last: bool,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        if r.u8()? != 4 {
            return None;
        }
        let (kind, flags, _flags, order) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let little = order & 0x10 != 0;
        r.seek(24);
        let interface = uuid(r.take(16)?.first_chunk()?, little);
        let activity = uuid(r.take(16)?.first_chunk()?, little);
        let four = |r: &mut Reader<'_>| if little { r.u32_le() } else { r.u32() };
        let two = |r: &mut Reader<'_>| if little { r.u16_le() } else { r.u16() };
        let (_boot, version, sequence) = (four(&mut r)?, four(&mut r)?, four(&mut r)?);
        let (operation, _interface_hint, _activity_hint) = (two(&mut r)?, two(&mut r)?, two(&mut r)?);
        let length = usize::from(two(&mut r)?);
        r.take(4)?;
        let (is_last, is_fragment) = (flags & 2 != 0, flags & 4 != 0);
        Some(Self { kind, interface, activity, version, sequence, operation, length, is_fragment, is_last })
    }
}

#[derive(Default)]
pub(super) struct DatagramParser {
    /// Activity, sequence number, transaction, fragments and bytes each way.
    calls: Vec<Call>,
}

struct Call {
    activity: [u8; 16],
    sequence: u32,
    tx: u64,
    fragments: [u32; 2],
    bytes: [usize; 2],
    response: Option<u8>,
}

impl AppParser for DatagramParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let Some(header) = Header::parse(data) else { return };
        let stub = data.get(HEADER_BYTES..).unwrap_or_default();
        let stub = &stub[..stub.len().min(header.length)];
        match (direction, header.kind) {
            (Direction::ToServer, kind::REQUEST) | (Direction::ToClient, kind::RESPONSE | kind::FAULT) => {}
            _ => return,
        }
        let index = self.place(&header, context);
        let side = usize::from(direction == Direction::ToClient);
        let call = &mut self.calls[index];
        call.fragments[side] += 1;
        call.bytes[side] += stub.len();
        if side == 1 {
            call.response = Some(header.kind);
        }
        let eve = eve(&header, call);
        let is_whole = !header.is_fragment || header.is_last;
        context.update(call.tx, |tx| {
            let held = tx.buffers.get(direction, Buffer::DcerpcStubData).map(<[u8]>::len).sum::<usize>();
            let room = DCERPC_STUB_BYTES.saturating_sub(held).min(stub.len());
            tx.buffers.append(direction, Buffer::DcerpcStubData, &stub[..room]);
            tx.facts.number("dcerpc.opnum", header.operation);
            let major = u16::try_from(header.version & 0xffff).unwrap_or(0);
            tx.facts.bytes("dcerpc.iface", [&header.interface[..], &major.to_be_bytes()].concat());
            tx.eve = eve;
            tx.request_complete |= side == 1 || is_whole;
            tx.response_complete |= side == 1 && is_whole;
        });
        context.progress(call.tx, direction);
        if side == 1 && is_whole {
            self.calls.remove(index);
        }
    }
}

impl DatagramParser {
    fn place(&mut self, header: &Header, context: &mut Context<'_>) -> usize {
        let same = |call: &Call| call.activity == header.activity && call.sequence == header.sequence;
        if let Some(index) = self.calls.iter().position(same) {
            return index;
        }
        if self.calls.len() >= DCERPC_CALLS {
            let oldest = self.calls.remove(0);
            context.update(oldest.tx, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        }
        let tx = context.open(AppProtocol::Dcerpc);
        let (activity, sequence) = (header.activity, header.sequence);
        self.calls.push(Call { activity, sequence, tx, fragments: [0; 2], bytes: [0; 2], response: None });
        self.calls.len() - 1
    }
}

fn eve(header: &Header, call: &Call) -> Object {
    let stub = |side: usize| json!({"frag_cnt": call.fragments[side], "stub_data_size": call.bytes[side]});
    let mut sent = object(stub(0));
    put(&mut sent, "opnum", header.operation);
    let mut eve = Object::new();
    put(&mut eve, "request", if call.fragments[0] > 0 { "REQUEST" } else { "REQUEST_LOST" });
    put(&mut eve, "req", sent);
    match call.response {
        Some(kind) => {
            put(&mut eve, "response", kind_name(kind));
            put(&mut eve, "res", stub(1));
        }
        None => put(&mut eve, "response", "UNREPLIED"),
    }
    let version = format!("{}.{}", header.version & 0xffff, header.version >> 16);
    let mut interface = object(json!({"uuid": uuid_text(&header.interface), "version": version}));
    if let Some(service) = services::service(&header.interface) {
        put(&mut interface, "service", service.name);
        if let Some(procedure) = service.procedure(header.operation) {
            put(&mut interface, "procedure", procedure);
        }
    }
    put(&mut eve, "interfaces", vec![interface]);
    put(&mut eve, "activityuuid", uuid_text(&header.activity));
    put(&mut eve, "seqnum", header.sequence);
    put(&mut eve, "rpc_version", "4.0");
    eve
}
