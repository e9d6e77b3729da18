//! One file per subcommand. Each reads its arguments, calls the part that does the work, and prints for a person.

mod analyze;
mod audit;
mod backup;
mod bundle;
mod confinement;
mod crypto;
mod dlp;
mod doctor;
mod hunt;
mod node;
mod quarantine;
mod reference;
mod rules;
mod sbom;
mod sensor;

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Arguments, AuditCommand, Command, RulesCommand};
use crate::settings::{self, Settings};
use crate::{demo, logging, roles};

/// Runs a subcommand.
///
/// # Errors
/// When the job could not be done; a job that was done and found something says so by its exit code.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Demo(demo) => service(config, |settings| demo::run(settings, demo)),
        Command::Sensor(sensor) => sensor::run(config, sensor),
        Command::Analyzer => service(config, roles::run_analyzer),
        Command::Console(console) => service(config, |settings| roles::run_console(settings, console)),
        Command::Dlp(command) => dlp::run(*command),
        Command::Detect(detect) => analyze::detect(detect),
        Command::Analyze(job) => analyze::analyze(config, job),
        Command::Hunt(job) => hunt::run(config, job),
        Command::Rules(RulesCommand::Check { files, most }) => rules::check(&files, most),
        Command::Bundle(command) => bundle::run(config, command),
        Command::Quarantine(command) => quarantine::run(config, &command),
        Command::Audit(AuditCommand::Verify { data }) => audit::verify(&data),
        Command::Node(command) => node::run(config, command),
        Command::Crypto(job) => crypto::run(&job),
        Command::Backup(job) => backup::backup(&job),
        Command::Restore(job) => backup::restore(config, &job),
        Command::Doctor(job) => doctor::run(config, job),
        Command::Confinement { of } => confinement::run(&of),
        Command::ScanWorker { user, pair: Some(name), socket, again, .. } => {
            roles::run_keeper_of_pair(&roles::PairJob { name, user, socket, again }).map(|()| ExitCode::SUCCESS)
        }
        Command::ScanWorker { user, load_seconds, confined, .. } => {
            roles::run_scan_worker(&user, load_seconds, confined).map(|()| ExitCode::SUCCESS)
        }
        Command::Settings => print_settings(),
        Command::Sbom => sbom::run(),
        Command::Reference { output } => reference::run(&output),
    }
}

/// Reads the settings, starts the log and runs a role until it ends.
fn service(config: Option<&Path>, role: impl FnOnce(Settings) -> anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    let settings = settings::load(config)?;
    logging::start(&settings.log)?;
    role(settings).map(|()| ExitCode::SUCCESS)
}

fn print_settings() -> anyhow::Result<ExitCode> {
    use std::io::Write;
    std::io::stdout().write_all(settings::example().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
