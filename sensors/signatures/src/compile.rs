//! One rule as text to one compiled rule.

use std::sync::Arc;

use fengsui_protocols::Buffer;

use crate::classification::Class;
use crate::draft::Draft;
use crate::header::{Header, Only};
use crate::keywords;
use crate::keywords::packet::PacketCheck;
use crate::keywords::threshold::RateKind;
use crate::prefilter::Pattern;
use crate::ranges::Groups;
use crate::rule::{Absent, List, Phases, Rule, Source, Step, Test, digest};
use crate::transform::Transform;
use crate::{Action, RuleData, RuleInfo, limits, rule_info, syntax};

/// Why a rule did not compile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuleError {
    /// The outer form is broken.
    #[error("{0}")]
    Form(String),
    /// An option is wrong.
    #[error("{keyword} {reason}")]
    Option { keyword: String, reason: String },
}

impl RuleError {
    /// The keyword it failed on.
    pub(crate) fn keyword(&self) -> Option<&str> {
        match self {
            Self::Form(_) => None,
            Self::Option { keyword, .. } => Some(keyword),
        }
    }
}

/// A compiled rule, what chooses it, and what to know about it.
pub(crate) struct Compiled {
    pub(crate) rule: Rule,
    pub(crate) choices: Vec<Choice>,
    pub(crate) warnings: Vec<String>,
    /// Names of bits and numbers.
    pub(crate) names: Vec<(u64, String)>,
    /// Order among rules of the same action: those that set flowbits come before those that ask for them.
    pub(crate) rank: (u8, u8),
}

/// A pattern a rule is chosen by, and where it is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) source: Source,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) pattern: Pattern,
    /// The pattern lies near the start of the payload.
    pub(crate) near: bool,
}

/// The signature number of a rule, as far as it can be read.
pub(crate) fn sid_of(rule: &str) -> Option<u32> {
    let digits = rule.rsplit_once("sid:")?.1.trim_start();
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Compiles a rule.
pub(crate) fn compile(
    text: &str,
    (file, line): (&str, usize),
    groups: &mut Groups<'_>,
    (data, classes): (&RuleData, &[Class]),
) -> Result<Compiled, RuleError> {
    let parts = syntax::split(text).map_err(RuleError::Form)?;
    let (action, header, hook) = Header::parse(&parts.header, groups).map_err(RuleError::Form)?;
    let mut draft = Draft::new(blank_info(action, text, file, line), data, classes);
    draft.applications.clone_from(&header.protocol.applications);
    if let Some(hook) = hook {
        hook.clone_into(&mut draft.option);
        keywords::state::hook(&mut draft, hook).map_err(RuleError::Form)?;
        draft.note_checks();
    }
    for option in &parts.options {
        option.text.clone_into(&mut draft.option);
        let applied = keywords::apply(&mut draft, option.keyword, option.value.unwrap_or(""));
        applied.map_err(|reason| RuleError::Option { keyword: option.keyword.to_owned(), reason })?;
        draft.note_checks();
    }
    finish(draft, header).map_err(RuleError::Form)
}

fn blank_info(action: Action, text: &str, file: &str, line: usize) -> RuleInfo {
    RuleInfo {
        sid: 0,
        gid: 1,
        rev: 0,
        msg: String::new(),
        classtype: String::new(),
        category: String::new(),
        priority: 3,
        metadata: Vec::new(),
        references: Vec::new(),
        action,
        target: None,
        tag: None,
        bypass: false,
        silence: None,
        filestore: false,
        file: file.to_owned(),
        line,
        text: rule_info::shortened(text),
    }
}

fn finish(mut draft: Draft<'_>, mut header: Header) -> Result<Compiled, String> {
    if draft.info.sid == 0 {
        return Err("the rule has no sid".to_owned());
    }
    draft.info.priority = draft.priority.unwrap_or(draft.info.priority);
    draft.flow.direction = draft.flow.direction.or(draft.direction.inspect(|_| draft.flow.given = true));
    // What the filter holds back is not counted by the threshold.
    draft.rates.sort_by_key(|rate| rate.kind != RateKind::DetectionFilter);
    draft.drop_empty_lists();
    check_directions(&draft.lists, &header)?;
    // A rule set is kept for long and is large: lists give back the room they grew by.
    draft.lists.shrink_to_fit();
    for list in &mut draft.lists {
        list.steps.shrink_to_fit();
        prepare(&mut list.steps);
        list.needs_all = list.source.grows() && list.steps.iter().any(|step| step.test.needs_all());
    }
    adopt_protocol(&mut header, &draft);
    let phases = phases(&draft, &header);
    let silent_pass = draft.info.action == Action::Pass && !draft.alerts_anyway;
    let choices = choices(&draft.lists, &header);
    let rank = (draft.info.action as u8, state_rank(&draft));
    let (warnings, names) = (std::mem::take(&mut draft.warnings), std::mem::take(&mut draft.names));
    let mut rule = Rule {
        key: digest((draft.info.gid, draft.info.sid)),
        info: Arc::new(draft.info),
        header,
        flow: draft.flow,
        phases,
        packet_checks: draft.packet_checks,
        transaction_checks: draft.transaction_checks,
        file_checks: draft.file_checks,
        state_checks: draft.state_checks,
        ints: draft.ints,
        effects: draft.effects,
        lists: draft.lists,
        rates: draft.rates,
        suppressions: Vec::new(),
        check_texts: draft.check_texts,
        noalert: draft.noalert || silent_pass,
        captures: draft.captures,
        each_direction: false,
    };
    rule.each_direction = rule.asks_each_direction();
    Ok(Compiled { rule, choices, warnings, names, rank })
}

/// A rule that looks at buffers of one way and at buffers of the other can only match with the arrow `=>`.
fn check_directions(lists: &[List], header: &Header) -> Result<(), String> {
    let only = |to_server: bool| {
        lists.iter().find_map(|list| match list.source {
            Source::Buffer(buffer) => {
                let spec = buffer.spec();
                (spec.to_server == to_server && spec.to_client != to_server).then_some(spec.keyword)
            }
            _ => None,
        })
    };
    match (only(true), only(false)) {
        (Some(request), Some(response)) if header.arrow != crate::header::Arrow::Transaction => {
            Err(format!("{request} and {response} never stand in the same direction; write the arrow =>"))
        }
        _ => Ok(()),
    }
}

/// A rule of plain transport that looks at HTTP buffers is a rule of HTTP, whatever its header says.
fn adopt_protocol(header: &mut Header, draft: &Draft<'_>) {
    if !header.protocol.applications.is_empty() || !header.protocol.numbers.is_empty() {
        return;
    }
    let buffers = draft.lists.iter().filter_map(|list| match list.source {
        Source::Buffer(buffer) => buffer.spec().protocol,
        _ => None,
    });
    let checks = draft.transaction_checks.iter().filter_map(|check| check.protocol());
    if let Some(protocol) = buffers.chain(checks).next() {
        header.protocol.applications = crate::header::applications(protocol.as_str()).unwrap_or_default();
    }
}

/// Makes steps ready to run: searchers, and where a later match may help.
fn prepare(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let later = &steps[index + 1..];
        let moves = |step: &Step| match &step.test {
            Test::Content(content) => !content.negated,
            Test::Pcre(pcre) => !pcre.negated,
            Test::ByteJump(_) | Test::ByteExtract(_) | Test::ByteMath(_) => true,
            _ => false,
        };
        let followed = later.iter().find(|step| step.test.is_relative() || moves(step));
        let retry =
            followed.is_some_and(|step| step.test.is_relative()) || later.iter().any(|step| step.test.uses_variables());
        let step = &mut steps[index];
        step.retry = retry;
        match &mut step.test {
            Test::Content(content) => content.prepare(),
            Test::Base64(decode) => prepare(&mut decode.inner),
            _ => {}
        }
    }
}

fn phases(draft: &Draft<'_>, header: &Header) -> Phases {
    if draft.lists.iter().any(|list| matches!(list.source, Source::Frame(_))) {
        return Phases { frame: true, ..Phases::default() };
    }
    let payload = draft.lists.iter().any(|list| list.source.of_packet());
    let buffers = draft.lists.iter().any(|list| matches!(list.source, Source::Buffer(_)));
    let mut phases = if payload { payload_phases(draft, header) } else { Phases::default() };
    phases.file = !draft.file_checks.is_empty();
    phases.transaction = !phases.file && (buffers || !draft.transaction_checks.is_empty());
    phases.mixed = payload && (phases.file || phases.transaction);
    phases.file |= draft.lists.iter().any(|list| list.source == Source::Buffer(Buffer::FileData));
    if !payload && !phases.file && !phases.transaction {
        // Addresses as buffers are there with every packet.
        let plain = draft.lists.is_empty();
        return if plain { header_phases(draft, header) } else { Phases { packet: true, ..Phases::default() } };
    }
    phases
}

/// Rules of TCP look at the stream; at packets only when they ask for something only a packet has, or for a place
/// in it, or when no stream has taken the packet.
fn payload_phases(draft: &Draft<'_>, header: &Header) -> Phases {
    let bound = draft.packet_checks.iter().any(|check| !check.of_flow())
        || draft.lists.iter().any(|list| list.source.of_header());
    let numbers = header.protocol.numbers;
    let tcp = numbers.is_empty() || numbers.contains(&6);
    let only_packet = header.protocol.only == Only::Packet || draft.flow.no_stream || bound;
    let only_stream = header.protocol.only == Only::Stream || draft.flow.only_stream;
    let placed =
        draft.lists.iter().filter(|list| list.source == Source::Payload).flat_map(|list| &list.steps).any(
            |step| matches!(&step.test, Test::Content(c) if c.depth.is_some() || c.offset.is_some() || c.starts_with),
        );
    let stream = tcp && !only_packet;
    let packet = !only_stream && (only_packet || placed || !tcp || numbers.is_empty());
    Phases { stream, packet, only_stream, placed, ..Phases::default() }
}

fn header_phases(draft: &Draft<'_>, header: &Header) -> Phases {
    let is_protocol = |check: &PacketCheck| matches!(check, PacketCheck::Protocol(test) if test.waits());
    if !draft.packet_checks.is_empty() && draft.packet_checks.iter().all(is_protocol) && draft.ints.is_empty() {
        return Phases { protocol: true, ..Phases::default() };
    }
    let ports = header.source.ports.is_everything() && header.destination.ports.is_everything();
    let addresses = draft.packet_checks.is_empty()
        && draft.state_checks.is_empty()
        && draft.ints.is_empty()
        && !draft.flow.given
        && header.protocol.applications.is_empty()
        && header.protocol.only == Only::Both
        && !header.protocol.without_ip
        && ports;
    Phases { addresses, packet: !addresses, ..Phases::default() }
}

/// Rules that set bits run before those that ask for them, so that one packet can satisfy both.
fn state_rank(draft: &Draft<'_>) -> u8 {
    let (sets, asks) = (!draft.effects.is_empty(), !draft.state_checks.is_empty());
    let counts = !draft.ints.is_empty();
    match (sets, asks) {
        (true, false) => 0,
        (true, true) => 1,
        (false, true) => 3,
        (false, false) if counts => 2,
        (false, false) => 4,
    }
}

/// What chooses a rule: a pattern of a transaction buffer, and one of the payload for the part that looks at it.
fn choices(lists: &[List], header: &Header) -> Vec<Choice> {
    if header.arrow == crate::header::Arrow::Transaction {
        return Vec::new();
    }
    let payload = |list: &&List| list.source == Source::Payload;
    let buffer = |list: &&List| matches!(list.source, Source::Buffer(_));
    let best = |lists: Vec<&List>| {
        let patterns = lists.into_iter().flat_map(|list| list.steps.iter().map(move |step| (list, step)));
        patterns.filter_map(|(list, step)| choice(list, step)).max_by_key(|entry| entry.0).map(|entry| entry.1)
    };
    let of_payload = best(lists.iter().filter(payload).collect());
    let near = lists.iter().filter(payload).flat_map(|list| list.steps.iter().map(move |step| (list, step)));
    let near = near.filter_map(|(list, step)| choice(list, step)).filter(|entry| entry.1.near);
    let near = near.filter(|entry| entry.1.pattern.bytes.len() >= NEAR_PATTERN).max_by_key(|entry| entry.0);
    let of_start = near.map(|entry| entry.1).filter(|_| of_payload.as_ref().is_some_and(|choice| !choice.near));
    let of_buffer = best(lists.iter().filter(buffer).collect());
    of_payload.into_iter().chain(of_buffer).chain(of_start).collect()
}

/// Bytes a pattern at the start of the payload needs to be chosen before a better one elsewhere.
const NEAR_PATTERN: usize = 3;

/// Whether a pattern can only lie near the start.
fn is_near(content: &crate::keywords::content::Content) -> bool {
    let literal = |operand: Option<crate::rule::Operand>| operand.map_or(Some(0), crate::rule::Operand::literal);
    let end = match (content.is_relative(), content.starts_with, content.depth) {
        (true, ..) | (false, false, None) => None,
        (false, true, _) => i64::try_from(content.pattern.len()).ok(),
        (false, false, depth) => literal(depth).zip(literal(content.offset)).map(|(depth, offset)| depth + offset),
    };
    end.is_some_and(|end| usize::try_from(end).is_ok_and(|end| end <= limits::NEAR_BYTES))
}

/// How good a choice a step is: one that can be looked for where it has to be, then what the rule asks for, then how long
/// and varied the pattern is.
fn choice(list: &List, step: &Step) -> Option<((bool, bool, usize), Choice)> {
    let Test::Content(content) = &step.test else { return None };
    if content.negated || list.absent != Absent::Fails {
        return None;
    }
    let part = content.fast.and_then(|fast| fast.part);
    let bytes = part.and_then(|(offset, length)| content.pattern.get(offset..offset + length));
    let bytes = bytes.unwrap_or(&content.pattern);
    let mut distinct = [false; 256];
    bytes.iter().for_each(|byte| distinct[usize::from(*byte)] = true);
    let strength = bytes.len().min(32) + 2 * distinct.iter().filter(|present| **present).count().min(32);
    let pattern = Pattern { bytes: bytes.into(), nocase: content.nocase };
    let near = is_near(content);
    let grows = list.source == Source::Payload || list.source.grows();
    let is_found = !grows || pattern.bytes.len() >= limits::LONG_BUFFER_PATTERN;
    let choice = Choice { source: list.source, transforms: list.transforms.clone(), pattern, near };
    Some(((is_found, content.fast.is_some(), strength), choice))
}
