//! `flow`: direction and state of the flow.

use fengsui_protocols::Direction;

use crate::PacketView;
use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, parts};
use crate::rule::way_matches;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("flow", parse)];

/// What a rule asks of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FlowOptions {
    pub(crate) direction: Option<Direction>,
    established: Option<bool>,
    pub(crate) only_stream: bool,
    pub(crate) no_stream: bool,
    pub(crate) fragments: Option<bool>,
    /// The keyword is there: packets without a flow do not match.
    pub(crate) given: bool,
}

impl FlowOptions {
    pub(crate) fn matches(&self, packet: &PacketView<'_>) -> bool {
        if !self.given {
            return true;
        }
        let is_fragment = packet.network.more_fragments || packet.network.fragment_offset > 0;
        way_matches(self.direction, packet.direction)
            && self.established.is_none_or(|established| established == packet.established)
            && self.fragments.is_none_or(|fragments| fragments == is_fragment)
            && (packet.direction.is_some() || self.fragments.is_some())
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let flow = &mut draft.flow;
    flow.given = true;
    for option in parts(value) {
        match option.to_ascii_lowercase().as_str() {
            "to_server" | "from_client" => direction(flow, Direction::ToServer)?,
            "to_client" | "from_server" => direction(flow, Direction::ToClient)?,
            "established" => flow.established = Some(true),
            "not_established" => flow.established = Some(false),
            "stateless" => flow.established = None,
            "only_stream" => flow.only_stream = true,
            "no_stream" => flow.no_stream = true,
            "only_frag" => flow.fragments = Some(true),
            "no_frag" => flow.fragments = Some(false),
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    Ok(())
}

fn direction(flow: &mut FlowOptions, direction: Direction) -> Result<(), String> {
    match flow.direction.replace(direction) {
        Some(other) if other != direction => Err("names two directions".to_owned()),
        _ => Ok(()),
    }
}
