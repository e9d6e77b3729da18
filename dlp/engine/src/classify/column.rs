//! Which type a column of a table holds, from its header and a sample of its values.

use super::Engine;

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
}

/// Most values of a column that are sampled.
pub const COLUMN_SAMPLE: usize = 400;

impl Engine {
    /// Profiles a column. `values` are sampled evenly; empty ones do not count.
    #[must_use]
    pub fn profile_column(&self, header: &str, values: &[&str]) -> ColumnProfile {
        let filled: Vec<&str> = values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
        let step = filled.len().div_ceil(COLUMN_SAMPLE).max(1);
        let sample: Vec<&str> = filled.into_iter().step_by(step).collect();
        let mut whole: Vec<(&'static str, usize)> = Vec::new();
        let mut inside = Vec::new();
        for value in &sample {
            for found in self.scan_value(value, header) {
                let covers = (found.end - found.start) * 10 >= value.len() * 8;
                match whole.iter_mut().find(|(name, _)| *name == found.data_type) {
                    Some((_, count)) if covers => *count += 1,
                    None if covers => whole.push((found.data_type, 1)),
                    _ if !inside.contains(&found.data_type) => inside.push(found.data_type),
                    _ => {}
                }
            }
        }
        let best = whole.into_iter().max_by_key(|(_, count)| *count);
        let (count, at_least) = best.map_or((0, 0.0), |(_, count)| (count, wilson_lower(count, sample.len())));
        // A third of the values settles the type even in a dirty column; a small sample needs the header's help,
        // which scan_value gives through the context words.
        let data_type = best.filter(|(_, count)| at_least >= 0.3 || count * 2 >= sample.len()).map(|(name, _)| name);
        ColumnProfile {
            data_type,
            share: count as f64 / sample.len().max(1) as f64,
            at_least,
            sampled: sample.len(),
            inside,
        }
    }
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
        assert_eq!((profile.data_type, profile.sampled), (Some("cn_mobile"), 6));
        assert_eq!(engine.profile_column("备注", &["按时办理", "已归档"]).data_type, None);
        let notes = engine.profile_column("备注", &["已电话联系，号码13800138000，明日上门办理相关手续"]);
        assert_eq!((notes.data_type, notes.inside.as_slice()), (None, ["cn_mobile"].as_slice()));
    }
}
