//! The calls of one connection or named pipe: binds, requests and what answers them.

use serde_json::json;

use super::pdu::{Interface, Pdu, kind, kind_name, uuid_text};
use super::services;
use crate::app::Context;
use crate::app::text::{Object, put};
use crate::limits::{DCERPC_CALLS, DCERPC_STUB_BYTES};
use crate::{Buffer, Direction, Transaction};

/// Interfaces and calls.
#[derive(Debug, Default)]
pub(crate) struct Association {
    interfaces: Vec<Interface>,
    calls: Vec<Call>,
    /// Bytes of a unit that is not whole, by direction: named pipes carry units in pieces.
    held: [Vec<u8>; 2],
}

/// One call and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) tx: u64,
    pub(crate) id: u32,
    request: Option<&'static str>,
    response: Option<&'static str>,
    operation: Option<u16>,
    sent: Stub,
    received: Stub,
    interfaces: Vec<Interface>,
    version: (u8, u8),
}

/// Parameters or results.
#[derive(Debug, Clone, Copy, Default)]
struct Stub {
    fragments: u32,
    bytes: usize,
}

/// How a carrier writes a call into its transactions.
pub(crate) trait Carrier {
    /// Opens a transaction for a call.
    fn open(&mut self, context: &mut Context<'_>) -> u64;
    /// Writes the record of a call.
    fn write(&self, tx: &mut Transaction, call: &Call);
}

impl Association {
    /// Takes a unit; the transaction it belongs to, and whether that is answered.
    pub(crate) fn take(
        &mut self,
        direction: Direction,
        pdu: &Pdu<'_>,
        carrier: &mut dyn Carrier,
        context: &mut Context<'_>,
    ) -> Option<(u64, bool)> {
        let index = match direction {
            Direction::ToServer => self.request(pdu, carrier, context)?,
            Direction::ToClient => self.answer(pdu, carrier, context)?,
        };
        let call = self.calls[index].clone();
        let stub = match (direction, pdu.kind) {
            (Direction::ToServer, kind::REQUEST) => pdu.request().map(|request| request.2),
            (Direction::ToClient, kind::RESPONSE) => pdu.response(),
            _ => None,
        };
        context.update(call.tx, |tx| {
            if let Some(stub) = stub {
                let held = tx.buffers.get(direction, Buffer::DcerpcStubData).map(<[u8]>::len).sum::<usize>();
                let room = DCERPC_STUB_BYTES.saturating_sub(held).min(stub.len());
                tx.buffers.append(direction, Buffer::DcerpcStubData, &stub[..room]);
            }
            facts(tx, &call);
            tx.facts.number("dcerpc.endianness", pdu.is_little);
            carrier.write(tx, &call);
        });
        let is_done = direction == Direction::ToClient && pdu.is_last;
        if is_done {
            self.calls.remove(index);
        }
        Some((call.tx, is_done))
    }

    /// Takes bytes of a named pipe, which may hold part of a unit or several.
    pub(crate) fn pipe(
        &mut self,
        direction: Direction,
        data: &[u8],
        carrier: &mut dyn Carrier,
        context: &mut Context<'_>,
    ) -> Vec<(u64, bool)> {
        let side = usize::from(direction == Direction::ToClient);
        let mut held = std::mem::take(&mut self.held[side]);
        held.extend_from_slice(data);
        let (mut rest, mut touched) = (&held[..], Vec::new());
        while rest.len() >= super::pdu::HEADER_BYTES {
            let Some(length) = super::pdu::announced_length(rest) else {
                rest = &[];
                break;
            };
            let Some((unit, after)) = rest.split_at_checked(length) else { break };
            if let Some(pdu) = Pdu::parse(unit) {
                touched.extend(self.take(direction, &pdu, carrier, context));
            }
            rest = after;
        }
        if rest.len() <= usize::from(u16::MAX) {
            self.held[side] = rest.to_vec();
        }
        touched
    }

    fn request(&mut self, pdu: &Pdu<'_>, carrier: &mut dyn Carrier, context: &mut Context<'_>) -> Option<usize> {
        match pdu.kind {
            kind::BIND | kind::ALTER_CONTEXT => {
                let proposed = pdu.proposed()?;
                let index = self.begin(pdu, carrier, context);
                self.calls[index].interfaces.clone_from(&proposed);
                if pdu.kind == kind::BIND {
                    self.interfaces.clear();
                }
                for interface in proposed {
                    self.interfaces.retain(|known| known.context != interface.context);
                    self.interfaces.push(interface);
                }
                self.interfaces.truncate(256);
                Some(index)
            }
            kind::REQUEST => {
                let (context_id, operation, stub) = pdu.request()?;
                let known = self.calls.iter().position(|call| call.id == pdu.call_id && call.operation.is_some());
                let index = match known.filter(|_| !pdu.is_first) {
                    Some(index) => index,
                    None => self.begin(pdu, carrier, context),
                };
                let interface = self.interfaces.iter().find(|interface| interface.context == context_id);
                let call = &mut self.calls[index];
                call.operation = Some(operation);
                call.sent.add(stub);
                call.interfaces = interface.into_iter().cloned().collect();
                Some(index)
            }
            _ => None,
        }
    }

    fn answer(&mut self, pdu: &Pdu<'_>, carrier: &mut dyn Carrier, context: &mut Context<'_>) -> Option<usize> {
        let answers = matches!(
            pdu.kind,
            kind::RESPONSE | kind::FAULT | kind::BINDACK | kind::BINDNAK | kind::ALTER_CONTEXT_RESPONSE
        );
        if !answers {
            return None;
        }
        let index = match self.calls.iter().position(|call| call.id == pdu.call_id) {
            Some(index) => index,
            None => self.begin(pdu, carrier, context),
        };
        let call = &mut self.calls[index];
        call.response = Some(kind_name(pdu.kind));
        match pdu.kind {
            kind::RESPONSE => call.received.add(pdu.response().unwrap_or_default()),
            kind::BINDACK | kind::ALTER_CONTEXT_RESPONSE => {
                for (interface, result) in call.interfaces.iter_mut().zip(pdu.results().unwrap_or_default()) {
                    interface.result = Some(result);
                    let known = self.interfaces.iter_mut().find(|known| known.context == interface.context);
                    if let Some(known) = known {
                        known.result = Some(result);
                    }
                }
            }
            _ => {}
        }
        Some(index)
    }

    fn begin(&mut self, pdu: &Pdu<'_>, carrier: &mut dyn Carrier, context: &mut Context<'_>) -> usize {
        if self.calls.len() >= DCERPC_CALLS {
            let oldest = self.calls.remove(0);
            context.update(oldest.tx, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        }
        let is_request = matches!(pdu.kind, kind::REQUEST | kind::BIND | kind::ALTER_CONTEXT);
        self.calls.push(Call {
            tx: carrier.open(context),
            id: pdu.call_id,
            request: is_request.then(|| kind_name(pdu.kind)),
            response: None,
            operation: None,
            sent: Stub::default(),
            received: Stub::default(),
            interfaces: Vec::new(),
            version: pdu.version,
        });
        self.calls.len() - 1
    }
}

impl Stub {
    fn add(&mut self, bytes: &[u8]) {
        self.fragments += 1;
        self.bytes += bytes.len();
    }

    fn eve(self) -> Object {
        let mut object = Object::new();
        put(&mut object, "frag_cnt", self.fragments);
        put(&mut object, "stub_data_size", self.bytes);
        object
    }
}

fn facts(tx: &mut Transaction, call: &Call) {
    if let Some(operation) = call.operation {
        tx.facts.number("dcerpc.opnum", operation);
        for interface in &call.interfaces {
            let mut value = interface.uuid.to_vec();
            value.extend_from_slice(&interface.major.to_be_bytes());
            tx.facts.bytes("dcerpc.iface", value);
        }
    }
}

impl Call {
    /// The `dcerpc` object; inside SMB the operation stands beside the sizes.
    pub(crate) fn eve(&self, in_smb: bool) -> Object {
        let mut eve = Object::new();
        put(&mut eve, "request", self.request.unwrap_or("REQUEST_LOST"));
        if let Some(operation) = self.operation {
            let mut sent = self.sent.eve();
            if in_smb {
                put(&mut eve, "opnum", operation);
            } else {
                put(&mut sent, "opnum", operation);
            }
            put(&mut eve, "req", sent);
        }
        match self.response {
            Some(response) => {
                put(&mut eve, "response", response);
                if self.received.fragments > 0 {
                    put(&mut eve, "res", self.received.eve());
                }
            }
            None => put(&mut eve, "response", "UNREPLIED"),
        }
        if !self.interfaces.is_empty() {
            let interfaces: Vec<_> = self.interfaces.iter().map(|interface| self.interface(interface)).collect();
            put(&mut eve, "interfaces", interfaces);
        }
        put(&mut eve, "call_id", self.id);
        if !in_smb {
            put(&mut eve, "rpc_version", format!("{}.{}", self.version.0, self.version.1));
        }
        eve
    }

    fn interface(&self, interface: &Interface) -> serde_json::Value {
        let version = format!("{}.{}", interface.major, interface.minor);
        let mut object = crate::app::text::object(json!({"uuid": uuid_text(&interface.uuid), "version": version}));
        if let Some(service) = services::service(&interface.uuid) {
            put(&mut object, "service", service.name);
            if let Some(procedure) = self.operation.and_then(|number| service.procedure(number)) {
                put(&mut object, "procedure", procedure);
            }
        }
        if let (Some((result, reason)), None) = (interface.result, self.operation) {
            put(&mut object, "ack_result", result);
            put(&mut object, "ack_reason", reason);
        }
        object.into()
    }
}
