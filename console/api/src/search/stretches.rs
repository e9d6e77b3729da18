//! Stretches of time that may hold what is searched for, newest first.

use std::collections::VecDeque;

use super::Word;
use super::filter::holds;
use crate::db::{Db, Query, Row, args};
use crate::error::ApiResult;

/// Filters read at once: half a megabyte.
const FILTERS_AT_ONCE: i64 = 256;
/// A stretch ends when its parts hold so many alerts, so that a word that is everywhere is found in the newest ones.
const ALERTS_MAX: i64 = 8_192;

/// A stretch of time, both ends within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Earliest time, in milliseconds.
    pub(crate) from: i64,
    /// Latest time, in milliseconds.
    pub(crate) to: i64,
    /// About how many alerts there are in it.
    pub(crate) alerts: i64,
}

/// Reads the filters from the newest to the oldest. No two stretches share an hour, so that all of one is newer than all of
/// the next.
pub(crate) struct Stretches {
    db: Db,
    places: Vec<usize>,
    /// Hour and number of the part that was taken last.
    after: (i64, i64),
    parts: VecDeque<Part>,
    at_end: bool,
}

struct Part {
    hour: i64,
    number: i64,
    stretch: Stretch,
    fits: bool,
}

impl Stretches {
    /// Those up to a time that may hold some words.
    pub(crate) fn new(db: Db, words: &[Word], until: i64) -> Self {
        let places = words.iter().flat_map(Word::bits).collect();
        Self { db, places, after: (until, i64::MAX), parts: VecDeque::new(), at_end: false }
    }

    /// The next stretch; none after the oldest.
    pub(crate) async fn next(&mut self) -> ApiResult<Option<Stretch>> {
        let mut found: Option<Stretch> = None;
        loop {
            self.load().await?;
            let Some(part) = self.parts.front() else { return Ok(found) };
            let new_hour = part.hour != self.after.0;
            if let Some(stretch) = found
                && new_hour
                && (!part.fits || stretch.alerts >= ALERTS_MAX)
            {
                return Ok(found);
            }
            self.after = (part.hour, part.number);
            if part.fits {
                found = Some(found.map_or(part.stretch, |stretch| stretch.joined(part.stretch)));
            }
            self.parts.pop_front();
        }
    }

    /// Has the next filters in hand unless there are none.
    async fn load(&mut self) -> ApiResult<()> {
        if self.at_end || !self.parts.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT hour, part, alerts, first_time, last_time, bits FROM alert_filter
             WHERE hour <= $1 AND (hour < $1 OR part < $2) ORDER BY hour DESC, part DESC LIMIT {FILTERS_AT_ONCE}"
        );
        let rows = self.db.rows(&sql, args![self.after.0, self.after.1]).await?;
        self.at_end = rows.is_empty();
        self.parts = rows.iter().map(|row| read(row, &self.places)).collect::<ApiResult<_>>()?;
        Ok(())
    }
}

fn read(row: &Row, places: &[usize]) -> ApiResult<Part> {
    let (from, to, alerts) = (row.int("first_time")?, row.int("last_time")?, row.int("alerts")?);
    Ok(Part {
        hour: row.int("hour")?,
        number: row.int("part")?,
        stretch: Stretch { from, to, alerts },
        fits: holds(&row.bytes("bits")?, places),
    })
}

impl Stretch {
    /// From the beginning of the earlier to the end of the later.
    fn joined(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to), alerts: self.alerts + other.alerts }
    }
}
