//! `fengsui dlp risk`: how easily the rows of a table are found to be a person's.

use std::io::Write;

use fengsui_dlp_engine::policy::Policy;
use fengsui_dlp_engine::risk::{Risk, RiskMeter, RiskSettings};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

use super::{Format, printable};
use crate::GatewayError;
use crate::database::{Address, open};
use crate::table::{Batch, Head, Source};

/// What is measured.
#[derive(Debug, Clone, Default)]
pub struct RiskOptions {
    /// A file, or a table of a database.
    pub target: String,
    /// Columns that others may know; by type when empty.
    pub quasi_identifiers: Vec<String>,
    /// Columns nobody must learn; by type when empty.
    pub sensitive: Vec<String>,
    /// Policy whose settings hold where none of the above is given.
    pub policy: Option<String>,
    /// Rows that must look alike at least.
    pub k: Option<u64>,
    /// Different sensitive values they must have at least.
    pub l: Option<u64>,
    /// How the report is written.
    pub format: Format,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// Types that others may know of a person.
const QUASI: &[&str] = &[
    "date_of_birth",
    "gender",
    "ethnicity",
    "age",
    "address",
    "cn_postcode",
    "education",
    "occupation",
    "marital_status",
    "nationality",
];
/// Types that name a person.
const DIRECT: &[&str] = &[
    "person_name",
    "cn_resident_id",
    "cn_mobile",
    "bank_card",
    "cn_passport",
    "email",
    "cn_driver_licence",
    "cn_social_security",
];
/// Types nobody must learn.
const SENSITIVE: &[&str] = &["medical_condition", "religion", "income", "criminal_record", "credit_record"];

/// Measures and reports. Returns 0 when the k and l asked for are reached, 1 when not.
///
/// # Errors
/// When the table can't be read or a column does not exist.
pub fn run(options: &RiskOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let engine = Engine::new(options.engine.clone(), &Rules::default())?;
    let policy = options.policy.as_deref().map(crate::sharing::policy).transpose()?;
    let settings = settings(options, policy.as_ref());
    let mut source = open(&Address::parse(&options.target)?)?;
    let head = source.next_table()?.unwrap_or_default();
    let (risk, quasi) = measure(&engine, &settings, &head, source.as_mut())?;
    match options.format {
        Format::Table => table(&risk, &quasi, &settings, out)?,
        Format::Json | Format::JsonLines => {
            writeln!(out, "{}", serde_json::to_string(&risk).map_err(std::io::Error::from)?)?
        }
    }
    Ok(u8::from(!risk.acceptable))
}

fn settings(options: &RiskOptions, policy: Option<&Policy>) -> RiskSettings {
    let mut settings = policy.map(|policy| policy.risk.clone()).unwrap_or_default();
    if !options.quasi_identifiers.is_empty() {
        settings.quasi_identifiers.clone_from(&options.quasi_identifiers);
    }
    if !options.sensitive.is_empty() {
        settings.sensitive.clone_from(&options.sensitive);
    }
    settings.k = options.k.unwrap_or(settings.k);
    settings.l = options.l.unwrap_or(settings.l);
    settings
}

/// The risk of a table and the quasi-identifiers it was measured over.
fn measure(
    engine: &Engine,
    settings: &RiskSettings,
    head: &Head,
    source: &mut dyn Source,
) -> Result<(Risk, Vec<String>), GatewayError> {
    let first = source.next_batch(crate::limits::SAMPLED_ROWS)?.unwrap_or_else(|| Batch::new(head.fields.len()));
    let types: Vec<Option<&'static str>> = head
        .fields
        .iter()
        .zip(&first.columns)
        .map(|(field, cells)| {
            let values: Vec<&str> = cells.iter().map(|(text, _)| text).collect();
            engine.profile_column(&field.name, &values).data_type
        })
        .collect();
    let chosen = |named: &[String], known: &[&str]| -> Result<Vec<usize>, GatewayError> {
        if named.is_empty() {
            let of_type = |index: &usize| types[*index].is_some_and(|data_type| known.contains(&data_type));
            return Ok((0..types.len()).filter(of_type).collect());
        }
        named.iter().map(|name| place(head, name)).collect()
    };
    let (quasi, sensitive) = (chosen(&settings.quasi_identifiers, QUASI)?, chosen(&settings.sensitive, SENSITIVE)?);
    let name = |places: &[usize]| places.iter().map(|place| head.fields[*place].name.clone()).collect::<Vec<_>>();
    if quasi.is_empty() {
        return Err(GatewayError::Usage(
            "no column is a quasi-identifier by its type; name them with --quasi".to_owned(),
        ));
    }
    let identified = types.iter().enumerate().any(|(index, data_type)| {
        !quasi.contains(&index) && data_type.is_some_and(|data_type| DIRECT.contains(&data_type))
    });
    let mut meter = RiskMeter::new(name(&sensitive));
    let mut next = Some(first);
    while let Some(batch) = next {
        for row in 0..batch.rows() {
            let cells =
                |places: &[usize]| places.iter().map(|place| batch.columns[*place].get(row).0).collect::<Vec<_>>();
            meter.add(&cells(&quasi), &cells(&sensitive))?;
        }
        next = source.next_batch(crate::job::BATCH_ROWS)?;
    }
    Ok((meter.risk(settings.k, settings.l, identified), name(&quasi)))
}

fn place(head: &Head, name: &str) -> Result<usize, GatewayError> {
    let found = head.fields.iter().position(|field| field.name == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = head.fields.iter().map(|field| field.name.as_str()).collect();
        GatewayError::Usage(format!(
            "there is no column {}; there are {}",
            fengsui_schema::shown(name),
            fengsui_schema::shown(&known.join(", "))
        ))
    })
}

fn table(risk: &Risk, quasi: &[String], settings: &RiskSettings, out: &mut dyn Write) -> Result<(), GatewayError> {
    writeln!(out, "准标识符：{}", printable(&quasi.join("、")))?;
    writeln!(out, "行数{}，等价类{}个，k = {}（要求{}）", risk.rows, risk.classes, risk.k, settings.k)?;
    writeln!(
        out,
        "唯一行{}，小于要求k的行{}（{:.2}%）",
        risk.unique_rows,
        risk.rows_below_k,
        risk.rows_below_k as f64 * 100.0 / risk.rows.max(1) as f64
    )?;
    writeln!(out, "重标识风险：最高{:.4}，平均{:.4}", risk.highest_risk, risk.average_risk)?;
    for (name, fewest) in &risk.l {
        writeln!(out, "敏感列{}：l = {fewest}（要求{}）", printable(name), settings.l)?;
    }
    let level = match risk.level {
        1 => "1级：含直接标识符，可直接识别个人",
        2 => "2级：已消除直接标识符，重标识风险高于阈值",
        _ => "3级：重标识风险低于阈值",
    };
    writeln!(out, "可识别程度（GB/T 42460-2023）{level}")?;
    writeln!(out, "{}", if risk.acceptable { "符合要求" } else { "不符合要求" })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_measured() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = folder.path().join("t.csv");
        let rows: String = (0..40)
            .map(|row| format!("{},{},{}\n", 30 + row % 2 * 10, if row % 4 < 2 { "男" } else { "女" }, row % 3))
            .collect();
        std::fs::write(&path, format!("年龄段,性别,病种\n{rows}")).expect("writes");
        let mut options = RiskOptions {
            target: path.to_string_lossy().into_owned(),
            quasi_identifiers: vec!["年龄段".to_owned(), "性别".to_owned()],
            sensitive: vec!["病种".to_owned()],
            k: Some(10),
            ..RiskOptions::default()
        };
        let mut out = Vec::new();
        assert_eq!(run(&options, &mut out).expect("measures"), 0);
        let text = String::from_utf8(out).expect("is text");
        assert!(text.contains("k = 10") && text.contains("l = 3") && text.contains("3级"), "{text}");
        options.k = Some(11);
        assert_eq!(run(&options, &mut Vec::new()).expect("measures"), 1);
        options.sensitive = vec!["没有".to_owned()];
        assert!(run(&options, &mut Vec::new()).is_err());
    }
}
