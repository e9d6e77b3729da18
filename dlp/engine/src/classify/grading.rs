//! Grades by a template: data in `rules/dlp/<template>.toml`, each rule with the article it cites.

use std::collections::BTreeMap;

use fengsui_schema::{DataGrade, FindingSample, shown};

use crate::{EngineError, Rules};

/// Templates that come with the product, by file name.
const EMBEDDED: &[(&str, &str)] = &[
    ("gbt-43697-2024.toml", include_str!("../../../../rules/dlp/gbt-43697-2024.toml")),
    ("gbt-45574-2025.toml", include_str!("../../../../rules/dlp/gbt-45574-2025.toml")),
    ("gbt-35273-2020.toml", include_str!("../../../../rules/dlp/gbt-35273-2020.toml")),
    ("db52t-1123-2016.toml", include_str!("../../../../rules/dlp/db52t-1123-2016.toml")),
    ("db33t-2351-2021.toml", include_str!("../../../../rules/dlp/db33t-2351-2021.toml")),
];

/// A grading template: which type has which category and grade, and how quantity and combination raise it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stable id, the file name without `.toml`.
    pub id: String,
    /// Title of the standard with its number.
    pub title: String,
    /// Version of the template, a date.
    pub version: String,
    /// Grade and article of types no rule names.
    default: Rule,
    rule: Vec<Rule>,
    #[serde(default)]
    combination: Vec<Combination>,
    #[serde(default)]
    quantity: Vec<Quantity>,
    /// What masking makes of a grade; the first that names the function.
    #[serde(default)]
    derived: Vec<Derived>,
    /// What the standard itself calls the grades of GB/T 43697: `level1 = "非敏感数据"`.
    #[serde(default)]
    crosswalk: BTreeMap<String, String>,
    #[serde(skip)]
    by_type: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    types: Vec<String>,
    category: String,
    grade: DataGrade,
    article: String,
    /// Whether the data is sensitive personal information.
    #[serde(default)]
    sensitive: bool,
    /// Whether the data is personal information.
    #[serde(default)]
    personal: bool,
}

/// Types that together are worth more than each alone.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Combination {
    /// At least one of each list must be there.
    each: Vec<Vec<String>>,
    grade: DataGrade,
    article: String,
}

/// A number of values from which the grade rises.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Quantity {
    at_least: u64,
    /// Count sensitive personal information only.
    #[serde(default)]
    sensitive_only: bool,
    grade: DataGrade,
    article: String,
}

/// What the values of a column are worth when a masking function has made others of them.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Derived {
    functions: Vec<String>,
    /// Grade of the result, unless the original has a lower one.
    grade: DataGrade,
    /// Whether the result is at most one grade below the original.
    #[serde(default)]
    one_below: bool,
    article: String,
}

impl Template {
    /// The template of an id among the rule files and the embedded ones.
    ///
    /// # Errors
    /// When there is none, or its file is malformed.
    pub fn choose(id: &str, rules: &Rules) -> Result<Self, EngineError> {
        let file = format!("{id}.toml");
        let embedded = || EMBEDDED.iter().find(|(name, _)| *name == file).map(|(_, text)| *text);
        let text = rules.overrides.get(&file).map(String::as_str).or_else(embedded);
        let known = || EMBEDDED.iter().map(|(name, _)| name.trim_end_matches(".toml")).collect::<Vec<_>>().join(", ");
        let text = text.ok_or_else(|| EngineError::Unknown {
            kind: "grading template",
            name: shown(id).to_string(),
            known: known(),
        })?;
        Self::parse(&file, text)
    }

    /// Reads a template.
    ///
    /// # Errors
    /// When the text is no template.
    pub fn parse(file: &str, text: &str) -> Result<Self, EngineError> {
        let mut template: Self = toml::from_str(text)
            .map_err(|error| EngineError::Rule { file: file.to_owned(), reason: error.message().to_owned() })?;
        for (index, rule) in template.rule.iter().enumerate() {
            template.by_type.extend(rule.types.iter().map(|name| (name.clone(), index)));
        }
        Ok(template)
    }

    fn rule_of(&self, data_type: &str) -> &Rule {
        self.by_type.get(data_type).map_or(&self.default, |index| &self.rule[*index])
    }

    /// Category and grade of one type.
    #[must_use]
    pub fn of_type(&self, data_type: &str) -> (&str, DataGrade) {
        let rule = self.rule_of(data_type);
        (&rule.category, rule.grade)
    }

    /// The grade of what a masking function makes of data of a grade, and why; the same grade where no rule names the
    /// function.
    #[must_use]
    pub fn derived(&self, original: DataGrade, function: &str) -> (DataGrade, String) {
        let Some(rule) = self.derived.iter().find(|rule| rule.functions.iter().any(|name| name == function)) else {
            return (original, "原值保留，级别不变".to_owned());
        };
        let least = if rule.one_below { one_below(original) } else { DataGrade::Level1 };
        let grade = rule.grade.max(least).min(original);
        (grade, format!("{}：{}", self.title, rule.article))
    }

    /// What the standard of the template calls a grade; `None` where it uses the grades of GB/T 43697.
    #[must_use]
    pub fn local_name(&self, grade: DataGrade) -> Option<&str> {
        let key = match grade {
            DataGrade::Level1 => "level1",
            DataGrade::Level2 => "level2",
            DataGrade::Level3 => "level3",
            DataGrade::Level4 => "level4",
            DataGrade::Important => "important",
            DataGrade::Core => "core",
        };
        self.crosswalk.get(key).map(String::as_str)
    }

    /// The grade of samples found together and what it is based on; `None` without samples.
    #[must_use]
    pub fn grade(&self, samples: &[FindingSample]) -> Option<(DataGrade, String)> {
        let highest = samples
            .iter()
            .map(|sample| (self.rule_of(&sample.data_type), sample))
            .max_by_key(|(rule, _)| rule.grade)?;
        let (rule, sample) = highest;
        let mut grade = rule.grade;
        let mut basis = format!("{}，{}：{}属于{}", self.title, rule.article, sample.data_type, rule.category);
        for (raised, article) in self.combined(samples).chain(self.numerous(samples)) {
            if raised > grade {
                grade = raised;
                basis = format!("{basis}；{article}");
            }
        }
        Some((grade, basis))
    }

    fn combined<'a>(&'a self, samples: &'a [FindingSample]) -> impl Iterator<Item = (DataGrade, &'a str)> {
        let present = |names: &Vec<String>| samples.iter().any(|sample| names.contains(&sample.data_type));
        self.combination
            .iter()
            .filter(move |rule| rule.each.iter().all(present))
            .map(|rule| (rule.grade, rule.article.as_str()))
    }

    fn numerous<'a>(&'a self, samples: &'a [FindingSample]) -> impl Iterator<Item = (DataGrade, &'a str)> {
        let count = |sensitive_only: bool| {
            let counted = samples.iter().filter(|sample| {
                let rule = self.rule_of(&sample.data_type);
                rule.sensitive || rule.personal && !sensitive_only
            });
            counted.map(|sample| sample.count).max().unwrap_or(0)
        };
        let exceeded = move |rule: &&Quantity| count(rule.sensitive_only) >= rule.at_least;
        self.quantity.iter().filter(exceeded).map(|rule| (rule.grade, rule.article.as_str()))
    }
}

const fn one_below(grade: DataGrade) -> DataGrade {
    match grade {
        DataGrade::Core => DataGrade::Important,
        DataGrade::Important => DataGrade::Level4,
        DataGrade::Level4 => DataGrade::Level3,
        DataGrade::Level3 => DataGrade::Level2,
        DataGrade::Level2 | DataGrade::Level1 => DataGrade::Level1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(data_type: &str, count: u64) -> FindingSample {
        FindingSample {
            data_type: data_type.to_owned(),
            count,
            confidence: 90,
            masked: Vec::new(),
            explanation: String::new(),
        }
    }

    fn template(id: &str) -> Template {
        Template::choose(id, &Rules::default()).expect("is embedded")
    }

    #[test]
    fn embedded_templates_name_only_known_types() {
        let known = crate::Engine::data_types();
        for (file, text) in EMBEDDED {
            let template = Template::parse(file, text).expect("parses");
            assert_eq!(format!("{}.toml", template.id), *file);
            let all = template.rule.iter().flat_map(|rule| &rule.types);
            let combined = template.combination.iter().flat_map(|rule| rule.each.iter().flatten());
            for name in all.chain(combined) {
                assert!(known.iter().any(|(known, _)| known == name), "{file}: {name}");
            }
        }
    }

    #[test]
    fn sensitive_information_is_at_least_level_four() {
        let (grade, basis) = template("gbt-43697-2024").grade(&[sample("medical_condition", 1)]).expect("has samples");
        assert!(grade >= DataGrade::Level4 && basis.contains("43697"));
    }

    #[test]
    fn what_masking_makes_of_a_grade() {
        for (file, text) in EMBEDDED {
            let template = Template::parse(file, text).expect("parses");
            for function in template.derived.iter().flat_map(|rule| &rule.functions) {
                assert!(crate::mask::mask(function).is_ok(), "{file}: {function}");
            }
            for mask in crate::mask::MASKS {
                let named = template.derived.iter().any(|rule| rule.functions.iter().any(|name| name == mask.name));
                assert!(named || mask.name == "keep", "{file} says nothing of {}", mask.name);
            }
        }
        let template = template("gbt-43697-2024");
        let derived = |grade, function| template.derived(grade, function).0;
        assert_eq!(derived(DataGrade::Level4, "ff1"), DataGrade::Level2);
        assert_eq!(derived(DataGrade::Level4, "partial"), DataGrade::Level3);
        assert_eq!(derived(DataGrade::Level4, "redact"), DataGrade::Level1);
        assert_eq!(derived(DataGrade::Level1, "ff1"), DataGrade::Level1);
        assert_eq!(derived(DataGrade::Level3, "keep"), DataGrade::Level3);
        assert!(template.derived(DataGrade::Level4, "ff1").1.contains("43697"));
    }

    #[test]
    fn combination_and_quantity_raise_the_grade() {
        let template = template("gbt-43697-2024");
        let alone = template.grade(&[sample("person_name", 1)]).expect("has samples").0;
        let together = template.grade(&[sample("person_name", 1), sample("cn_resident_id", 1)]).expect("has samples").0;
        let many = template.grade(&[sample("cn_resident_id", 2_000_000)]).expect("has samples").0;
        assert!(alone < together && together < many);
        assert_eq!(template.grade(&[]), None);
    }
}
