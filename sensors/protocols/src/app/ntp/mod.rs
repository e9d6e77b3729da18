//! NTP 1 to 4 (RFC 5905). Each message is a transaction.

use super::registry::{AppParser, Context, Input, ParserSpec, TransportKind, Verdict};
use super::text::put;
use crate::{AppProtocol, Buffer};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Ntp,
    transports: &[TransportKind::Udp],
    ports: &[123],
    probe: |probe| match probe.port_matches && is_message(probe.data) {
        true => Verdict::Yes,
        false => Verdict::No,
    },
    create: |_| Box::new(NtpParser),
};

/// Bytes of a message of time; control messages (mode 6) and private ones (mode 7) may be shorter.
const MESSAGE_BYTES: usize = 48;

fn is_message(data: &[u8]) -> bool {
    let Some(first) = data.first() else { return false };
    let (version, mode) = (first >> 3 & 7, first & 7);
    let length = if mode >= 6 { 8 } else { MESSAGE_BYTES };
    (1..=4).contains(&version) && data.len() >= length
}

struct NtpParser;

impl AppParser for NtpParser {
    fn parse(&mut self, direction: crate::Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        if !is_message(data) {
            return context.anomaly(None, direction, "ntp.malformed_data");
        }
        let (version, mode) = (data[0] >> 3 & 7, data[0] & 7);
        let id = context.open_single(AppProtocol::Ntp, direction);
        context.update(id, |tx| {
            put(&mut tx.eve, "version", version);
            put(&mut tx.eve, "mode", mode);
            tx.facts.number("ntp.version", version);
            tx.facts.number("ntp.mode", mode);
            if let (true, Some(reference)) = (mode < 6, data.get(12..16)) {
                put(&mut tx.eve, "stratum", data[1]);
                tx.facts.number("ntp.stratum", data[1]);
                let bytes = reference.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
                put(&mut tx.eve, "reference_id", bytes.join(":"));
                tx.buffers.set(direction, Buffer::NtpReferenceId, reference);
            }
        });
        context.progress(id, direction);
    }
}
