//! What requests and responses hold.

use serde_json::{Value, json};

use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, object, put};
use crate::{Direction, Transaction};

/// Groups of function codes.
pub mod category {
    /// Public and not assigned.
    pub const UNASSIGNED: u8 = 1;
    /// Public and assigned.
    pub const ASSIGNED: u8 = 2;
    /// For users.
    pub const USER: u8 = 4;
    /// Taken by old products.
    pub const RESERVED: u8 = 8;
}

/// What functions do to what.
pub mod access {
    /// Reads.
    pub const READ: u8 = 1;
    /// Writes.
    pub const WRITE: u8 = 2;
    /// Discrete inputs.
    pub const DISCRETES: u8 = 4;
    /// Coils.
    pub const COILS: u8 = 8;
    /// Input registers.
    pub const INPUT: u8 = 16;
    /// Holding registers.
    pub const HOLDING: u8 = 32;
    /// One of them.
    pub const SINGLE: u8 = 64;
    /// Several of them.
    pub const MULTIPLE: u8 = 128;
}

use access::{COILS, DISCRETES, HOLDING, INPUT, MULTIPLE, READ, SINGLE, WRITE};

/// Functions: number, name, what they do.
const FUNCTIONS: [(u8, &str, u8); 24] = [
    (1, "RdCoils", READ | COILS),
    (2, "RdDiscreteInputs", READ | DISCRETES),
    (3, "RdHoldRegs", READ | HOLDING),
    (4, "RdInputRegs", READ | INPUT),
    (5, "WrSingleCoil", WRITE | SINGLE | COILS),
    (6, "WrSingleReg", WRITE | SINGLE | HOLDING),
    (7, "RdExcStatus", 0),
    (8, "Diagnostic", 0),
    (9, "Program484", 0),
    (10, "Poll484", 0),
    (11, "GetCommEventCtr", 0),
    (12, "GetCommEventLog", 0),
    (13, "ProgramController", 0),
    (14, "PollController", 0),
    (15, "WrMultCoils", WRITE | MULTIPLE | COILS),
    (16, "WrMultRegs", WRITE | MULTIPLE | HOLDING),
    (17, "ReportServerID", 0),
    (18, "Program884", 0),
    (19, "ResetCommLink", 0),
    (20, "RdFileRec", 0),
    (21, "WrFileRec", 0),
    (22, "MaskWrReg", WRITE | HOLDING),
    (23, "RdWrMultRegs", READ | WRITE | MULTIPLE | HOLDING),
    (24, "RdFIFOQueue", 0),
];
const INTERFACE: u8 = 43;
const DIAGNOSTIC: u8 = 8;

/// A request or response.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) transaction: u16,
    pub(super) protocol: u16,
    unit: u8,
    function: u8,
    access: u8,
    category: u8,
    /// Sub-function of diagnostics, or type of the interface.
    sub: Option<u16>,
    /// First address and how many are read.
    read: Option<(u16, u16)>,
    /// First address and what is written.
    write: Option<(u16, Vec<u16>)>,
    content: Object,
}

impl Message {
    pub(super) fn new(transaction: u16, protocol: u16, unit: u8, function: u8) -> Self {
        let known = FUNCTIONS.iter().find(|known| known.0 == function & 0x7f);
        Self {
            transaction,
            protocol,
            unit,
            function,
            access: known.map_or(0, |known| known.2),
            category: category_of(function & 0x7f),
            sub: None,
            read: None,
            write: None,
            content: Object::new(),
        }
    }

    /// Reads what a request asks.
    pub(super) fn request(&mut self, data: &[u8], events: &mut Vec<&'static str>) {
        if self.function >= 0x80 || self.function == 0 {
            events.push("modbus.invalid_function_code");
        }
        let mut r = Reader::new(data);
        if self.asked(&mut r).is_none() {
            events.push("modbus.invalid_length");
        }
        if !self.is_in_range() {
            events.push("modbus.invalid_value");
        }
    }

    fn asked(&mut self, r: &mut Reader<'_>) -> Option<()> {
        match self.function {
            1..=4 => self.read = Some((r.u16()?, r.u16()?)),
            5 | 6 => self.write = Some((r.u16()?, vec![r.u16()?])),
            15 | 16 => self.write_several(r)?,
            22 => {
                let (address, and_mask, or_mask) = (r.u16()?, r.u16()?, r.u16()?);
                self.write = Some((address, vec![]));
                let mask = json!({"address": address, "and_mask": and_mask, "or_mask": or_mask});
                put(&mut self.content, "write", mask);
                return Some(());
            }
            23 => {
                self.read = Some((r.u16()?, r.u16()?));
                self.write_several(r)?;
            }
            _ => return self.others(r),
        }
        if let Some((address, quantity)) = self.read {
            put(&mut self.content, "read", json!({"address": address, "quantity": quantity}));
        }
        if let (Some((address, values)), 5 | 6) = (&self.write, self.function) {
            put(&mut self.content, "write", json!({"address": address, "data": values.first()}));
        }
        Some(())
    }

    fn write_several(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let (address, quantity) = (r.u16()?, r.u16()?);
        let length = r.u8()?;
        let data = r.take(length.into())?;
        let write = json!({"address": address, "quantity": quantity, "data": eve_text(data)});
        put(&mut self.content, "write", write);
        let values = match self.function {
            15 => (0..quantity).map_while(|place| bit(data, place.into())).collect(),
            _ => data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
        };
        self.write = Some((address, values));
        Some(())
    }

    /// Diagnostics, the interface to other things, and what is not taken apart.
    fn others(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let (name, raw, code) = match self.function & 0x7f {
            DIAGNOSTIC => {
                let raw = r.u16()?;
                ("diagnostic", raw, diagnostic(raw))
            }
            INTERFACE => {
                let raw = r.u8()?;
                let code = match raw {
                    13 => "CANOpenGenRefReqResp",
                    14 => "RdDevId",
                    _ => "Unknown",
                };
                ("mei", raw.into(), code)
            }
            _ if r.is_empty() => return Some(()),
            _ => {
                put(&mut self.content, "data", eve_text(r.rest()));
                return Some(());
            }
        };
        self.sub = Some(raw);
        if code == "Reserved" || (code == "Unknown" && name == "mei") {
            self.category = category::RESERVED;
        }
        put(&mut self.content, name, json!({"raw": raw, "code": code, "data": eve_text(r.rest())}));
        Some(())
    }

    /// Quantities the specification allows.
    fn is_in_range(&self) -> bool {
        let read = self.read.is_none_or(|(_, quantity)| match self.function {
            1 | 2 => (1..=2_000).contains(&quantity),
            _ => (1..=125).contains(&quantity),
        });
        let coil = self.function != 5
            || self.write.as_ref().is_none_or(|(_, values)| matches!(values.first(), Some(0 | 0xff00)));
        read && coil
    }

    /// Reads what a response tells, as far as its request says what that is.
    pub(super) fn response(&mut self, data: &[u8], asked: Option<&Self>, events: &mut Vec<&'static str>) {
        if let Some(asked) = asked
            && asked.function != self.function & 0x7f
        {
            events.push("modbus.value_mismatch");
        }
        let mut r = Reader::new(data);
        if self.told(&mut r, events).is_none() {
            events.push("modbus.invalid_length");
        }
    }

    fn told(&mut self, r: &mut Reader<'_>, events: &mut Vec<&'static str>) -> Option<()> {
        if self.function >= 0x80 {
            let raw = r.u8()?;
            let code = exception(raw);
            if code == "Unknown" {
                events.push("modbus.invalid_exception_code");
            }
            put(&mut self.content, "exception", json!({"raw": raw, "code": code}));
            return Some(());
        }
        match self.function {
            1..=4 | 23 => {
                let length = r.u8()?;
                put(&mut self.content, "read", json!({"data": eve_text(r.take(length.into())?)}));
            }
            5 | 6 => put(&mut self.content, "write", json!({"address": r.u16()?, "data": r.u16()?})),
            15 | 16 => put(&mut self.content, "write", json!({"address": r.u16()?, "data": r.u16()?})),
            22 => {
                let write = json!({"address": r.u16()?, "and_mask": r.u16()?, "or_mask": r.u16()?});
                put(&mut self.content, "write", write);
            }
            _ => return self.others(r),
        }
        Some(())
    }

    /// What rules compare.
    pub(super) fn facts(&self, way: Direction, tx: &mut Transaction) {
        if way == Direction::ToClient {
            return;
        }
        let facts = &mut tx.facts;
        facts.number("modbus.unit", self.unit);
        facts.number("modbus.function", self.function);
        facts.number("modbus.category", self.category);
        facts.number("modbus.access", self.access);
        if let Some(sub) = self.sub {
            facts.number("modbus.subfunction", sub);
        }
        if let Some((address, quantity)) = self.read {
            facts.bytes("modbus.read", [address.to_be_bytes(), quantity.to_be_bytes()].concat());
        }
        if let Some((address, values)) = &self.write {
            let numbers = std::iter::once(address).chain(values);
            facts.bytes("modbus.write", numbers.flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>());
        }
    }

    /// The object of EVE.
    pub(super) fn eve(&self, has_errors: bool) -> Value {
        let known = FUNCTIONS.iter().find(|known| known.0 == self.function & 0x7f);
        let name = match self.function & 0x7f {
            INTERFACE => "MEI",
            _ => known.map_or("Unknown", |known| known.1),
        };
        let mut eve = object(json!({
            "transaction_id": self.transaction,
            "protocol_id": self.protocol,
            "unit_id": self.unit,
            "function_raw": self.function,
            "function_code": name,
            "access_type": named(self.access, &ACCESS_NAMES),
            "category": named(self.category, &CATEGORY_NAMES),
            "error_flags": if has_errors { "DATA_VALUE" } else { "NONE" },
        }));
        eve.extend(self.content.clone());
        eve.into()
    }
}

const ACCESS_NAMES: [&str; 8] = ["READ", "WRITE", "DISCRETES", "COILS", "INPUT", "HOLDING", "SINGLE", "MULTIPLE"];
const CATEGORY_NAMES: [&str; 4] = ["PUBLIC_UNASSIGNED", "PUBLIC_ASSIGNED", "USER_DEFINED", "RESERVED"];

/// Names of the bits that are set.
fn named(bits: u8, names: &[&str]) -> String {
    let set: Vec<&str> = (0..).zip(names).filter(|(place, _)| bits >> place & 1 != 0).map(|(_, name)| *name).collect();
    if set.is_empty() { "NONE".to_owned() } else { set.join(" | ") }
}

fn bit(data: &[u8], place: usize) -> Option<u16> {
    data.get(place / 8).map(|byte| u16::from(byte >> (place % 8) & 1))
}

fn category_of(function: u8) -> u8 {
    match function {
        0 => 0,
        1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43 => category::ASSIGNED,
        9 | 10 | 13 | 14 | 18 | 19 | 40..=42 | 90 | 91 | 125..=127 => category::RESERVED,
        65..=72 | 100..=110 => category::USER,
        _ => category::UNASSIGNED,
    }
}

/// Sub-functions of diagnostics.
fn diagnostic(raw: u16) -> &'static str {
    const NAMES: [&str; 19] = [
        "RetQueryData",
        "RestartCommOpt",
        "RetDiagReg",
        "ChangeInputDelimiter",
        "ForceListenOnlyMode",
        "Reserved",
        "Reserved",
        "Reserved",
        "Reserved",
        "Reserved",
        "ClearCtrDiagReg",
        "RetBusMsgCount",
        "RetBusCommErrCount",
        "RetBusExcErrCount",
        "RetServerMsgCount",
        "RetServerNoRespCount",
        "RetServerNAKCount",
        "RetServerBusyCount",
        "RetBusCharOverrunCount",
    ];
    NAMES.get(usize::from(raw)).copied().unwrap_or(match raw {
        19 => "RetOverrunErrCount",
        20 => "ClearOverrunCounterFlag",
        21 => "GetClearPlusStats",
        _ => "Reserved",
    })
}

/// Codes of exceptions.
fn exception(raw: u8) -> &'static str {
    match raw {
        1 => "IllegalFunction",
        2 => "IllegalDataAddr",
        3 => "IllegalDataValue",
        4 => "ServerDeviceFail",
        5 => "Ack",
        6 => "ServerDeviceBusy",
        7 => "NegAck",
        8 => "MemParityErr",
        10 => "GatewayPathUnavailable",
        11 => "GatewayTargetFailToResp",
        _ => "Unknown",
    }
}
