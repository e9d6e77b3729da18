//! Masking policies: role × purpose × type or grade → masking function. Data in `rules/masking`.

use fengsui_schema::DataGrade;

use crate::mask::{Mask, MaskInput, MaskKey, MaskParameters, mask};
use crate::{Engine, EngineError};

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
    rule: Vec<PolicyRule>,
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
            if let Some(name) = rule.types.iter().find(|name| !known.iter().any(|(known, _)| known == name)) {
                let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                let name = fengsui_schema::shown(name).to_string();
                return Err(EngineError::Unknown { kind: "data type", name, known: names.join(", ") });
            }
        }
        Ok(policy)
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
        let fits =
            |list: &[String], value: &str| list.is_empty() || list.iter().any(|known| known == "*" || known == value);
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

    /// Masks the sensitive values inside running text and leaves the rest.
    ///
    /// # Errors
    /// Never for a parsed policy; a value its function can't work on is redacted.
    pub fn mask_text(
        &self,
        engine: &Engine,
        access: &Access,
        key: &MaskKey,
        text: &str,
        column: &str,
    ) -> Result<String, EngineError> {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in engine.scan_value(text, column) {
            if found.start < end {
                continue;
            }
            out.push_str(text.get(end..found.start).unwrap_or_default());
            let step = self.step(access, found.data_type, engine.grade_of_type(found.data_type).1, column)?;
            let value = text.get(found.start..found.end).unwrap_or_default();
            out.push_str(&step.masked(value, Some(found.data_type), key));
            end = found.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        Ok(out)
    }
}

impl Step<'_> {
    /// The masked value; one the function can't work on is redacted, so that no plain value passes.
    #[must_use]
    pub fn masked(&self, value: &str, data_type: Option<&str>, key: &MaskKey) -> String {
        // The type is the tweak: equal values of one type join across tables, a phone number never joins a card.
        let tweak = data_type.unwrap_or("value").as_bytes();
        let input = MaskInput { value, data_type, key, tweak, parameters: self.parameters };
        self.mask.apply(&input).unwrap_or_else(|_| "***".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineSettings, Rules};

    #[test]
    fn embedded_policies_parse() {
        for (file, text) in EMBEDDED_POLICIES {
            let policy = Policy::parse(file, text).expect("is sound");
            assert_eq!(format!("{}.toml", policy.id), *file);
        }
    }

    #[test]
    fn text_is_masked_in_place() {
        let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
        let policy =
            Policy::parse("p", "id='p'\ntitle='t'\nversion='1'\n[[rule]]\ntypes=['cn_mobile']\nmask='partial'")
                .expect("is sound");
        let key = MaskKey::new([1; 32]);
        let masked = policy
            .mask_text(&engine, &Access::default(), &key, "电话13800138000，邮箱a@example.com。", "")
            .expect("masks");
        assert_eq!(masked, "电话138******00，邮箱***。");
    }

    #[test]
    fn unknown_functions_are_refused() {
        let text = "id='p'\ntitle='t'\nversion='1'\n[[rule]]\nmask='nothing'";
        assert!(Policy::parse("p", text).expect_err("is refused").to_string().contains("redact"));
    }
}
