//! `fengsui dlp …`: hands the arguments to the gateway and gives back its exit code.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::Context;
use fengsui_dlp_engine::EngineSettings;
use fengsui_dlp_gateway::command::{
    classify, ledger, mark, mask, register, release, reveal, risk, scan, screen, trace,
};
use fengsui_dlp_gateway::sharing::{DocumentRequest, ReleaseRequest, TraceRequest};
use fengsui_schema::Clock;

use crate::arguments::{
    ClassifyArguments, DlpCommand, LedgerCommand, MarkArguments, MaskArguments, RegisterArguments, ReleaseArguments,
    RiskArguments, ScanArguments, ScreenArguments, TraceArguments,
};
use crate::roles::SystemClock;
use crate::terminal::Neutral;

/// Runs a data protection job; its report goes to standard output.
pub(super) fn run(command: DlpCommand) -> anyhow::Result<ExitCode> {
    let mut raw = BufWriter::new(std::io::stdout().lock());
    let code = match command {
        // The data itself, as it is.
        DlpCommand::Mask(job) => mask::run(&mask_options(job), &mut raw)?,
        DlpCommand::Reveal { vault, key, tokens } => reveal::run(&vault, &key, &tokens, &mut raw)?,
        command => report(command, &mut Neutral::new(&mut raw))?,
    };
    raw.flush().context("the report could not be written to its end")?;
    Ok(ExitCode::from(code))
}

/// Reports, which repeat names and texts of whoever wrote the data.
fn report(command: DlpCommand, out: &mut dyn Write) -> anyhow::Result<u8> {
    Ok(match command {
        DlpCommand::Scan(job) => scan::run(&scan_options(job)?, out)?,
        DlpCommand::Classify(job) => classify::run(&classify_options(job), out)?,
        DlpCommand::Release(job) => release::run(&release_options(job), out)?,
        DlpCommand::Mark(job) => mark::run(&document_request(job), out)?,
        DlpCommand::Trace(job) => trace::run(&trace_options(job), out)?,
        DlpCommand::Risk(job) => risk::run(&risk_options(job)?, out)?,
        DlpCommand::Ledger(LedgerCommand::List { ledger, format }) => ledger::list(&ledger, format.parse()?, out)?,
        DlpCommand::Register(job) => register::run(&register_options(job), out)?,
        DlpCommand::Screen(job) => screen::run(&screen_options(job)?, out)?,
        DlpCommand::Mask(_) | DlpCommand::Reveal { .. } => 0,
    })
}

fn scan_options(job: ScanArguments) -> anyhow::Result<scan::ScanOptions> {
    Ok(scan::ScanOptions {
        targets: job.target.into_iter().collect(),
        format: job.format.parse()?,
        rules: job.rules,
        lexicon: job.lexicon,
        exact: job.exact,
        exact_key: job.exact_key,
        documents: job.documents,
        records: job.records,
        field: job.field,
        ..scan::ScanOptions::default()
    })
}

fn classify_options(job: ClassifyArguments) -> classify::ClassifyOptions {
    let engine = EngineSettings::default();
    let template = job.template.unwrap_or_else(|| engine.template.clone());
    let engine = EngineSettings { template, ..engine };
    classify::ClassifyOptions { target: job.target, output: job.output, engine, ..classify::ClassifyOptions::default() }
}

fn mask_options(job: MaskArguments) -> mask::MaskOptions {
    mask::MaskOptions {
        policy: job.policy,
        role: job.role,
        purpose: job.purpose,
        key: job.key,
        input: job.input,
        output: job.output.unwrap_or_default(),
        preview: job.preview,
        dry_run: job.dry_run,
        replace: job.replace,
        vault: job.vault,
        engine: EngineSettings::default(),
    }
}

fn release_options(job: ReleaseArguments) -> ReleaseRequest {
    ReleaseRequest {
        policy: job.policy,
        recipient: job.recipient,
        role: job.role,
        purpose: job.purpose,
        ledger: job.ledger,
        input: job.input,
        output: job.output,
        replace: job.replace,
        time: SystemClock.now(),
        engine: EngineSettings::default(),
    }
}

fn document_request(job: MarkArguments) -> DocumentRequest {
    let MarkArguments { recipient, ledger, input, output } = job;
    DocumentRequest { recipient, ledger, input, output, time: SystemClock.now() }
}

fn trace_options(job: TraceArguments) -> trace::TraceOptions {
    let engine = EngineSettings::default();
    let request = TraceRequest { ledger: job.ledger, leaked: job.leaked, original: job.original, engine };
    trace::TraceOptions { request, evidence: job.evidence, time: SystemClock.now() }
}

fn risk_options(job: RiskArguments) -> anyhow::Result<risk::RiskOptions> {
    Ok(risk::RiskOptions {
        target: job.target,
        quasi_identifiers: job.quasi,
        sensitive: job.sensitive,
        policy: job.policy,
        k: job.k,
        l: job.l,
        format: job.format.parse()?,
        engine: EngineSettings::default(),
    })
}

fn register_options(job: RegisterArguments) -> register::RegisterOptions {
    register::RegisterOptions {
        name: job.name.unwrap_or_else(|| job.column.clone()),
        table: job.table,
        column: job.column,
        key: job.key,
        output: job.output,
    }
}

fn screen_options(job: ScreenArguments) -> anyhow::Result<screen::ScreenOptions> {
    Ok(screen::ScreenOptions {
        targets: vec![job.target.display().to_string()],
        lexicon: job.lexicon,
        format: job.format.parse()?,
    })
}
