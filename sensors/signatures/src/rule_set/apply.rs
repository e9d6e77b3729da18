//! Candidates become matches: each is evaluated in full, in the order of the rules.

use std::sync::Arc;

use super::gate::Sight;
use super::{RuleSet, Scratch};
use crate::evaluate::{Context, Evaluation, Phase, Why};
use crate::flow_state::{Fired, Place};
use crate::header::endpoints;
use crate::rule::Rule;
use crate::{Completion, FlowState, Match, PacketView, limits};

impl RuleSet {
    /// Keeps the candidates from a place on whose gate is open, and marks them with the context they are about.
    pub(super) fn mark(&self, candidates: &mut Vec<u32>, from: usize, (sight, context): (&Sight<'_>, u32)) {
        let mut kept = from;
        for place in from..candidates.len() {
            let number = candidates[place];
            if self.gates.get(number as usize).is_some_and(|gate| gate.opens(sight)) {
                candidates[kept] = number << 1 | context;
                kept += 1;
            }
        }
        candidates.truncate(kept);
    }

    /// Evaluates candidates that all look at the same thing.
    pub(super) fn apply_one(
        &self,
        scratch: &mut Scratch,
        context: &Context<'_>,
        flow: Option<&mut FlowState>,
    ) -> Vec<Match> {
        self.mark(&mut scratch.candidates, 0, (&Sight::of(context), 0));
        self.apply(scratch, [context, context], flow)
    }

    /// Evaluates the candidates, whose gates are open, in the order of the rules. The last bit of a candidate says which context it is about; a
    /// rule fires in one of them only.
    pub(super) fn apply(
        &self,
        scratch: &mut Scratch,
        contexts: [&Context<'_>; 2],
        mut flow: Option<&mut FlowState>,
    ) -> Vec<Match> {
        scratch.sort_candidates();
        let Scratch { tracking, candidates, counters, .. } = scratch;
        let mut matches: Vec<Match> = Vec::new();
        let mut fired_last = None;
        for candidate in candidates.iter() {
            let (number, context) = (&(candidate >> 1), contexts[(candidate & 1) as usize]);
            if fired_last == Some(*number) {
                continue;
            }
            let rule = &self.rules[*number as usize];
            let once = once(rule, context).map(|place| Fired { rule: rule.key, place });
            if once.is_some_and(|fired| flow.as_ref().is_some_and(|flow| flow.has_fired(fired))) {
                continue;
            }
            let mut evaluation = Evaluation { context, flow: flow.as_deref_mut(), tracking, counters };
            if !evaluation.matches(rule) {
                continue;
            }
            if !evaluation.change_state(rule) {
                continue;
            }
            fired_last = Some(*number);
            if matches.len() < limits::MATCHES_PER_CALL {
                let why = if rule.noalert && !rule.captures { Why::default() } else { evaluation.why(rule) };
                matches.push(matched(*number, rule, context, why));
            } else {
                evaluation.counters.shed += 1;
            }
            if let (Some(flow), Some(fired)) = (flow.as_deref_mut(), once) {
                flow.remember(fired);
            }
        }
        matches
    }
}

pub(super) fn blank<'c>(packet: &'c PacketView<'c>, phase: Phase) -> Context<'c> {
    Context {
        packet,
        endpoints: endpoints(packet),
        phase,
        payload: &[],
        direction: packet.direction,
        transaction: None,
        completion: Completion::default(),
        file: None,
        frame: None,
        event: None,
    }
}

/// Where the rule may fire only once.
fn once(rule: &Rule, context: &Context<'_>) -> Option<Place> {
    if rule.phases.protocol { Some(Place::Flow) } else { context.place(rule) }
}

fn matched(number: u32, rule: &Rule, context: &Context<'_>, why: Why) -> Match {
    Match {
        rule: Arc::clone(&rule.info),
        action: rule.info.action,
        conditions: why.conditions,
        context: why.context,
        captures: why.captures,
        token: 0,
        transaction: context.transaction.map(|transaction| transaction.id),
        on_stream: context.phase == Phase::Stream,
        of_application: !rule.header.protocol.applications.is_empty(),
        alerts: !rule.noalert,
        of_flow: acts_on_flow(rule, context.phase),
        by_rate: false,
        order: number,
        key: rule.key,
    }
}

/// What fires on more than one packet acts on the flow, what fires on a single one acts on that.
fn acts_on_flow(rule: &Rule, phase: Phase) -> bool {
    if let Some(of_flow) = rule.header.of_flow {
        return of_flow;
    }
    let phases = rule.phases;
    let of_application = !rule.header.protocol.applications.is_empty() && rule.packet_checks.is_empty();
    phases.addresses || phases.protocol || phase != Phase::Packet || (of_application && rule.lists.is_empty())
}
