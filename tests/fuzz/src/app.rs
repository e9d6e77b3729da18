//! Application parsers: any conversation, and the same outcome however its streams are cut.

use fengsui_protocols::app::ParserSpec;
use fengsui_protocols::{AppEvent, AppLayer, AppSettings, Direction, Expectation, PARSERS, TransportKind};
use fengsui_schema::Timestamp;

use crate::{byte, short, take};

/// First byte: the parser, by its place in the registry. Then messages: a byte whose lowest bit says the direction, two
/// bytes of length, the message.
pub(crate) fn app_parser(data: &[u8]) {
    let mut rest = data;
    let spec = &PARSERS[usize::from(byte(&mut rest)) % PARSERS.len()];
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let direction = if byte(&mut rest) & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
        let length = usize::from(short(&mut rest));
        messages.push((direction, take(&mut rest, length)));
    }
    let whole = outcome(spec, &messages, usize::MAX);
    if spec.transports[0] == TransportKind::Tcp {
        for size in [1, 7] {
            assert_eq!(whole, outcome(spec, &messages, size), "{} depends on pieces of {size}", spec.protocol);
        }
    }
}

/// What a parser makes of a conversation: records, events, content of files.
fn outcome(
    spec: &ParserSpec,
    messages: &[(Direction, &[u8])],
    size: usize,
) -> (Vec<String>, Vec<&'static str>, Vec<u8>) {
    let settings = AppSettings::default();
    let port = spec.ports.first().copied().unwrap_or(1);
    let expected = Expectation { protocol: spec.protocol, port, from_server: false, notice: ("", Vec::new()) };
    let mut layer =
        AppLayer::announced(spec.transports[0], 40_000, port, expected).with_interest(fengsui_protocols::Interest::ALL);
    let mut events = Vec::new();
    for (direction, message) in messages {
        for piece in message.chunks(size) {
            layer.data(&settings, Timestamp::EPOCH, *direction, piece, &mut events);
        }
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        layer.end(&settings, Timestamp::EPOCH, direction, &mut events);
    }
    let shown = |tx: &fengsui_protocols::Transaction| {
        let eve = serde_json::to_string(&(&tx.eve, &tx.eve_more)).unwrap_or_default();
        format!("{} {} {} {eve}", tx.protocol, tx.request_complete, tx.response_complete)
    };
    let records = layer.transactions().iter().map(shown).collect();
    let (mut names, mut content) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            AppEvent::Anomaly { name, .. } => names.push(name),
            AppEvent::File(chunk) => content.extend_from_slice(&chunk.data),
            AppEvent::Progress { .. } | AppEvent::Frame(_) | AppEvent::Expect(_) => {}
        }
    }
    (records, names, content)
}
