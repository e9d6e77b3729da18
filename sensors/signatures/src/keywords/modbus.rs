//! Keyword `modbus`: function, access to data, and unit of a request.

use fengsui_protocols::app::modbus::{access, category};
use fengsui_protocols::{Facts, Transaction};
use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::number::Comparison;

/// Something a rule asks of a request; every part that is given must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ModbusCheck {
    unit: Option<Comparison>,
    function: Option<Comparison>,
    subfunction: Option<Comparison>,
    /// Bits of categories, one of which must be set, or none of which may be.
    category: Option<(u8, bool)>,
    /// Bits of the access that must be set.
    access: u8,
    address: Option<Comparison>,
    value: Option<Comparison>,
}

impl ModbusCheck {
    pub(crate) fn matches(&self, transaction: &Transaction) -> bool {
        let facts = &transaction.facts;
        let number = |name: &'static str| facts.numbers(name, None).next();
        let holds = |asked: Option<Comparison>, name| {
            asked.is_none_or(|asked| number(name).is_some_and(|number| asked.matches(number)))
        };
        let bits = |name| number(name).and_then(|number| u8::try_from(number).ok()).unwrap_or(0);
        let category = self.category.is_none_or(|(wanted, negated)| (bits("modbus.category") & wanted != 0) != negated);
        number("modbus.function").is_some()
            && holds(self.unit, "modbus.unit")
            && holds(self.function, "modbus.function")
            && holds(self.subfunction, "modbus.subfunction")
            && category
            && bits("modbus.access") & self.access == self.access
            && self.data_matches(facts)
    }

    fn data_matches(&self, facts: &Facts) -> bool {
        if self.address.is_none() && self.value.is_none() {
            return true;
        }
        let place = if self.access & access::WRITE != 0 { "modbus.write" } else { "modbus.read" };
        facts.values(place).any(|bytes| {
            let mut numbers = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            let Some(first) = numbers.next() else { return false };
            let values: Vec<u16> = numbers.collect();
            let count = if place == "modbus.read" { values.first().copied().unwrap_or(1) } else { 1 };
            let count = usize::from(count).max(if place == "modbus.write" { values.len() } else { 1 });
            (0..count).any(|offset| {
                let address = u64::from(first) + offset as u64;
                let value = values.get(offset).map(|value| u64::from(*value));
                self.address.is_none_or(|asked| asked.matches(address))
                    && self.value.is_none_or(|asked| value.is_some_and(|value| is_value(asked, value)))
            })
        })
    }
}

/// A coil that is switched on is written as 0xff00, and asked for as 1.
fn is_value(asked: Comparison, value: u64) -> bool {
    asked.matches(value) || (value == 0xff00 && asked.matches(1))
}

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("modbus", modbus)];

fn modbus(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut check = ModbusCheck::default();
    for part in parts(value) {
        let (name, rest) = pair(part);
        match name {
            "unit" => check.unit = Some(Comparison::parse(rest)?),
            "function" => function(&mut check, rest)?,
            "subfunction" => check.subfunction = Some(Comparison::parse(rest)?),
            "access" => check.access = accessed(rest)?,
            "address" => check.address = Some(Comparison::parse(rest)?),
            "value" => check.value = Some(Comparison::parse(rest)?),
            _ => return Err(format!("does not know {}", shown(part))),
        }
    }
    if check == ModbusCheck::default() {
        return Err("asks for nothing".to_owned());
    }
    draft.transaction_checks.push(TransactionCheck::Modbus(check));
    Ok(())
}

fn function(check: &mut ModbusCheck, value: &str) -> Result<(), String> {
    if value.starts_with(|first: char| first.is_ascii_digit()) {
        check.function = Some(Comparison::parse(value)?);
        return Ok(());
    }
    let (negated, word) = value.strip_prefix('!').map_or((false, value), |word| (true, word.trim()));
    let bits = match word {
        "assigned" => category::ASSIGNED,
        "unassigned" => category::UNASSIGNED,
        "public" => category::ASSIGNED | category::UNASSIGNED,
        "user" => category::USER,
        "reserved" => category::RESERVED,
        "all" => category::ASSIGNED | category::UNASSIGNED | category::USER | category::RESERVED,
        _ => return Err(format!("{} is no function", shown(word))),
    };
    check.category = Some((bits, negated));
    Ok(())
}

fn accessed(value: &str) -> Result<u8, String> {
    let mut words = value.split_whitespace();
    let way = match words.next() {
        Some("read") => access::READ,
        Some("write") => access::WRITE,
        _ => return Err("access is read or write".to_owned()),
    };
    let what = match words.next() {
        None => 0,
        Some("discretes") if way == access::READ => access::DISCRETES,
        Some("input") if way == access::READ => access::INPUT,
        Some("coils") => access::COILS,
        Some("holding") => access::HOLDING,
        Some(other) => return Err(format!("{} is nothing that is read or written", shown(other))),
    };
    Ok(way | what)
}
