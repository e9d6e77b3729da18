//! Going over many events, the oldest first, without having them all in memory.

use std::ops::ControlFlow;
use std::sync::Arc;

use fengsui_schema::{Event, Timestamp, UnitCode};
use tantivy::Searcher;
use tantivy::collector::Count;

use crate::collect::{HistogramCollector, PageCollector};
use crate::day::Day;
use crate::query::Clues;
use crate::query::resolve::Query;
use crate::search::{Plan, day_range, touches};
use crate::{Clue, StoreError, StoreView, limits};

/// Nanoseconds of the steps in which a day with many events is counted before it is gone over in parts.
const STEP: i64 = 10_000_000_000;

/// Which events are gone over.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Clues of which an event has any; every event when absent.
    pub any_of: Option<Vec<Clue>>,
    /// The earliest event time, included.
    pub from: Option<Timestamp>,
    /// The latest event time, excluded.
    pub to: Option<Timestamp>,
    /// As [`crate::Selection::units`].
    pub units: Option<Vec<UnitCode>>,
}

/// A scan that is ready to go over the days of a view.
pub struct ScanPlan {
    plan: Plan,
    days: Vec<Arc<Day>>,
}

/// A day of a scan. What was committed when it was come to is gone over, whatever is added meanwhile.
pub struct ScannedDay<'s> {
    plan: &'s Plan,
    day: &'s Day,
    searcher: Searcher,
}

impl StoreView {
    /// Makes a scan ready.
    ///
    /// # Errors
    /// When a clue asks for what no field can say.
    pub fn scan(&self, scan: &Scan) -> Result<ScanPlan, StoreError> {
        let clues = scan.any_of.as_deref().map(Clues::new).transpose()?.map(Arc::new);
        let nanos = |time: Option<Timestamp>| time.map(Timestamp::as_nanos);
        let (from, to) = (nanos(scan.from), nanos(scan.to));
        let plan = Plan { query: Query::All, clues, units: scan.units.clone(), from, to, days: Vec::new() };
        let mut days = self.days().to_vec();
        days.retain(|day| touches(day.name(), scan.from, scan.to));
        Ok(ScanPlan { plan, days })
    }
}

impl ScanPlan {
    /// The days that the time range touches, the oldest first.
    pub fn days(&self) -> impl ExactSizeIterator<Item = ScannedDay<'_>> {
        self.days.iter().map(|day| ScannedDay { plan: &self.plan, day, searcher: day.searcher() })
    }
}

impl ScannedDay<'_> {
    /// The UTC day as `YYYY-MM-DD`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.day.name()
    }

    /// Events of the day within the time range and the units, whatever the clues.
    ///
    /// # Errors
    /// When the index can't be read.
    pub fn stored(&self) -> Result<u64, StoreError> {
        self.count(&Plan { clues: None, ..self.plan.clone() })
    }

    /// Events that are gone over.
    ///
    /// # Errors
    /// As [`ScannedDay::stored`].
    pub fn size(&self) -> Result<u64, StoreError> {
        self.count(self.plan)
    }

    fn count(&self, plan: &Plan) -> Result<u64, StoreError> {
        Ok(plan.collect_by(self.day, &self.searcher, &Count)? as u64)
    }

    /// Calls with every event, the oldest first, until it breaks.
    ///
    /// # Errors
    /// When the index can't be read, or an event in it is damaged.
    pub fn visit(&self, visit: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.visit_in_pieces(limits::SCANNED_PLACES, visit)
    }

    /// The places of a piece are looked up at once, its events are read one by one.
    fn visit_in_pieces(&self, piece: usize, visit: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(), StoreError> {
        for plan in self.parts(piece)? {
            let mut after = None;
            loop {
                let collector = PageCollector { newest_first: false, limit: piece, after };
                let page = plan.page(self.day, &self.searcher, collector)?;
                after = page.hits.last().map(|(place, _)| *place);
                for (place, address) in &page.hits {
                    if visit(self.day.event(&self.searcher, *place, *address)?).is_break() {
                        return Ok(());
                    }
                }
                if page.hits.len() < piece {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The day in parts of at most a piece each, as far as the steps allow: a question about a part leaves out the segments
    /// of other hours, so that all of them together cost no more than one question about the day.
    fn parts(&self, piece: usize) -> Result<Vec<Plan>, StoreError> {
        if self.size()? <= piece as u64 {
            return Ok(vec![self.plan.clone()]);
        }
        let (start, end) = day_range(self.day.name());
        let buckets = usize::try_from((end - start) / STEP).unwrap_or(1);
        let histogram = HistogramCollector { start, interval: STEP, buckets };
        let counts = self.plan.collect_by(self.day, &self.searcher, &histogram)?;
        let (mut parts, mut begin, mut sum) = (Vec::new(), start, 0);
        for (count, step) in counts.into_iter().zip((start..end).step_by(STEP as usize)) {
            if sum + count > piece as u64 && sum > 0 {
                parts.push(self.part(begin, step));
                (begin, sum) = (step, 0);
            }
            sum += count;
        }
        parts.push(self.part(begin, end));
        Ok(parts)
    }

    fn part(&self, from: i64, to: i64) -> Plan {
        let from = self.plan.from.map_or(from, |earliest| earliest.max(from));
        let to = self.plan.to.map_or(to, |latest| latest.min(to));
        Plan { from: Some(from), to: Some(to), ..self.plan.clone() }
    }
}

#[cfg(test)]
mod tests {
    use fengsui_schema::{EventId, EventKind, Fields, SourceReference};

    use super::*;
    use crate::{Store, StoreSettings};

    const START: i64 = 1_772_323_200;

    fn event(number: u8) -> Event {
        let mut fields = Fields::new();
        fields.set("source.ip", format!("192.0.2.{}", number % 4));
        fields.set("url.domain", ["a.example", "x.A.Example.", "aa.example", "b.example"][usize::from(number % 4)]);
        if number % 4 == 3 {
            fields.set("message", "text");
        }
        let time = Timestamp::from_parts(START + i64::from(number / 3) * 7_200, 0);
        let source = SourceReference { source: "test".into(), instance: "a".into(), sequence: u64::from(number) };
        Event {
            id: EventId::from_bytes([number; 16]),
            time,
            received: time,
            kind: EventKind::Event,
            source,
            fields,
            original: serde_json::json!("line"),
        }
    }

    /// 120 events over four days, three at every second hour, added in another order.
    fn filled() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("folder");
        let settings =
            StoreSettings { directory: folder.path().into(), writer_memory_mb: 15, ..StoreSettings::default() };
        let store = Store::open(settings).expect("opens");
        for number in 0..120_u32 {
            let number = u8::try_from(number * 7 % 120).expect("is small");
            store.add(&event(number), u64::from(number)).expect("adds");
            if number % 31 == 0 {
                store.commit().expect("commits");
            }
        }
        store.commit().expect("commits");
        (folder, store)
    }

    fn numbers(store: &Store, scan: &Scan, piece: usize) -> Vec<u64> {
        let mut found = Vec::new();
        let mut take = |event: Event| {
            found.push(event.source.sequence);
            ControlFlow::Continue(())
        };
        let plan = store.view().scan(scan).expect("is a scan");
        plan.days().for_each(|day| day.visit_in_pieces(piece, &mut take).expect("scans"));
        assert_eq!(plan.days().map(|day| day.size().expect("counts")).sum::<u64>(), found.len() as u64);
        found
    }

    #[test]
    fn pieces_of_any_size_give_every_event_once_and_in_order() {
        let (_folder, store) = filled();
        let time = |number: u8| Some(event(number).time);
        let all: Vec<u64> = (0..120).collect();
        for piece in [1, 2, 3, 7, 36, 1_000] {
            assert_eq!(numbers(&store, &Scan::default(), piece), all, "pieces of {piece}");
            let part = Scan { from: time(30), to: time(90), ..Scan::default() };
            assert_eq!(numbers(&store, &part, piece), all[30..90], "pieces of {piece}");
            let clues = vec![Clue::Within("source.ip", "192.0.2.1/32".parse().expect("is an address"))];
            let ones: Vec<u64> = (30..90).filter(|number| number % 4 == 1).collect();
            let part = Scan { any_of: Some(clues), ..part };
            assert_eq!(numbers(&store, &part, piece), ones, "pieces of {piece}");
            let plan = store.view().scan(&part).expect("is a scan");
            assert_eq!(plan.days().map(|day| day.stored().expect("counts")).sum::<u64>(), 60);
        }
        assert_eq!(numbers(&store, &Scan { units: Some(Vec::new()), ..Scan::default() }, 5), Vec::<u64>::new());
        let mut seen = 0;
        let mut two = |_| {
            if {
                seen += 1;
                seen
            } == 2
            {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let plan = store.view().scan(&Scan::default()).expect("is a scan");
        plan.days().next().expect("is a day").visit(&mut two).expect("scans");
        assert_eq!(seen, 2);
    }

    #[test]
    fn clues_find_what_they_say() {
        let (_folder, store) = filled();
        let among = |rests: &[u64]| (0..120).filter(|number| rests.contains(&(number % 4))).collect::<Vec<_>>();
        let range = |text: &str| text.parse().expect("is a range");
        for (clues, rests) in [
            (vec![], &[][..]),
            (vec![Clue::Below("url.domain", "A.example".into())], &[0, 1]),
            (vec![Clue::Below("url.domain", "example.".into())], &[0, 1, 2, 3]),
            (vec![Clue::Equal("url.domain", "A.example".into())], &[0]),
            (vec![Clue::Within("source.ip", range("192.0.2.2/31"))], &[2, 3]),
            (vec![Clue::Within("source.ip", range("::ffff:192.0.2.2/128"))], &[2]),
            (vec![Clue::Within("source.ip", range("198.51.100.0/24"))], &[]),
            (vec![Clue::Exists("source.ip")], &[0, 1, 2, 3]),
            (vec![Clue::Exists("destination.ip")], &[]),
            (vec![Clue::Exists("message")], &[3]),
            (
                vec![Clue::Below("url.domain", "b.example".into()), Clue::Within("source.ip", range("192.0.2.0/32"))],
                &[0, 3],
            ),
        ] {
            let scan = Scan { any_of: Some(clues.clone()), ..Scan::default() };
            assert_eq!(numbers(&store, &scan, 50), among(rests), "{clues:?}");
        }
        for wrong in [
            Clue::Equal("source.ip", "a".into()),
            Clue::Exists("no.such"),
            Clue::Below("source.ip", "a".into()),
            Clue::Exists("@timestamp"),
        ] {
            assert!(store.view().scan(&Scan { any_of: Some(vec![wrong]), ..Scan::default() }).is_err());
        }
    }
}
