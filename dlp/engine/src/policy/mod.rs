//! Masking policies: role × purpose × type or grade → masking function. Data in `rules/masking`.

use fengsui_schema::DataGrade;

use crate::mask::{Mask, MaskParameters, mask};
use crate::risk::RiskSettings;
use crate::{Engine, EngineError};

mod marks;
mod text;

pub use marks::{MarkSettings, Tolerance};
pub use text::TextMasker;

/// Policies that come with the product, by file name.
pub const EMBEDDED_POLICIES: &[(&str, &str)] = &[
    ("share-standard.toml", include_str!("../../../../rules/masking/share-standard.toml")),
    ("test-data.toml", include_str!("../../../../rules/masking/test-data.toml")),
    ("statistics.toml", include_str!("../../../../rules/masking/statistics.toml")),
];

/// A masking policy. The first rule that fits a value decides.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Stable id.
    pub id: String,
    /// Title in Chinese.
    pub title: String,
    /// Version, a date.
    pub version: String,
    /// Function for sensitive values no rule fits.
    #[serde(default = "redact")]
    pub otherwise: String,
    #[serde(default)]
    rule: Vec<PolicyRule>,
    /// Types of columns that are known, whatever their values look like.
    #[serde(default)]
    column: Vec<ColumnType>,
    /// How copies are marked.
    #[serde(default)]
    pub marks: MarkSettings,
    /// What the risk of re-identification is measured over.
    #[serde(default)]
    pub risk: RiskSettings,
}

/// Columns whose type the steward knows.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnType {
    names: Vec<String>,
    #[serde(rename = "type")]
    data_type: String,
}

fn redact() -> String {
    "redact".to_owned()
}

/// One rule; an empty list fits everything.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyRule {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    purposes: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    grades: Vec<DataGrade>,
    #[serde(default)]
    columns: Vec<String>,
    mask: String,
    #[serde(default)]
    parameters: MaskParameters,
}

/// Who gets data and what for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Role of the recipient.
    pub role: String,
    /// Purpose of the use.
    pub purpose: String,
}

/// The function a policy chose and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Step<'p> {
    /// The function.
    pub mask: &'static Mask,
    /// Its parameters.
    pub parameters: &'p MaskParameters,
}

static DEFAULTS: std::sync::LazyLock<MaskParameters> = std::sync::LazyLock::new(MaskParameters::default);

impl Policy {
    /// Reads a policy and checks that its functions exist.
    ///
    /// # Errors
    /// When the text is no policy, or names a function or type that does not exist.
    pub fn parse(file: &str, text: &str) -> Result<Self, EngineError> {
        let policy: Self = toml::from_str(text)
            .map_err(|error| EngineError::Rule { file: file.to_owned(), reason: error.message().to_owned() })?;
        mask(&policy.otherwise)?;
        let known = Engine::data_types();
        for rule in &policy.rule {
            mask(&rule.mask)?;
        }
        let named = policy.rule.iter().flat_map(|rule| &rule.types);
        let mut named = named.chain(policy.column.iter().map(|column| &column.data_type));
        if let Some(name) = named.find(|name| !known.iter().any(|(known, _)| known == name)) {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let name = fengsui_schema::shown(name).to_string();
            return Err(EngineError::Unknown { kind: "data type", name, known: names.join(", ") });
        }
        policy.marks.check(file)?;
        Ok(policy)
    }

    /// The type the policy says a column has.
    #[must_use]
    pub fn type_of_column(&self, column: &str) -> Option<&'static str> {
        let named = self.column.iter().find(|known| known.names.iter().any(|name| name == column))?;
        Engine::data_types().into_iter().map(|(name, _)| name).find(|name| *name == named.data_type)
    }

    /// Columns the policy names that are none of these: mistyped, or of another table.
    #[must_use]
    pub fn missing_columns(&self, columns: &[&str]) -> Vec<&str> {
        let named = self.rule.iter().flat_map(|rule| &rule.columns);
        let named = named.chain(self.column.iter().flat_map(|column| &column.names)).chain(&self.marks.without);
        let mut missing: Vec<&str> = named.map(String::as_str).filter(|name| !columns.contains(name)).collect();
        missing.retain(|name| *name != "*");
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The function of a column that a rule names, for columns of no known type.
    ///
    /// # Errors
    /// Never for a policy that was parsed.
    pub fn step_of_column(&self, access: &Access, column: &str) -> Result<Option<Step<'_>>, EngineError> {
        let named = |rule: &&PolicyRule| {
            rule.columns.iter().any(|name| name == column)
                && rule.types.is_empty()
                && rule.grades.is_empty()
                && fits(&rule.roles, &access.role)
                && fits(&rule.purposes, &access.purpose)
        };
        let Some(rule) = self.rule.iter().find(named) else { return Ok(None) };
        Ok(Some(Step { mask: mask(&rule.mask)?, parameters: &rule.parameters }))
    }

    /// The function for values of a type and grade in a column.
    ///
    /// # Errors
    /// Never for a policy that was parsed; the names were checked then.
    pub fn step(
        &self,
        access: &Access,
        data_type: &str,
        grade: DataGrade,
        column: &str,
    ) -> Result<Step<'_>, EngineError> {
        let rule = self.rule.iter().find(|rule| {
            fits(&rule.roles, &access.role)
                && fits(&rule.purposes, &access.purpose)
                && fits(&rule.types, data_type)
                && fits(&rule.columns, column)
                && (rule.grades.is_empty() || rule.grades.contains(&grade))
        });
        match rule {
            Some(rule) => Ok(Step { mask: mask(&rule.mask)?, parameters: &rule.parameters }),
            None => Ok(Step { mask: mask(&self.otherwise)?, parameters: &DEFAULTS }),
        }
    }
}

/// An empty list and a star fit everything.
fn fits(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|known| known == "*" || known == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_policies_parse() {
        for (file, text) in EMBEDDED_POLICIES {
            let policy = Policy::parse(file, text).expect("is sound");
            assert_eq!(format!("{}.toml", policy.id), *file);
        }
    }

    #[test]
    fn rules_and_types_name_columns() {
        let text = "id='p'\ntitle='t'\nversion='1'\n[[rule]]\ncolumns=['amount']\nroles=['auditor']\nmask='noise'\n[[column]]\nnames=['no']\ntype='cn_mobile'";
        let policy = Policy::parse("p", text).expect("is sound");
        let auditor = Access { role: "auditor".to_owned(), purpose: String::new() };
        let step = |access, column| policy.step_of_column(access, column).expect("is sound").map(|step| step.mask.name);
        assert_eq!(step(&auditor, "amount"), Some("noise"));
        assert_eq!((step(&auditor, "other"), step(&Access::default(), "amount")), (None, None));
        assert_eq!((policy.type_of_column("no"), policy.type_of_column("x")), (Some("cn_mobile"), None));
    }

    #[test]
    fn unknown_functions_are_refused() {
        let text = "id='p'\ntitle='t'\nversion='1'\n[[rule]]\nmask='nothing'";
        assert!(Policy::parse("p", text).expect_err("is refused").to_string().contains("redact"));
    }
}
