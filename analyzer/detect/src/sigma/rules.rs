//! The Sigma rules of a bundle and what they say about an event.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use fengsui_schema::{AlertSource, Condition, Event, RuleReference, Severity, Technique};
use rsigma_eval::{Engine, EvaluationResult, MatchDetailLevel};
use rsigma_parser::{CorrelationRule, FilterRule, Level, SigmaRule};

use super::admission::{Admission, admit_text};
use super::correlation::{CorrelationDefinition, correlation_key};
use super::filters::{self, RuleNames};
use super::logsource::{Route, Router, Source};
use super::repair::{self, Placeholders};
use super::{EventView, pipeline};
use crate::alerting::{Verdict, ends};
use crate::text::{cut, shown_value};
use crate::{RuleFailure, limits, techniques};

/// What is shown of a rule when it fires.
#[derive(Debug, Clone)]
pub(crate) struct RuleCard {
    pub(crate) reference: RuleReference,
    pub(crate) severity: Severity,
    pub(crate) techniques: Vec<Technique>,
    pub(crate) tags: Vec<String>,
    pub(crate) level: Option<Level>,
    /// Whether hits are alerts by themselves; false for rules that only feed correlations.
    pub(crate) alerts: bool,
}

/// A rule that matched an event.
#[derive(Debug, Clone)]
pub(crate) struct SigmaHit {
    /// The rule's id, or its title when it has none.
    pub(crate) key: String,
    pub(crate) card: Arc<RuleCard>,
    pub(crate) conditions: Vec<Condition>,
}

/// Every Sigma rule of a bundle, compiled: one engine per log source, so that an event meets only rules written for it.
#[derive(Default)]
pub(crate) struct SigmaRules {
    engines: Vec<Engine>,
    router: Router,
    /// The engines of every row of the router.
    routes: Vec<Vec<usize>>,
    cards: HashMap<String, Arc<RuleCard>>,
}

impl fmt::Debug for SigmaRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigmaRules").field("rules", &self.cards.len()).finish_non_exhaustive()
    }
}

impl SigmaRules {
    /// The rules that match an event, each once, in the order of their ids.
    pub(crate) fn evaluate(&self, event: &Event) -> Vec<SigmaHit> {
        if self.cards.is_empty() {
            return Vec::new();
        }
        let view = EventView::new(event);
        let mut results: Vec<EvaluationResult> = match self.router.route(event) {
            Route::Row(row) => {
                let engines = self.routes.get(row).into_iter().flatten().filter_map(|index| self.engines.get(*index));
                engines.flat_map(|engine| engine.evaluate(&view)).collect()
            }
            Route::Unknown => self.engines.iter().flat_map(|engine| engine.evaluate(&view)).collect(),
        };
        results.sort_by(|one, other| key(one).cmp(key(other)));
        results.dedup_by(|one, other| key(one) == key(other));
        results.iter().filter_map(|result| self.hit(result)).collect()
    }

    fn hit(&self, result: &EvaluationResult) -> Option<SigmaHit> {
        let card = Arc::clone(self.cards.get(key(result))?);
        let body = result.as_detection()?;
        let conditions = body.matched_fields.iter().take(limits::CONDITIONS).map(|found| Condition {
            condition: match &found.pattern {
                Some(pattern) => format!("{}: {}", found.field, cut(pattern, limits::CONDITION_BYTES)),
                None => found.field.clone(),
            },
            field: found.field.clone(),
            value: shown_value(&found.value, limits::CONDITION_BYTES),
        });
        Some(SigmaHit { key: key(result).to_owned(), card, conditions: conditions.collect() })
    }
}

impl SigmaHit {
    /// What the hit says.
    pub(crate) fn verdict(self, event: &Event) -> Verdict {
        let (source, target) = ends(event);
        let title = self.card.reference.title_zh.as_deref().unwrap_or(&self.card.reference.title);
        Verdict {
            source: AlertSource::Sigma,
            summary_zh: format!("{title}：{source} → {target}"),
            summary_en: format!("{}: {source} → {target}", self.card.reference.title),
            rule: self.card.reference.clone(),
            severity: self.card.severity,
            conditions: self.conditions,
            techniques: self.card.techniques.clone(),
        }
    }
}

/// A rule's id, or its title when it has none.
fn key(result: &EvaluationResult) -> &str {
    result.header.rule_id.as_deref().unwrap_or(&result.header.rule_title)
}

/// Collects Sigma files and compiles them together.
#[derive(Default)]
pub(crate) struct SigmaLoader {
    rules: Vec<LoadedRule>,
    filters: Vec<(String, FilterRule)>,
    correlations: Vec<(String, CorrelationRule)>,
    placeholders: Placeholders,
    failures: Vec<RuleFailure>,
}

/// A rule with its file and, when it stands alone there, the file's text.
struct LoadedRule {
    file: String,
    rule: SigmaRule,
    text: Option<String>,
}

impl fmt::Debug for SigmaLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigmaLoader").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// Sigma rules with what else their files held.
pub(crate) struct LoadedSigma {
    pub(crate) rules: SigmaRules,
    pub(crate) rule_count: usize,
    pub(crate) filter_count: usize,
    pub(crate) correlations: Vec<CorrelationDefinition>,
    pub(crate) failures: Vec<RuleFailure>,
}

impl SigmaLoader {
    /// Takes one file of one or more documents.
    pub(crate) fn add(&mut self, file: &str, text: &str) {
        if text.len() > limits::SIGMA_FILE_BYTES {
            return self.fail(file, format!("file has {} bytes, more than {}", text.len(), limits::SIGMA_FILE_BYTES));
        }
        if let Some(values) = pipeline::placeholders(text) {
            return self.placeholders.extend(values);
        }
        if let Err(reason) = admit_text(text) {
            return self.fail(file, reason);
        }
        let mut collection = match rsigma_parser::parse_sigma_yaml(text) {
            Ok(collection) => collection,
            Err(error) => return self.fail(file, error.to_string()),
        };
        let errors = std::mem::take(&mut collection.errors);
        if collection.is_empty() && errors.is_empty() {
            return self.fail(file, "file holds no rule".to_owned());
        }
        errors.into_iter().for_each(|reason| self.fail(file, reason));
        let only = collection.len() == 1;
        for rule in collection.rules {
            let text = only.then(|| cut(text, limits::RULE_TEXT_BYTES).to_owned());
            self.rules.push(LoadedRule { file: file.to_owned(), rule, text });
        }
        self.filters.extend(collection.filters.into_iter().map(|filter| (file.to_owned(), filter)));
        self.correlations.extend(collection.correlations.into_iter().map(|rule| (file.to_owned(), rule)));
    }

    fn fail(&mut self, file: &str, reason: String) {
        self.failures.push(RuleFailure { file: file.to_owned(), reason });
    }

    /// Compiles everything. Rules that only feed correlations raise no alerts of their own.
    pub(crate) fn finish(mut self) -> LoadedSigma {
        self.drop_repeated_ids();
        let mut admission = Admission::default();
        self.admit_rules(&mut admission);
        let filter_count = self.apply_filters(&mut admission);
        let mut groups: Vec<(Source, Vec<LoadedRule>)> = Vec::new();
        let mut places: HashMap<Source, usize> = HashMap::new();
        for loaded in std::mem::take(&mut self.rules) {
            let source = Source::of_rule(&loaded.rule.logsource);
            let place = *places.entry(source.clone()).or_insert_with(|| {
                groups.push((source, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(loaded);
        }
        let (mut cards, mut names) = (HashMap::new(), HashMap::new());
        let (mut engines, mut sources) = (Vec::new(), Vec::new());
        for (source, rules) in groups {
            engines.push(self.compile(rules, &mut cards, &mut names));
            sources.push(source);
        }
        let router = Router::built_in().unwrap_or_else(|reason| {
            self.fail("log sources", reason);
            Router::default()
        });
        let engines_of =
            |row: usize| (0..sources.len()).filter(|index| router.row_has(row, &sources[*index])).collect();
        let routes = (0..router.rows()).map(engines_of).collect();
        let correlations = self.correlations(&names);
        LoadedSigma {
            rule_count: cards.len(),
            rules: SigmaRules { engines, router, routes, cards },
            filter_count,
            correlations,
            failures: self.failures,
        }
    }

    /// Refuses rules of a size that nobody writes, and repairs the others.
    fn admit_rules(&mut self, admission: &mut Admission) {
        let mut refused = Vec::new();
        let placeholders = std::mem::take(&mut self.placeholders);
        self.rules.retain_mut(|loaded| match admission.admit(&loaded.rule.detection) {
            Ok(()) => {
                repair::repair(&mut loaded.rule.detection, &placeholders);
                true
            }
            Err(reason) => {
                let title = fengsui_schema::shown(&loaded.rule.title).to_string();
                refused.push((loaded.file.clone(), format!("rule {title}: {reason}")));
                false
            }
        });
        self.placeholders = placeholders;
        refused.into_iter().for_each(|(file, reason)| self.fail(&file, reason));
    }

    /// Writes the filters into the rules they name; how many were.
    fn apply_filters(&mut self, admission: &mut Admission) -> usize {
        let names = RuleNames::of(self.rules.iter().map(|loaded| &loaded.rule));
        let mut count = 0;
        for (number, (file, mut filter)) in std::mem::take(&mut self.filters).into_iter().enumerate() {
            let admitted = if number < limits::SIGMA_FILTERS {
                admission.admit(&filter.detection)
            } else {
                Err(format!("bundle holds more than {} filters", limits::SIGMA_FILTERS))
            };
            match admitted.and_then(|()| names.targets(&filter, self.rules.len())) {
                Ok(targets) => {
                    repair::repair(&mut filter.detection, &self.placeholders);
                    let targets = targets.into_iter();
                    targets.for_each(|index| filters::apply(&filter, number, &mut self.rules[index].rule));
                    count += 1;
                }
                Err(reason) => self.fail(&file, reason),
            }
        }
        count
    }

    /// The engine of the rules of one log source.
    fn compile(
        &mut self,
        rules: Vec<LoadedRule>,
        cards: &mut HashMap<String, Arc<RuleCard>>,
        names: &mut HashMap<String, String>,
    ) -> Engine {
        let mut engine = Engine::new();
        engine.set_match_detail(MatchDetailLevel::Full);
        let failed: HashMap<usize, String> = engine
            .add_rules(rules.iter().map(|loaded| &loaded.rule))
            .into_iter()
            .map(|(index, error)| (index, error.to_string()))
            .collect();
        for (index, LoadedRule { file, rule, text }) in rules.into_iter().enumerate() {
            if let Some(reason) = failed.get(&index) {
                self.fail(&file, reason.clone());
                continue;
            }
            let alerts = self.alerts_alone(&rule);
            let all = [rule.id.as_ref(), rule.name.as_ref(), Some(&rule.title)];
            names.extend(all.into_iter().flatten().map(|name| (name.clone(), rule_key(&rule).to_owned())));
            cards.insert(rule_key(&rule).to_owned(), Arc::new(card(&rule, text, alerts)));
        }
        engine
    }

    /// The correlations whose rules all exist; one correlation may use another.
    fn correlations(&mut self, names: &HashMap<String, String>) -> Vec<CorrelationDefinition> {
        let loaded = std::mem::take(&mut self.correlations);
        let mut names = names.clone();
        for (_, rule) in &loaded {
            let key = correlation_key(rule).to_owned();
            let all = [rule.id.as_ref(), rule.name.as_ref(), Some(&rule.title)];
            names.extend(all.into_iter().flatten().map(|name| (name.clone(), key.clone())));
        }
        let mut definitions = Vec::new();
        for (file, rule) in loaded {
            match CorrelationDefinition::new(&rule, &|name| names.get(name).cloned()) {
                Ok(definition) => definitions.push(definition),
                Err(reason) => {
                    self.fail(&file, format!("correlation {}: {reason}", fengsui_schema::shown(&rule.title)))
                }
            }
        }
        definitions
    }

    fn drop_repeated_ids(&mut self) {
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut repeated = Vec::new();
        self.rules.retain(|LoadedRule { file, rule, .. }| match seen.get(rule_key(rule)) {
            Some(first) => {
                repeated.push((
                    file.clone(),
                    format!("rule {} is already in {first}", fengsui_schema::shown(rule_key(rule))),
                ));
                false
            }
            None => {
                seen.insert(rule_key(rule).to_owned(), file.clone());
                true
            }
        });
        repeated.into_iter().for_each(|(file, reason)| self.fail(&file, reason));
    }

    /// Whether no correlation uses the rule, or one that says that its rules alert as well.
    fn alerts_alone(&self, rule: &SigmaRule) -> bool {
        let names = [rule.id.as_deref(), rule.name.as_deref(), Some(rule.title.as_str())];
        let mut users = self
            .correlations
            .iter()
            .filter(|(_, user)| user.rules.iter().any(|name| names.contains(&Some(name.as_str()))))
            .peekable();
        users.peek().is_none() || users.any(|(_, user)| user.generate)
    }
}

fn rule_key(rule: &SigmaRule) -> &str {
    rule.id.as_deref().unwrap_or(&rule.title)
}

fn card(rule: &SigmaRule, text: Option<String>, alerts: bool) -> RuleCard {
    let title_zh = rule.custom_attributes.get("title_zh").and_then(|value| value.as_str()).map(str::to_owned);
    let reference = RuleReference {
        id: format!("sigma:{}", rule_key(rule)),
        title: rule.title.clone(),
        title_zh,
        text,
        revision: None,
        category: rule.logsource.category.clone().or_else(|| rule.logsource.service.clone()),
        references: rule.references.clone(),
    };
    RuleCard {
        reference,
        severity: severity(rule.level),
        techniques: techniques::of_tags(rule.tags.iter().map(String::as_str)),
        tags: rule.tags.clone(),
        level: rule.level,
        alerts,
    }
}

/// A rule without a level counts as medium.
pub(crate) fn severity(level: Option<Level>) -> Severity {
    level.map_or(Severity::Medium, |level| Severity::from_word(level.as_str()).unwrap_or(Severity::Medium))
}
