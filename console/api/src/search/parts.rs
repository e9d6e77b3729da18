//! Parts that take in alerts.

use std::collections::BTreeMap;

use super::filter::{FILTER_BYTES, GRAMS_MAX, grams, set};
use crate::db::{Query, Tx, args, tuples};
use crate::error::ApiResult;

const HOUR: i64 = 3_600_000;
/// Alerts of a part.
const ALERTS_MAX: i64 = 256;
/// Parts that one statement writes.
const ROWS_AT_ONCE: usize = 64;

/// What can be searched of an alert.
#[derive(Debug, Clone)]
pub(crate) struct Searchable {
    /// When it happened, in milliseconds.
    pub(crate) time: i64,
    /// Its text in small letters.
    pub(crate) text: String,
}

/// Alerts of a transaction on their way into parts.
#[derive(Default)]
pub(crate) struct Gathering {
    /// The last part of each hour.
    open: BTreeMap<i64, Part>,
    full: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    hour: i64,
    number: i64,
    alerts: i64,
    grams: usize,
    first_time: i64,
    last_time: i64,
    bits: Vec<u8>,
}

impl Part {
    fn new(hour: i64, number: i64) -> Self {
        Self {
            hour,
            number,
            alerts: 0,
            grams: 0,
            first_time: i64::MAX,
            last_time: i64::MIN,
            bits: vec![0; FILTER_BYTES],
        }
    }

    fn add(&mut self, alert: &Searchable) {
        self.alerts += 1;
        self.first_time = self.first_time.min(alert.time);
        self.last_time = self.last_time.max(alert.time);
        self.grams += grams(&alert.text).filter(|gram| set(&mut self.bits, *gram)).count();
    }

    fn is_full(&self) -> bool {
        self.alerts >= ALERTS_MAX || self.grams >= GRAMS_MAX
    }
}

impl Gathering {
    /// Takes in an alert.
    pub(crate) async fn add(&mut self, tx: &mut Tx, alert: &Searchable) -> ApiResult<()> {
        let hour = alert.time.div_euclid(HOUR) * HOUR;
        let mut part = match self.open.remove(&hour) {
            Some(part) => part,
            None => last_part(tx, hour).await?,
        };
        if part.is_full() {
            let next = Part::new(hour, part.number + 1);
            self.full.push(std::mem::replace(&mut part, next));
        }
        part.add(alert);
        self.open.insert(hour, part);
        Ok(())
    }

    /// Writes the parts.
    pub(crate) async fn write(self, tx: &mut Tx) -> ApiResult<()> {
        let parts: Vec<Part> = self.full.into_iter().chain(self.open.into_values()).collect();
        for some in parts.chunks(ROWS_AT_ONCE) {
            let mut values = Vec::with_capacity(7 * some.len());
            for part in some {
                let grams = i64::try_from(part.grams).unwrap_or(i64::MAX);
                values.extend(args![part.hour, part.number, part.alerts, grams, part.first_time, part.last_time]);
                values.extend(args![part.bits.clone()]);
            }
            let sql = format!(
                "INSERT INTO alert_filter (hour, part, alerts, grams, first_time, last_time, bits) VALUES {}
                 ON CONFLICT (hour, part) DO UPDATE SET alerts = excluded.alerts, grams = excluded.grams,
                     first_time = excluded.first_time, last_time = excluded.last_time, bits = excluded.bits",
                tuples(some.len(), 7)
            );
            tx.execute(&sql, values).await?;
        }
        Ok(())
    }
}

/// The last part of an hour, as it is or empty.
async fn last_part(tx: &mut Tx, hour: i64) -> ApiResult<Part> {
    let sql = "SELECT part, alerts, grams, first_time, last_time, bits FROM alert_filter WHERE hour = $1
               ORDER BY part DESC LIMIT 1";
    let Some(row) = tx.row(sql, args![hour]).await? else { return Ok(Part::new(hour, 0)) };
    Ok(Part {
        hour,
        number: row.int("part")?,
        alerts: row.int("alerts")?,
        grams: usize::try_from(row.int("grams")?).unwrap_or(usize::MAX),
        first_time: row.int("first_time")?,
        last_time: row.int("last_time")?,
        bits: row.bytes("bits")?,
    })
}
