//! Conversations for the unit tests of parsers.

use fengsui_schema::Timestamp;

use super::registry::{Context, Input, PARSERS, TransportKind};
use super::{AppSettings, Transactions};
use crate::{AppEvent, AppProtocol, Direction, Transaction};

/// The transactions of an exchange with the parser of a protocol, each message whole.
pub(crate) fn converse(protocol: AppProtocol, exchange: &[(Direction, &[u8])]) -> Vec<Transaction> {
    let (transactions, _) = listen(protocol, exchange);
    transactions.iter().cloned().collect()
}

/// The same with the events.
pub(crate) fn listen(protocol: AppProtocol, exchange: &[(Direction, &[u8])]) -> (Transactions, Vec<AppEvent>) {
    let spec = PARSERS.iter().find(|spec| spec.protocol == protocol).expect("is registered");
    let mut parser = (spec.create)(*spec.transports.first().unwrap_or(&TransportKind::Tcp));
    let settings = AppSettings::default();
    let (mut transactions, mut events) = (Transactions::default(), Vec::new());
    for (direction, bytes) in exchange {
        let mut context = Context::new(Timestamp::EPOCH, &settings, &mut transactions, &mut events);
        parser.parse(*direction, Input::Data(bytes), &mut context);
    }
    (transactions, events)
}
