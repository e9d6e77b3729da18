//! `iprep`: what the reputation lists say of an address.

use std::sync::Arc;

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::packet::PacketCheck;
use crate::keywords::{Keyword, keyword, parts};
use crate::number::Comparison;
use crate::{PacketView, Reputations};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("iprep", reputation)];

/// A score of an address in a category.
#[derive(Debug, Clone)]
pub(crate) struct ReputationCheck {
    reputations: Arc<Reputations>,
    side: ReputationSide,
    category: u8,
    wanted: ReputationWanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReputationSide {
    Source,
    Destination,
    Any,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReputationWanted {
    Score(Comparison),
    Set(bool),
}

impl ReputationCheck {
    pub(crate) fn matches(&self, packet: &PacketView<'_>) -> bool {
        let holds = |address: Option<std::net::IpAddr>| {
            let score = address.and_then(|address| self.reputations.score(address, self.category));
            match self.wanted {
                ReputationWanted::Score(comparison) => score.is_some_and(|score| comparison.matches(score.into())),
                ReputationWanted::Set(set) => score.is_some() == set,
            }
        };
        match self.side {
            ReputationSide::Source => holds(packet.source),
            ReputationSide::Destination => holds(packet.destination),
            ReputationSide::Any => holds(packet.source) || holds(packet.destination),
            ReputationSide::Both => holds(packet.source) && holds(packet.destination),
        }
    }
}

/// `side,category,operator,score`, or `side,category,isset|isnotset`.
fn reputation(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let [side, category, wanted @ ..] = fields.as_slice() else {
        return Err("needs a side, a category and a comparison".to_owned());
    };
    let side = match *side {
        "src" => ReputationSide::Source,
        "dst" => ReputationSide::Destination,
        "any" => ReputationSide::Any,
        "both" => ReputationSide::Both,
        other => return Err(format!("{} is no side", shown(other))),
    };
    let wanted = match wanted {
        ["isset"] => ReputationWanted::Set(true),
        ["isnotset"] => ReputationWanted::Set(false),
        [operator, score] => {
            let operator = if *operator == "=" { "" } else { *operator };
            ReputationWanted::Score(Comparison::parse(&format!("{operator}{score}"))?)
        }
        [score] => ReputationWanted::Score(Comparison::parse(score)?),
        _ => return Err("needs an operator and a score".to_owned()),
    };
    let reputations = Arc::clone(&draft.data.reputations);
    let number = reputations.category(category);
    let category = number.ok_or_else(|| format!("{} is no category of the reputation lists", shown(category)))?;
    let check = ReputationCheck { reputations, side, category, wanted };
    draft.packet_checks.push(PacketCheck::Reputation(Box::new(check)));
    Ok(())
}
