//! Questions to the store.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use fengsui_schema::{Event, EventId, FieldDefinition, FieldType, Timestamp, UnitCode, shown};
use tantivy::collector::{Collector, Count};
use tantivy::query::{BooleanQuery, Query as IndexQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

use crate::collect::{
    ColumnKind, HistogramCollector, Page, PageCollector, Place, Sum, SumCollector, TermsCollector, most_frequent,
};
use crate::day::Day;
use crate::query::resolve::{Query, Test, full_name, resolve};
use crate::query::{Clues, compile, parse};
use crate::schema::{IndexFields, column_name};
use crate::{
    Histogram, HistogramBucket, NumericStatistics, QueryError, SearchPage, SearchRequest, Selection, Store, StoreError,
    TermCount, TopTerms, limits,
};

/// A question ready to be asked of each day.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) query: Query,
    /// Only events that have any of these; every event when absent.
    pub(crate) clues: Option<Arc<Clues>>,
    pub(crate) units: Option<Vec<UnitCode>>,
    /// Nanoseconds, included.
    pub(crate) from: Option<i64>,
    /// Nanoseconds, excluded.
    pub(crate) to: Option<i64>,
    /// Days that the time range touches, the oldest first.
    pub(crate) days: Vec<Arc<Day>>,
}

/// Events of one day that may have the same term of their id.
const SAME_TERM: usize = 8;

impl Store {
    /// A page of events.
    ///
    /// # Errors
    /// When the query is wrong, a limit is passed, or the index can't be read.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchPage, StoreError> {
        let begun = Instant::now();
        check_limit("page size", request.limit, limits::PAGE_HITS)?;
        check_limit("offset", request.offset, limits::OFFSET)?;
        let mut plan = self.plan(&request.selection())?;
        if request.newest_first {
            plan.days.reverse();
        }
        let after = request.cursor.as_deref().map(decode_cursor).transpose()?;
        let (mut total, mut skip, mut last) = (0, request.offset, None);
        let mut hits = Vec::new();
        for day in &plan.days {
            let limit = skip + request.limit - hits.len();
            // Places of hits are those of this searcher only: the next one may see merged segments.
            let searcher = day.searcher();
            let page = plan.page(day, &searcher, PageCollector { newest_first: request.newest_first, limit, after })?;
            total += page.total;
            let passed = skip.min(page.hits.len());
            skip -= passed;
            for (place, address) in &page.hits[passed..] {
                hits.push(day.event(&searcher, *place, *address)?);
                last = Some(*place);
            }
        }
        let cursor = last.filter(|_| hits.len() == request.limit).map(encode_cursor);
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(SearchPage { hits, total, took_ms, cursor })
    }

    /// How many events a selection holds.
    ///
    /// # Errors
    /// As [`Store::search`].
    pub fn count(&self, selection: &Selection) -> Result<u64, StoreError> {
        let plan = self.plan(selection)?;
        plan.days.iter().map(|day| Ok(plan.collect(day, &Count)? as u64)).sum()
    }

    /// Events over time in buckets of `interval_ms`, which start at whole multiples of it since the epoch. The
    /// selection's `from` and `to` are the range; where one is missing, the first or last day of the store.
    ///
    /// # Errors
    /// As [`Store::search`], and when there would be more buckets than [`limits::HISTOGRAM_BUCKETS`].
    pub fn histogram(&self, selection: &Selection, interval_ms: i64) -> Result<Histogram, StoreError> {
        let interval_ms = interval_ms.max(1);
        let interval = interval_ms.saturating_mul(1_000_000);
        let plan = self.plan(selection)?;
        let Some((from, to)) = plan.range() else { return Ok(Histogram { interval_ms, buckets: Vec::new() }) };
        let start = from.div_euclid(interval) * interval;
        let span = (i128::from(to) - i128::from(start)).max(0);
        let buckets = usize::try_from((span + i128::from(interval) - 1) / i128::from(interval)).unwrap_or(usize::MAX);
        check_limit("number of buckets", buckets, limits::HISTOGRAM_BUCKETS)?;
        let mut counts = vec![0; buckets];
        for day in &plan.days {
            let more = plan.collect(day, &HistogramCollector { start, interval, buckets })?;
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        let starts =
            (0..).map(|index: i64| Timestamp::from_nanos(start.saturating_add(interval.saturating_mul(index))));
        let buckets = starts.zip(counts).map(|(start, count)| HistogramBucket { start, count }).collect();
        Ok(Histogram { interval_ms, buckets })
    }

    /// The most frequent values of a keyword, integer or address field of the catalogue.
    ///
    /// # Errors
    /// As [`Store::search`], and when the field's values can't be counted.
    pub fn top_terms(&self, selection: &Selection, field: &str, limit: usize) -> Result<TopTerms, StoreError> {
        check_limit("number of terms", limit, limits::TOP_TERMS)?;
        let definition = catalogue_field(field)?;
        let kind = column_kind(definition).ok_or_else(|| uncountable(field, "is a text, time or identifier"))?;
        let collector = TermsCollector { column: column_name(definition.name), kind, limit: limits::COUNTED_TERMS };
        let plan = self.plan(selection)?;
        let mut counts: HashMap<String, u64> = HashMap::new();
        for day in &plan.days {
            for (term, count) in plan.collect(day, &collector)? {
                *counts.entry(term).or_default() += count;
            }
            check_limit("number of distinct values", counts.len(), limits::COUNTED_TERMS)?;
        }
        let (terms, other) = most_frequent(counts, limit);
        Ok(TopTerms { terms: terms.into_iter().map(|(term, count)| TermCount { term, count }).collect(), other })
    }

    /// Count, extremes and sum of an integer field of the catalogue.
    ///
    /// # Errors
    /// As [`Store::search`], and when the field is not numeric.
    pub fn numeric_statistics(&self, selection: &Selection, field: &str) -> Result<NumericStatistics, StoreError> {
        let definition = catalogue_field(field)?;
        if !matches!(definition.kind, FieldType::Integer | FieldType::Quantity) {
            return Err(uncountable(field, "is not numeric"));
        }
        let collector = SumCollector { column: column_name(definition.name) };
        let plan = self.plan(selection)?;
        let mut sum = Sum::default();
        for day in &plan.days {
            sum = sum.join(plan.collect(day, &collector)?);
        }
        let (min, max) = sum.extremes.unwrap_or_default();
        Ok(NumericStatistics { count: sum.count, min, max, sum: sum.sum })
    }

    /// The event of an id.
    ///
    /// # Errors
    /// When the index can't be read.
    pub fn get(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        for day in self.all_days().into_iter().rev() {
            let searcher = day.searcher();
            let query = compile(&Query::Test(Test::Id(id)), &searcher).map_err(StoreError::index(day.name()))?;
            let few = PageCollector { newest_first: true, limit: SAME_TERM, after: None };
            let page = searcher.search(&*query, &few).map_err(StoreError::index(day.name()))?;
            for (place, address) in page.hits {
                let event = day.event(&searcher, place, address)?;
                if event.id == id {
                    return Ok(Some(event));
                }
            }
        }
        Ok(None)
    }

    fn plan(&self, selection: &Selection) -> Result<Plan, StoreError> {
        let query = resolve(&parse(&selection.query)?)?;
        let mut days = self.all_days();
        days.retain(|day| touches(day.name(), selection.from, selection.to));
        Ok(Plan {
            query,
            clues: None,
            units: selection.units.clone(),
            from: selection.from.map(Timestamp::as_nanos),
            to: selection.to.map(Timestamp::as_nanos),
            days,
        })
    }
}

/// Whether a day has a part of a time range, whose end is excluded.
pub(crate) fn touches(day: &str, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    from.is_none_or(|from| day >= from.day().as_str()) && to.is_none_or(|to| day <= to.plus_nanos(-1).day().as_str())
}

impl Plan {
    pub(crate) fn page(&self, day: &Day, searcher: &Searcher, collector: PageCollector) -> Result<Page, StoreError> {
        if collector.limit == 0 {
            return Ok(Page { total: self.collect_by(day, searcher, &Count)? as u64, hits: Vec::new() });
        }
        self.collect_by(day, searcher, &collector)
    }

    fn collect<C: Collector>(&self, day: &Day, collector: &C) -> Result<C::Fruit, StoreError> {
        self.collect_by(day, &day.searcher(), collector)
    }

    pub(crate) fn collect_by<C: Collector>(
        &self,
        day: &Day,
        searcher: &Searcher,
        collector: &C,
    ) -> Result<C::Fruit, StoreError> {
        let query = self.compile(day, searcher)?;
        searcher.search(&*query, collector).map_err(StoreError::index(day.name()))
    }

    /// The query, the time range and the units, as far as they matter for a day.
    fn compile(&self, day: &Day, searcher: &Searcher) -> Result<Box<dyn IndexQuery>, StoreError> {
        let too_large = |error: tantivy::TantivyError| {
            StoreError::Query(QueryError {
                position: 1,
                message: format!("a pattern is too large ({error})"),
                remedy: "use fewer wildcards".to_owned(),
            })
        };
        let mut parts = vec![compile(&self.query, searcher).map_err(too_large)?];
        if self.cuts(day) {
            let low = self.from.map_or(Bound::Unbounded, Bound::Included);
            let high = self.to.map_or(Bound::Unbounded, Bound::Excluded);
            parts.push(compile(&Query::Test(Test::Time(low, high)), searcher).map_err(too_large)?);
        }
        if let Some(clues) = &self.clues {
            parts.push(clues.compile(searcher).map_err(StoreError::index(day.name()))?);
        }
        if let Some(units) = &self.units {
            parts.push(units_query(units));
        }
        Ok(Box::new(BooleanQuery::intersection(parts)))
    }

    /// Whether the time range leaves out a part of a day.
    fn cuts(&self, day: &Day) -> bool {
        let (start, end) = day_range(day.name());
        self.from.is_some_and(|from| from > start) || self.to.is_some_and(|to| to < end)
    }

    /// The time range, closed by the first and last day where it is open.
    fn range(&self) -> Option<(i64, i64)> {
        let from = self.from.or_else(|| self.days.first().map(|day| day_range(day.name()).0))?;
        let to = self.to.or_else(|| self.days.last().map(|day| day_range(day.name()).1))?;
        Some((from, to))
    }
}

/// Nanoseconds of the start of a day and of the next one.
pub(crate) fn day_range(day: &str) -> (i64, i64) {
    let start = format!("{day}T00:00:00Z").parse().unwrap_or(Timestamp::EPOCH);
    (start.as_nanos(), start.plus_seconds(86_400).as_nanos())
}

fn units_query(units: &[UnitCode]) -> Box<dyn IndexQuery> {
    let field = IndexFields::get().units;
    let term = |unit: &UnitCode| -> Box<dyn IndexQuery> {
        Box::new(TermQuery::new(Term::from_field_text(field, unit.as_str()), IndexRecordOption::Basic))
    };
    Box::new(BooleanQuery::union(units.iter().map(term).collect()))
}

fn catalogue_field(field: &str) -> Result<&'static FieldDefinition, StoreError> {
    let found = IndexFields::get().definition(full_name(field));
    found.map(|(_, definition)| definition).ok_or_else(|| uncountable(field, "is not in the field catalogue"))
}

fn uncountable(field: &str, reason: &str) -> StoreError {
    let reason = format!("{reason}, so its values can't be counted; choose a keyword, integer or address field");
    StoreError::Field { field: shown(field).to_string(), reason }
}

fn column_kind(definition: &FieldDefinition) -> Option<ColumnKind> {
    match definition.kind {
        FieldType::Keyword => Some(ColumnKind::Text),
        FieldType::Integer | FieldType::Quantity => Some(ColumnKind::Integer),
        FieldType::Address => Some(ColumnKind::Address),
        FieldType::Identifier | FieldType::Text | FieldType::Time => None,
    }
}

fn check_limit(what: &'static str, value: usize, limit: usize) -> Result<(), StoreError> {
    if value <= limit { Ok(()) } else { Err(StoreError::Limit { what, value: value as u64, limit: limit as u64 }) }
}

fn encode_cursor(place: Place) -> String {
    format!("{}_{:016x}", place.time, place.tie)
}

fn decode_cursor(text: &str) -> Result<Place, StoreError> {
    let parsed = text
        .split_once('_')
        .and_then(|(time, tie)| Some(Place { time: time.parse().ok()?, tie: u64::from_str_radix(tie, 16).ok()? }));
    parsed.ok_or_else(|| StoreError::Cursor(shown(text).to_string()))
}
