//! The bundle of rules that events are looked at with.

use fengsui_schema::{Alert, Event, Finding};
use serde::Serialize;

use crate::indicators::{AllowedValues, Indicator, IndicatorSet, Place};
use crate::risk::GradingRules;
use crate::sigma::{CorrelationSet, SigmaLoader, SigmaRules};
use crate::{Suppression, data_protection, indicators, limits, signature, suppression};

/// A rule, list or file that did not load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFailure {
    /// The file it is in.
    pub file: String,
    /// Why it did not load.
    pub reason: String,
}

/// What a bundle holds and what did not load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// Sigma rules in force.
    pub sigma_rules: usize,
    /// Sigma correlations in force.
    pub sigma_correlations: usize,
    /// Sigma filters in force.
    pub sigma_filters: usize,
    /// Indicators in force.
    pub indicators: usize,
    /// What did not load.
    pub failures: Vec<RuleFailure>,
    /// SM3 of everything that was handed in, as 64 hexadecimal digits: names the bundle in reports.
    pub version: String,
}

/// A Sigma rule that matched, for `fengsui detect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigmaDetection {
    /// The rule's id, or its title when it has none.
    pub rule_id: String,
    /// The rule's title.
    pub title: String,
    /// The rule's level in Sigma's word; `null` when it names none.
    pub level: Option<String>,
    /// The rule's tags.
    pub tags: Vec<String>,
}

/// An immutable bundle of rules, made by [`DetectionBuilder`] and swapped as a whole.
#[derive(Debug, Default)]
pub struct Detection {
    sigma: SigmaRules,
    correlations: CorrelationSet,
    indicators: IndicatorSet,
    grading: GradingRules,
    suppressions: Vec<Suppression>,
    report: LoadReport,
}

impl Detection {
    /// What the bundle holds and what did not load.
    #[must_use]
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// The rules that propose grades.
    pub(crate) fn grading(&self) -> &GradingRules {
        &self.grading
    }

    /// The Sigma rules that match an event, those that only feed correlations included.
    #[must_use]
    pub fn sigma(&self, event: &Event) -> Vec<SigmaDetection> {
        let detection = |card: &crate::sigma::RuleCard| SigmaDetection {
            rule_id: card.reference.id.trim_start_matches("sigma:").to_owned(),
            title: card.reference.title.clone(),
            level: card.level.map(|level| level.as_str().to_owned()),
            tags: card.tags.clone(),
        };
        self.sigma.evaluate(event).iter().map(|hit| detection(&hit.card)).collect()
    }

    /// The alerts that Sigma rules and indicators raise on an event alone, as they would on its arrival; also those of rules
    /// that would only feed a correlation then. Without those that the event brings, and whatever suppressions hide.
    #[must_use]
    pub fn content_alerts(&self, event: &Event) -> Vec<Alert> {
        let mut alerts: Vec<Alert> =
            self.sigma.evaluate(event).into_iter().map(|hit| hit.verdict(event).alert(event)).collect();
        alerts.extend(self.indicator_alerts(event));
        alerts
    }

    fn indicator_alerts(&self, event: &Event) -> impl Iterator<Item = Alert> {
        self.indicators.matches(event).into_iter().map(|hit| hit.verdict(event).alert(event))
    }

    /// Titles of the Sigma correlations, which look at many events.
    pub fn correlation_titles(&self) -> impl Iterator<Item = &str> {
        self.correlations.titles()
    }

    /// Where the indicators may be found: no event without one of these has any. `None` when nothing less than every event
    /// will do, because there is a Sigma rule.
    #[must_use]
    pub fn places(&self) -> Option<Vec<Place>> {
        (self.report.sigma_rules == 0).then(|| self.indicators.places())
    }

    /// How often each indicator that was found in events was found, since the bundle was loaded: list, value, count.
    pub fn indicator_hits(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.indicators.hit_counts()
    }

    /// Whether ready-made alerts pass it as they are: no rule looks at them and no suppression hides any.
    #[must_use]
    pub fn is_triage_only(&self) -> bool {
        self.suppressions.is_empty() && self.indicators.len() == 0 && self.report.sigma_rules == 0
    }

    /// The suppression by which people decided not to see an alert.
    pub(crate) fn suppression(&self, alert: &Alert) -> Option<&Suppression> {
        self.suppressions.iter().find(|suppression| suppression.hides(alert))
    }

    /// The correlations over Sigma rules.
    pub(crate) fn correlations(&self) -> &CorrelationSet {
        &self.correlations
    }

    /// The keys of the Sigma rules that match an event.
    #[cfg(test)]
    pub(crate) fn sigma_keys(&self, event: &Event) -> Vec<String> {
        self.sigma.evaluate(event).into_iter().map(|hit| hit.key).collect()
    }

    /// What an event alone says: the finding it carries, the alerts it raises (its own, those of data protection, of
    /// Sigma rules and of indicators), and the Sigma rules it matches.
    pub(crate) fn single_event(&self, event: &Event) -> SingleEvent {
        let finding = data_protection::finding(event);
        let mut alerts: Vec<Alert> = signature::detect(event).into_iter().collect();
        alerts.extend(finding.as_ref().and_then(|finding| data_protection::detect(event, finding)));
        let hits = self.sigma.evaluate(event);
        let keys = hits.iter().map(|hit| hit.key.clone()).collect();
        alerts.extend(hits.into_iter().filter(|hit| hit.card.alerts).map(|hit| hit.verdict(event).alert(event)));
        alerts.extend(self.indicator_alerts(event));
        SingleEvent { finding, alerts, keys }
    }
}

/// What an event alone says.
pub(crate) struct SingleEvent {
    pub(crate) finding: Option<Finding>,
    pub(crate) alerts: Vec<Alert>,
    /// Keys of the Sigma rules it matches.
    pub(crate) keys: Vec<String>,
}

/// Collects rule texts and makes a [`Detection`] of them.
#[derive(Debug, Default)]
pub struct DetectionBuilder {
    sigma: SigmaLoader,
    indicators: Vec<Indicator>,
    allowed: AllowedValues,
    grading: GradingRules,
    suppressions: Vec<Suppression>,
    failures: Vec<RuleFailure>,
    digest: fengsui_crypto::Sm3,
}

impl DetectionBuilder {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the text of a Sigma file: rules, correlations and filters, one or more documents.
    pub fn add_sigma(&mut self, file: &str, text: &str) {
        self.take_in(text);
        self.sigma.add(file, text);
    }

    /// Takes a file of indicators: CSV (`type,value,severity,expires,description,description_zh,reference`), a STIX 2.1
    /// bundle or MISP events as JSON; or of values that are never indicators: a CSV list whose name begins with `allow`,
    /// or a MISP warning list.
    pub fn add_indicators(&mut self, file: &str, text: &str) {
        self.take_in(text);
        let parsed = indicators::read_indicators(file, text);
        parsed.failures.into_iter().for_each(|reason| self.fail(file, reason));
        self.allowed.extend(parsed.allowed);
        let mut indicators = parsed.indicators;
        let room = limits::INDICATORS.saturating_sub(self.indicators.len());
        if indicators.len() > room {
            self.fail(
                file,
                format!("{} indicators left out above the limit of {}", indicators.len() - room, limits::INDICATORS),
            );
            indicators.truncate(room);
        }
        self.indicators.extend(indicators);
    }

    /// Takes the rules that propose the grade of an incident, in TOML.
    pub fn set_grading(&mut self, file: &str, text: &str) {
        self.take_in(text);
        match GradingRules::parse(text) {
            Ok(rules) => self.grading = rules,
            Err(reason) => self.fail(file, reason),
        }
    }

    /// Takes suppressions, in TOML: a list of `[[suppression]]` (see [`Suppression`]).
    pub fn add_suppressions(&mut self, file: &str, text: &str) {
        self.take_in(text);
        match suppression::parse(text) {
            Ok(suppressions) => self.suppressions.extend(suppressions),
            Err(reason) => self.fail(file, reason),
        }
    }

    fn take_in(&mut self, text: &str) {
        self.digest.update(&(text.len() as u64).to_le_bytes());
        self.digest.update(text.as_bytes());
    }

    fn fail(&mut self, file: &str, reason: String) {
        self.failures.push(RuleFailure { file: file.to_owned(), reason });
    }

    /// The bundle, and what did not load.
    #[must_use]
    pub fn finish(mut self) -> (Detection, LoadReport) {
        let loaded = std::mem::take(&mut self.sigma).finish();
        let indicators = IndicatorSet::build(std::mem::take(&mut self.indicators), std::mem::take(&mut self.allowed))
            .unwrap_or_else(|reason| {
                self.fail("indicators", reason);
                IndicatorSet::default()
            });
        let mut failures = loaded.failures;
        let correlations = CorrelationSet::new(loaded.correlations);
        failures.append(&mut self.failures);
        let report = LoadReport {
            sigma_rules: loaded.rule_count,
            sigma_correlations: correlations.len(),
            sigma_filters: loaded.filter_count,
            indicators: indicators.len(),
            failures,
            version: hex::encode(self.digest.finish()),
        };
        (
            Detection {
                sigma: loaded.rules,
                correlations,
                indicators,
                grading: self.grading,
                suppressions: self.suppressions,
                report: report.clone(),
            },
            report,
        )
    }
}
