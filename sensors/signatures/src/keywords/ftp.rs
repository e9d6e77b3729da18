//! `ftpbounce`: a client that asks the server to connect to someone else (CERT advisory CA-1997-27).

use std::net::IpAddr;

use fengsui_protocols::{Buffer, Direction, Transaction};

use crate::PacketView;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword, without_value};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("ftpbounce", |draft, value| {
    without_value(value)?;
    draft.transaction_checks.push(TransactionCheck::FtpBounce);
    Ok(())
})];

/// Whether the command names an address, and that is not the client's.
pub(crate) fn bounces(transaction: &Transaction, packet: &PacketView<'_>) -> bool {
    let value = |buffer| transaction.buffers.get(Direction::ToServer, buffer).next();
    let client = match packet.direction {
        Some(Direction::ToClient) => packet.destination,
        _ => packet.source,
    };
    let (Some(command), Some(argument)) = (value(Buffer::FtpCommand), value(Buffer::FtpCommandData)) else {
        return false;
    };
    let named = match command.to_ascii_uppercase().as_slice() {
        b"PORT" => address_of_port(argument),
        b"EPRT" => address_of_eprt(argument),
        _ => None,
    };
    named.zip(client).is_some_and(|(named, client)| named != client)
}

/// `h1,h2,h3,h4,p1,p2` (RFC 959, section 5.3.2).
fn address_of_port(argument: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(argument).ok()?;
    let mut numbers = text.trim().split(',').map(|part| part.trim().parse::<u8>());
    let mut next = || numbers.next()?.ok();
    Some(IpAddr::from([next()?, next()?, next()?, next()?]))
}

/// `|family|address|port|` with any delimiter (RFC 2428).
fn address_of_eprt(argument: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(argument).ok()?.trim();
    let delimiter = text.chars().next()?;
    text.split(delimiter).nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_commands_are_read() {
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        assert_eq!(address_of_port(b"192,0,2,7,4,1"), address);
        assert_eq!(address_of_port(b"192,0,2,700,4,1"), None);
        assert_eq!(address_of_eprt(b"|1|192.0.2.7|1025|"), address);
        assert_eq!(address_of_eprt(b""), None);
    }
}
