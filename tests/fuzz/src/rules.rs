//! Rules of strangers over payloads of strangers; files.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fengsui_protocols::Direction;
use fengsui_signatures::{FlowState, PacketView, RuleData, RuleSource, Scratch, Tracking, Variables, load};

/// Rules up to a line that is empty, then a payload.
pub(crate) fn suricata_rules(data: &[u8]) {
    let end = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (text, payload) = data.split_at(end);
    let (rules, report) = load(&[RuleSource { file: "input", text }], &Variables::default(), &RuleData::default());
    assert_eq!(rules.len(), report.loaded, "what is said to be loaded is loaded");
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    for protocol in [6, 17] {
        let mut flow = FlowState::default();
        let side = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
        let mut view = PacketView::new(side(1, 40_000), side(2, 80), protocol, payload);
        view.direction = Some(Direction::ToServer);
        rules.inspect_packet(&mut scratch, &view, Some(&mut flow), Some((payload, 0)));
    }
}

/// The start of a file.
pub(crate) fn file_identify(data: &[u8]) {
    let kind = fengsui_files::identify(data);
    assert!(!kind.description().is_empty(), "every file has a description");
}
