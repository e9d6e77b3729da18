//! Which type a column of a table holds, from its header and a sample of its values.

mod header;
mod values;

use std::collections::BTreeMap;

use super::Engine;
use crate::normalize::Normalized;
pub(super) use header::said;
use values::{FORMS, Shown, birth, is_empty};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Type of the values; `None` when they are of no type the engine knows.
    pub data_type: Option<&'static str>,
    /// Share of the sampled values that are of the type.
    pub share: f64,
    /// Lower end of Wilson's 95 % confidence interval for that share.
    pub at_least: f64,
    /// Values sampled.
    pub sampled: usize,
    /// Types found inside longer values of the column: free text that holds sensitive values.
    pub inside: Vec<&'static str>,
    /// Whether the header names the type.
    pub named: bool,
}

/// Most values of a column that are sampled.
pub const COLUMN_SAMPLE: usize = 400;
/// Values after which a clear majority ends the sampling.
const ENOUGH: usize = 60;
/// Share of the values from which form alone settles the type, and from which it does together with a header.
const BY_FORM: f64 = 0.40;
const BY_HEADER: f64 = 0.15;
/// Share from which a form that many kinds of values have, such as six digits, is taken with a header.
const BY_WEAK_FORM: f64 = 0.45;
/// A column of dates is one of births if half lie before this year and they spread over so many years.
const BIRTHS_BEFORE: u32 = 2006;
const BIRTHS_SPREAD: u32 = 15;

/// What the values of a column look like.
#[derive(Default)]
struct Tally {
    sampled: usize,
    counts: BTreeMap<&'static str, usize>,
    inside: Vec<(&'static str, usize)>,
    years: Vec<u32>,
    divisions: usize,
}

impl Engine {
    /// Profiles a column. `values` are sampled evenly; those that say that there is none do not count.
    #[must_use]
    pub fn profile_column(&self, header: &str, values: &[&str]) -> ColumnProfile {
        let filled: Vec<&str> = values.iter().map(|value| value.trim()).filter(|value| !is_empty(value)).collect();
        let step = filled.len().div_ceil(COLUMN_SAMPLE).max(1);
        let mut tally = Tally::default();
        // A stride that has no common factor with periods of the data, so that a part of the sample is a sample too.
        for index in spread(filled.len().div_ceil(step)) {
            self.count(header, filled[index * step], &mut tally);
            if tally.sampled >= ENOUGH && tally.is_decided() {
                break;
            }
        }
        let meanings = header::meanings(header);
        let best = tally.best(&meanings);
        let count = best.map_or(0, |(data_type, _)| tally.counts.get(data_type).copied().unwrap_or(0));
        let mut inside: Vec<&'static str> = tally
            .inside
            .iter()
            .filter(|(name, count)| Some(*name) != best.map(|(name, _)| name) && *count * 50 >= tally.sampled)
            .map(|(name, _)| *name)
            .collect();
        inside.sort_unstable();
        ColumnProfile {
            data_type: best.map(|(data_type, _)| data_type),
            share: count as f64 / tally.sampled.max(1) as f64,
            at_least: wilson_lower(count, tally.sampled),
            sampled: tally.sampled,
            inside,
            named: best.is_some_and(|(_, named)| named),
        }
    }

    fn count(&self, header: &str, value: &str, tally: &mut Tally) {
        let normalized = Normalized::new(value);
        let value = normalized.text.as_ref();
        let shown = Shown::new(value, self.settings().latest_year);
        tally.sampled += 1;
        tally.years.extend(birth(&shown));
        let division =
            shown.compact.len() == 6 && super::regions::region(&shown.compact) == super::regions::RegionMatch::Listed;
        tally.divisions += usize::from(division);
        let mut whole: Vec<&'static str> =
            FORMS.iter().filter(|form| (form.fits)(&shown)).map(|form| form.data_type).collect();
        for found in self.scan_value(value, header) {
            let covers = (found.end - found.start) * 10 >= value.len() * 8;
            let known = whole.contains(&found.data_type);
            match covers {
                true if !known => whole.push(found.data_type),
                false if !known => match tally.inside.iter_mut().find(|(name, _)| *name == found.data_type) {
                    Some((_, count)) => *count += 1,
                    None => tally.inside.push((found.data_type, 1)),
                },
                _ => {}
            }
        }
        for data_type in whole {
            *tally.counts.entry(data_type).or_default() += 1;
        }
    }
}

impl Tally {
    fn share(&self, data_type: &str) -> f64 {
        self.counts.get(data_type).copied().unwrap_or(0) as f64 / self.sampled.max(1) as f64
    }

    /// Whether one telling form has a majority that more values would not change.
    fn is_decided(&self) -> bool {
        self.counts.values().any(|count| wilson_lower(*count, self.sampled) > 0.55)
            && self.counts.values().all(|count| {
                let (low, high) =
                    (wilson_lower(*count, self.sampled), 1.0 - wilson_lower(self.sampled - count, self.sampled));
                low > BY_FORM || high < BY_FORM
            })
    }

    /// The likeliest type and whether the header names it.
    fn best(&self, meanings: &[(&'static str, u8)]) -> Option<(&'static str, bool)> {
        let telling = |data_type: &str| {
            let form = FORMS.iter().find(|form| form.data_type == data_type);
            form.map_or_else(|| scanned_tells(data_type), |form| form.telling)
        };
        let scored = self.counts.keys().filter_map(|data_type| {
            let share = self.share(data_type);
            let named = meanings
                .iter()
                .find(|(name, _)| name == data_type)
                .map_or(0.0, |(_, weight)| f64::from(*weight) / 100.0);
            let births = *data_type == "date_of_birth" && self.are_births();
            let fits = match () {
                () if telling(data_type) || births => share >= BY_FORM || named >= 0.5 && share >= BY_HEADER,
                () => named >= 0.5 && share >= BY_WEAK_FORM,
            };
            let divisions = *data_type == "cn_postcode" && self.divisions * 2 > self.sampled;
            (fits && !divisions).then_some((*data_type, share + named * 0.9, named >= 0.5))
        });
        scored.max_by(|first, second| first.1.total_cmp(&second.1)).map(|(data_type, _, named)| (data_type, named))
    }

    fn are_births(&self) -> bool {
        let mut years = self.years.clone();
        years.sort_unstable();
        let at = |share: usize| years.get(years.len() * share / 100).copied().unwrap_or(0);
        !years.is_empty() && at(50) < BIRTHS_BEFORE && at(90).saturating_sub(at(10)) >= BIRTHS_SPREAD
    }
}

/// Whether a type that the scan found in whole values needs no header: its structure or check digit tells.
fn scanned_tells(data_type: &str) -> bool {
    const TELLING: &[&str] = &[
        "email",
        "url",
        "ip_address",
        "mac_address",
        "gps_coordinates",
        "cn_real_estate_unit",
        "cn_real_estate_certificate",
        "cn_project_code",
        "cn_court_case",
        "cn_student_number",
        "cn_disability_certificate",
        "iban",
        "passport_mrz",
        "secret",
        "us_ssn",
        "phone_international",
        "iccid",
    ];
    TELLING.contains(&data_type)
}

/// All places below a length, in an order of which every part is spread over the whole.
fn spread(length: usize) -> impl Iterator<Item = usize> {
    const STRIDES: [usize; 4] = [101, 97, 89, 83];
    let stride = STRIDES.into_iter().find(|stride| !length.is_multiple_of(*stride)).unwrap_or(1);
    (0..length).map(move |index| index * stride % length)
}

/// Lower end of Wilson's score interval at 95 % (E. B. Wilson, 1927).
fn wilson_lower(hits: usize, all: usize) -> f64 {
    const Z: f64 = 1.96;
    let (n, share) = (all.max(1) as f64, hits as f64 / all.max(1) as f64);
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - spread) / (1.0 + Z * Z / n)).max(0.0)
}

#[cfg(test)]
mod tests {
    use crate::{Engine, EngineSettings, Rules};

    #[test]
    fn dirty_columns_are_typed() {
        let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
        let values = ["13800138000", "无", "139 0000 1111", "", "13700137000", "待补充", "13600136000"];
        let profile = engine.profile_column("F3", &values);
        assert_eq!((profile.data_type, profile.sampled), (Some("cn_mobile"), 4));
        assert_eq!(engine.profile_column("备注", &["按时办理", "已归档"]).data_type, None);
        let notes = engine.profile_column("备注", &["已电话联系，号码13800138000，明日上门办理相关手续"]);
        assert_eq!((notes.data_type, notes.inside.as_slice()), (None, ["cn_mobile"].as_slice()));
    }
}
