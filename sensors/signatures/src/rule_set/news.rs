//! What is new of transactions and files, and which rules patterns choose in it. What was looked at before is not
//! looked at again.

use fengsui_protocols::{Buffer, BufferValue, Direction, Transaction};

use super::apply::blank;
use super::build::kin;
use super::{Group, RuleSet, Scratch};
use crate::evaluate::{Context, Phase};
use crate::flow_state::{FileShown, Shown};
use crate::prefilter::Matcher;
use crate::rule::Source;
use crate::transform::apply_all;
use crate::{Completion, FileView, FlowState, Match, PacketView, limits};

/// What is new of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    /// Nothing.
    None,
    /// More bytes of a body or file, nothing else.
    Growth,
    /// Anything.
    Any,
}

impl RuleSet {
    /// Looks for patterns in what is new of a transaction, and says what that is.
    pub(super) fn look_for_news(
        &self,
        scratch: &mut Scratch,
        (packet, group, changes): (&PacketView<'_>, Option<&Group>, u32),
        (transaction, direction, completion): (&Transaction, Direction, Completion),
        shown: &mut Shown,
    ) -> News {
        let facts = transaction.facts.len() + transaction.eve.len();
        let state = (completion, changes, facts, packet.established);
        let other = (shown.completion, shown.changes, shown.facts, shown.established) != state;
        let mut news = if other { News::Any } else { News::None };
        (shown.completion, shown.facts, shown.established) = (completion, facts, packet.established);
        let known = shown.candidates.len();
        for (place, filled) in transaction.buffers.values(direction).enumerate() {
            let (length, version) = shown.values.get(place).copied().unwrap_or((0, u32::MAX));
            if (length, version) == extent(&filled) {
                continue;
            }
            let grown = version == filled.version && filled.value.len() > length;
            let grows = grown && Source::Buffer(filled.buffer).grows();
            let enough = if scratch.at_once { 1 } else { length.min(limits::BODY_INSPECT_BYTES) };
            if grows && !completion.direction && filled.value.len() - length < enough {
                continue;
            }
            news = news.max(if grows { News::Growth } else { News::Any });
            let seen = if grown { length } else { 0 };
            let value = (filled.value, seen);
            self.transformed_candidates(filled.buffer, filled.value, group, scratch, &mut shown.candidates);
            if !is_file_too(transaction, direction, &filled, seen) {
                self.plain_candidates(filled.buffer, value, group, scratch, &mut shown.candidates);
            }
            match shown.values.get_mut(place) {
                Some(value) => *value = extent(&filled),
                None => shown.values.push(extent(&filled)),
            }
        }
        if transaction.events.len() != shown.events {
            news = News::Any;
            shown.events = transaction.events.len();
            for event in &transaction.events {
                shown.candidates.extend(self.transaction_events.get(*event).into_iter().flatten());
            }
        }
        if group.is_none() {
            self.keep_fitting(packet, Some(transaction.protocol), &mut shown.candidates, known);
        }
        if shown.candidates.len() != known {
            shown.candidates.sort_unstable();
            shown.candidates.dedup();
        }
        news
    }

    /// Rules whose pattern is in a value as it is; its first `seen` bytes were looked at before.
    fn plain_candidates(
        &self,
        buffer: Buffer,
        (value, seen): (&[u8], usize),
        group: Option<&Group>,
        scratch: &mut Scratch,
        candidates: &mut Vec<u32>,
    ) {
        let Some(table) = self.tables.plain(kin(buffer)) else { return };
        let matcher = self.matcher(group, table);
        let fresh = &value[seen.saturating_sub(matcher.reach()).min(value.len())..];
        matcher.candidates(fresh, &mut scratch.seen, candidates);
    }

    /// Rules whose pattern is in what they make of a value.
    fn transformed_candidates(
        &self,
        buffer: Buffer,
        value: &[u8],
        group: Option<&Group>,
        scratch: &mut Scratch,
        candidates: &mut Vec<u32>,
    ) {
        for (transforms, table) in self.tables.transformed(buffer) {
            let matcher = self.matcher(group, *table);
            if !matcher.is_empty() {
                matcher.candidates(&apply_all(transforms, value), &mut scratch.seen, candidates);
            }
        }
    }

    /// Inspects a file that goes over the wire, with the transaction that carries it.
    pub fn inspect_file_data(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        direction: Direction,
        (file, transaction): (&FileView<'_>, Option<&Transaction>),
    ) -> Vec<Match> {
        if !self.files_are_looked_at || flow.passed() {
            return Vec::new();
        }
        let app_protocol = transaction.map(|transaction| transaction.protocol).or(packet.app_protocol);
        let packet = &PacketView { app_protocol, direction: Some(direction), ..*packet };
        let group = self.group_of(&mut scratch.groups, packet, flow);
        let mut known = flow.take_file(file.id, self.id);
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clear();
        let shown =
            transaction.and_then(|transaction| flow.shown(transaction.id, direction == Direction::ToClient, self.id));
        if let Some(shown) = shown {
            candidates.extend_from_slice(&shown.candidates);
        }
        let group = group.as_deref();
        self.carrier_candidates((scratch, group), (transaction, direction, shown), file, &mut candidates);
        let covered = transaction.zip(shown).map(|(transaction, shown)| (transaction, direction, shown));
        self.content_candidates((scratch, group), (file, covered), &mut known);
        candidates.extend_from_slice(&known.candidates);
        candidates.extend_from_slice(&self.files);
        scratch.candidates = candidates;
        if !file.complete {
            flow.keep_file(known);
        }
        let context = Context {
            payload: packet.payload,
            direction: Some(direction),
            transaction,
            completion: Completion { direction: file.complete, transaction: false },
            file: Some(file),
            ..blank(packet, Phase::File)
        };
        self.apply_one(scratch, &context, Some(flow))
    }

    /// Rules that patterns choose in what a file is called and in the transaction that carries it, as far as the
    /// transaction has not been shown.
    fn carrier_candidates(
        &self,
        (scratch, group): (&mut Scratch, Option<&Group>),
        (transaction, direction, shown): (Option<&Transaction>, Direction, Option<&Shown>),
        file: &FileView<'_>,
        candidates: &mut Vec<u32>,
    ) {
        let of_file = [
            (Buffer::FileName, file.name.unwrap_or_default()),
            (Buffer::FileMagic, file.magic.unwrap_or_default().as_bytes()),
        ];
        for (buffer, value) in of_file {
            self.transformed_candidates(buffer, value, group, scratch, candidates);
            self.plain_candidates(buffer, (value, 0), group, scratch, candidates);
        }
        let values = transaction.into_iter().flat_map(|transaction| transaction.buffers.values(direction));
        for (place, filled) in values.enumerate() {
            let is_shown = shown.is_some_and(|shown| shown.values.get(place) == Some(&extent(&filled)));
            let counts = self.file_buffers[filled.buffer as usize] && filled.buffer != Buffer::FileData;
            if counts && !is_shown {
                self.transformed_candidates(filled.buffer, filled.value, group, scratch, candidates);
                self.plain_candidates(filled.buffer, (filled.value, 0), group, scratch, candidates);
            }
        }
    }

    /// Rules that patterns choose in the new bytes of a file, unless they were looked at as a part of its transaction.
    fn content_candidates(
        &self,
        (scratch, group): (&mut Scratch, Option<&Group>),
        (file, covered): (&FileView<'_>, Option<(&Transaction, Direction, &Shown)>),
        known: &mut FileShown,
    ) {
        let before = known.candidates.len();
        self.transformed_candidates(Buffer::FileData, file.data, group, scratch, &mut known.candidates);
        let matcher = self.tables.plain(Buffer::FileData).map(|table| self.matcher(group, table));
        let reach = matcher.map_or(0, Matcher::reach) as u64;
        let from = known.until.saturating_sub(reach).max(file.offset);
        let covered = covered.map_or(0, |covered| covered_until(file, from, covered));
        let seen = known.until.max(covered).saturating_sub(file.offset);
        let seen = usize::try_from(seen).unwrap_or(usize::MAX).min(file.data.len());
        if seen < file.data.len() {
            let value = (file.data, seen);
            self.plain_candidates(Buffer::FileData, value, group, scratch, &mut known.candidates);
        }
        known.until = file.offset + file.data.len() as u64;
        if known.candidates.len() != before {
            known.candidates.sort_unstable();
            known.candidates.dedup();
        }
    }
}

/// What tells that a value is the one that was shown.
fn extent(filled: &BufferValue<'_>) -> (usize, u32) {
    (filled.value.len(), filled.version)
}

/// Whether a body is in the buffer of the file as well, from `seen` on: patterns of both are looked for there.
fn is_file_too(transaction: &Transaction, direction: Direction, filled: &BufferValue<'_>, seen: usize) -> bool {
    filled.buffer != Buffer::FileData && kin(filled.buffer) == Buffer::FileData && {
        let file = transaction.buffers.values(direction).find(|other| other.buffer == Buffer::FileData);
        let same = |file: &[u8]| std::ptr::eq(file, filled.value) || file.get(seen..) == filled.value.get(seen..);
        file.is_some_and(|file| extent(&file) == extent(filled) && same(file.value))
    }
}

/// The place in a file up to which its bytes, from `from` on, are those of the transaction's own buffer that were
/// looked at; 0 when they are not.
fn covered_until(
    file: &FileView<'_>,
    from: u64,
    (transaction, direction, shown): (&Transaction, Direction, &Shown),
) -> u64 {
    let mut values = transaction.buffers.values(direction).enumerate();
    let Some((place, filled)) = values.find(|(_, filled)| filled.buffer == Buffer::FileData) else { return 0 };
    let looked = shown.values.get(place).filter(|shown| shown.1 == filled.version).map_or(0, |shown| shown.0);
    let to = (looked.min(filled.value.len()) as u64).min(file.offset + file.data.len() as u64);
    if from >= to {
        return 0;
    }
    let (own, other) = (part(file.data, file.offset, from..to), part(filled.value, 0, from..to));
    let same = own.zip(other).is_some_and(|(own, other)| std::ptr::eq(own, other) || own == other);
    if same { to } else { 0 }
}

/// The bytes of a range of places, of a piece that starts at `start`.
fn part(bytes: &[u8], start: u64, range: std::ops::Range<u64>) -> Option<&[u8]> {
    let place = |place: u64| usize::try_from(place.checked_sub(start)?).ok();
    bytes.get(place(range.start)?..place(range.end)?)
}
