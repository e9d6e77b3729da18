//! `rpc`: a call of ONC RPC (RFC 5531) by program, version and procedure.

use fengsui_schema::shown;

use crate::PacketView;
use crate::draft::Draft;
use crate::keywords::packet::PacketCheck;
use crate::keywords::{Keyword, keyword};
use crate::number::number;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("rpc", parse)];

/// What a call must be; none holds for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallCheck {
    program: u32,
    version: Option<u32>,
    procedure: Option<u32>,
}

impl CallCheck {
    pub(crate) fn matches(self, packet: &PacketView<'_>) -> bool {
        // Over TCP a marker of the record stands before the message.
        let message = if packet.tcp.is_some() { packet.payload.get(4..) } else { Some(packet.payload) };
        let word = |place: usize| {
            let bytes = message?.get(place * 4..)?.first_chunk()?;
            Some(u32::from_be_bytes(*bytes))
        };
        // Identifier, type (0 is a call), version of RPC, program, version, procedure.
        word(1) == Some(0)
            && word(2) == Some(2)
            && word(3) == Some(self.program)
            && self.version.is_none_or(|version| word(4) == Some(version))
            && self.procedure.is_none_or(|procedure| word(5) == Some(procedure))
    }
}

/// `program[,version|*[,procedure|*]]`.
fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut fields = value.split(',').map(str::trim);
    let exact = |text: &str| {
        let read = number(text).ok().and_then(|number| u32::try_from(number).ok());
        read.ok_or_else(|| format!("{} is no number of RPC", shown(text)))
    };
    let program = exact(fields.next().unwrap_or(""))?;
    let mut optional = || match fields.next() {
        None | Some("*") => Ok(None),
        Some(text) => exact(text).map(Some),
    };
    let check = CallCheck { program, version: optional()?, procedure: optional()? };
    if fields.next().is_some() {
        return Err("takes a program, a version and a procedure".to_owned());
    }
    draft.packet_checks.push(PacketCheck::Call(check));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_their_words() {
        let message: Vec<u8> = [9, 0, 2, 100_000, 2, 4].iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        let packet = |payload| {
            let end = "192.0.2.1:1000".parse().unwrap();
            PacketView::new(end, end, 17, payload)
        };
        let check = CallCheck { program: 100_000, version: None, procedure: Some(4) };
        assert!(check.matches(&packet(&message)));
        assert!(!CallCheck { version: Some(3), ..check }.matches(&packet(&message)));
        assert!(!check.matches(&packet(&message[..20])));
        assert!(!check.matches(&packet(&[0; 24])));
    }
}
