//! How far a transaction has come: `app-layer-state`, and the hook behind the protocol of a header
//! (`alert http1:request_headers …`, `alert tcp:flow_start …`).

use fengsui_protocols::app::states::{progress, step};
use fengsui_protocols::{AppProtocol, Direction, Transaction};
use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::packet::PacketCheck;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("app-layer-state", app_layer_state)];

/// What a rule asks of the progress of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateTest {
    /// The number of the step, for each protocol of the rule that has it.
    steps: Vec<(AppProtocol, usize)>,
    relation: Relation,
    /// The one direction it is asked of; absent for either.
    way: Option<Direction>,
}

/// How the step at which a transaction is stands to the one that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Before,
    At,
    After,
    /// At it or after it.
    Reached,
}

impl StateTest {
    /// Whether a direction of a transaction is there.
    pub(crate) fn matches(&self, transaction: &Transaction, direction: Option<Direction>) -> bool {
        let Some(direction) = direction.filter(|direction| self.way.is_none_or(|way| way == *direction)) else {
            return false;
        };
        let Some((_, wanted)) = self.steps.iter().find(|entry| entry.0 == transaction.protocol) else { return false };
        let is = progress(transaction, direction);
        match self.relation {
            Relation::Before => is < *wanted,
            Relation::At => is == *wanted,
            Relation::After => is > *wanted,
            Relation::Reached => is >= *wanted,
        }
    }

    /// The first protocol it is about.
    pub(crate) fn protocol(&self) -> Option<AppProtocol> {
        self.steps.first().map(|entry| entry.0)
    }

    /// Whether it may hold in both directions.
    pub(crate) const fn is_of_each_direction(&self) -> bool {
        self.way.is_none()
    }
}

/// `app-layer-state:[<>]name`
fn app_layer_state(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (relation, name) = match value.split_at_checked(1) {
        Some(("<", name)) => (Relation::Before, name),
        Some((">", name)) => (Relation::After, name),
        _ => (Relation::At, value),
    };
    let test = StateTest { steps: steps(draft, name.trim())?.1, relation, way: None };
    draft.transaction_checks.push(TransactionCheck::State(test));
    Ok(())
}

/// The direction and the numbers of a step by its name, for the protocols of the header.
fn steps(draft: &Draft<'_>, name: &str) -> Result<(Direction, Vec<(AppProtocol, usize)>), String> {
    if draft.applications.is_empty() {
        return Err("needs an application protocol in the header".to_owned());
    }
    let known = |protocol: &AppProtocol| step(*protocol, name).map(|(way, number)| (way, (*protocol, number)));
    let found: Vec<_> = draft.applications.iter().filter_map(known).collect();
    match found.first() {
        Some((way, _)) => Ok((*way, found.iter().map(|entry| entry.1).collect())),
        None => Err(format!("{} is no state of the protocol", shown(name))),
    }
}

/// Reads what stands behind the protocol of a header: the rule waits for a transaction to come that far, or looks at
/// every packet, or at the first of each direction of a flow.
pub(crate) fn hook(draft: &mut Draft<'_>, name: &str) -> Result<(), String> {
    if !draft.applications.is_empty() {
        let (way, steps) = steps(draft, name)?;
        let test = StateTest { steps, relation: Relation::Reached, way: Some(way) };
        draft.transaction_checks.push(TransactionCheck::State(test));
        return Ok(());
    }
    match name {
        "all" => draft.packet_checks.push(PacketCheck::Hook { first: false }),
        "flow_start" => draft.packet_checks.push(PacketCheck::Hook { first: true }),
        "pre_flow" | "pre_stream" => {
            return Err(format!("{name} is a hook of firewall rules, which the sensor has not"));
        }
        _ => return Err(format!("{} is no hook; write all or flow_start", shown(name))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{FlowState, PacketView, RuleData, RuleSource, Scratch, Tracking, Variables, load};

    fn loaded(rule: &str) -> Result<crate::RuleSet, String> {
        let sources = [RuleSource { file: "test", text: rule.as_bytes() }];
        let (set, report) = load(&sources, &Variables::default(), &RuleData::default());
        report.failures.first().map_or(Ok(set), |failure| Err(failure.reason.clone()))
    }

    #[test]
    fn what_can_not_be_waited_for_is_refused() {
        for (rule, reason) in [
            ("alert http1:request_header any any -> any any (sid:1;)", "is no state"),
            ("alert http1:client_hello_done any any -> any any (sid:1;)", "is no state"),
            ("alert tcp:request_line any any -> any any (sid:1;)", "is no hook"),
            ("alert tcp:pre_flow any any -> any any (sid:1;)", "firewall"),
            ("alert tcp any any -> any any (app-layer-state:request_line; sid:1;)", "needs an application protocol"),
            ("accept:hook http1:request_line any any -> any any (sid:1;)", "firewall"),
            ("drop:hook tcp any any -> any any (sid:1;)", "is no scope"),
        ] {
            let refused = loaded(rule).err().unwrap_or_default();
            assert!(refused.contains(reason), "{rule}: {refused}");
        }
    }

    #[test]
    fn a_flow_starts_once_in_each_direction() {
        let set = loaded("alert tcp:flow_start any any -> any any (msg:\"m\"; sid:1;)").unwrap();
        let mut scratch = Scratch::new(Arc::new(Tracking::default()));
        let mut flow = FlowState::default();
        let (client, server) = ("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let mut fired = Vec::new();
        for (way, counts) in [
            (Direction::ToServer, [1, 0]),
            (Direction::ToServer, [2, 0]),
            (Direction::ToClient, [2, 1]),
            (Direction::ToClient, [2, 2]),
        ] {
            let mut view = PacketView::new(client, server, 6, b"");
            (view.direction, view.flow_packets) = (Some(way), counts);
            fired.push(set.inspect_packet(&mut scratch, &view, Some(&mut flow), None).len());
        }
        assert_eq!(fired, [1, 0, 1, 0]);
    }

    #[test]
    fn actions_say_what_they_are_about() {
        for (rule, of_flow) in [
            ("drop:flow tcp any any -> any any (msg:\"m\"; flags:S; sid:1;)", true),
            ("drop:packet tcp any any -> any any (msg:\"m\"; flags:S; sid:1;)", false),
            ("drop tcp any any -> any any (msg:\"m\"; flags:S; sid:1;)", false),
        ] {
            let set = loaded(rule).unwrap();
            let mut scratch = Scratch::new(Arc::new(Tracking::default()));
            let (client, server) = ("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
            let mut view = PacketView::new(client, server, 6, b"");
            view.direction = Some(Direction::ToServer);
            view.tcp = Some(crate::TcpView { flags: 2, ..Default::default() });
            let found = set.inspect_packet(&mut scratch, &view, Some(&mut FlowState::default()), None);
            assert_eq!(found.iter().map(|found| found.of_flow).collect::<Vec<_>>(), [of_flow], "{rule}");
        }
    }
}
