//! `fengsui bundle …`: make, check and install signed bundles of rules.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use fengsui_crypto::KeyPair;
use jiff::ToSpan;

use crate::arguments::{BundleCommand, CreateBundleArguments};
use crate::bundle::{self, Bundle, Installed, Purpose, Shelf, read_bundle, read_signers};
use crate::content::files_below;
use crate::terminal::{say, tell};
use crate::{roles, settings};

/// Runs one of the jobs.
pub(super) fn run(config: Option<&Path>, command: BundleCommand) -> anyhow::Result<ExitCode> {
    match command {
        BundleCommand::Create(job) => create(&job)?,
        BundleCommand::Verify { signer, purpose, bundle } => {
            let opened = opened(&read_bundle(&bundle)?, purpose, &signer, &bundle)?;
            print(&opened, &mut std::io::stdout().lock())?;
        }
        BundleCommand::Install { bundle, roll_back } => install(config, &bundle, roll_back)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn create(job: &CreateBundleArguments) -> anyhow::Result<()> {
    ensure!(!job.output.exists(), "{} exists already; name a file that does not", job.output.display());
    let signer = KeyPair::load(&job.key)?;
    let purpose = job.purpose;
    let mut files = Vec::new();
    for (folder, ending) in purpose.folders() {
        let folder = job.folder.join(folder);
        let found = if folder.is_dir() { files_below(&folder, ending)? } else { Vec::new() };
        for path in found {
            let content = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
            let name = path.strip_prefix(&job.folder).context("is below the folder")?;
            let name = name.to_str().with_context(|| format!("{} is no UTF-8", path.display()))?;
            files.push((name.to_owned(), content));
        }
    }
    ensure!(!files.is_empty(), "{} holds none of the folders that such a bundle has", job.folder.display());
    let begins = job.not_before.unwrap_or_else(bundle::now);
    let expires = begins.checked_add((i64::from(job.days) * 24).hours()).context("--days is too large")?;
    let bytes = bundle::seal((purpose, job.version), (begins, expires), &files, &signer)?;
    std::fs::write(&job.output, bytes).with_context(|| format!("{} can't be written", job.output.display()))?;
    tell(format_args!(
        "version {} with {} files, signed by key {}, good until {expires}",
        job.version,
        files.len(),
        signer.public().id()
    ));
    Ok(())
}

fn opened(bytes: &[u8], purpose: Purpose, signers: &[PathBuf], path: &Path) -> anyhow::Result<Bundle> {
    let signers = read_signers(signers)?;
    bundle::open(bytes, purpose, &signers, bundle::now())
        .with_context(|| format!("bundle {} is refused", path.display()))
}

fn print(bundle: &Bundle, out: &mut impl Write) -> anyhow::Result<()> {
    let manifest = &bundle.manifest;
    say(out, format_args!("purpose    {}", manifest.purpose.as_str()))?;
    say(out, format_args!("version    {}", manifest.version))?;
    say(out, format_args!("not before {}", manifest.not_before))?;
    say(out, format_args!("expires    {}", manifest.expires))?;
    say(out, format_args!("signed by  {}", bundle.signer))?;
    say(out, format_args!("sm3        {}", bundle.digest))?;
    for file in &manifest.files {
        say(out, format_args!("{} {:>9} {}", file.sm3, file.size, fengsui_schema::shown(&file.path)))?;
    }
    Ok(())
}

/// Installs a bundle, and says so in the audit log, whatever came of it.
fn install(config: Option<&Path>, path: &Path, roll_back: bool) -> anyhow::Result<()> {
    let settings = settings::load(config)?.placed();
    std::fs::create_dir_all(&settings.data.directory)?;
    ensure!(
        !settings.rules.signers.is_empty(),
        "rules.signers names no key, so no bundle can be trusted; name the public keys of those who sign rules"
    );
    let shelf = Shelf::below(&settings.data.directory, Purpose::Rules);
    let bytes = read_bundle(path)?;
    let done = opened(&bytes, Purpose::Rules, &settings.rules.signers, path)
        .and_then(|bundle| Ok((shelf.install(&bytes, &bundle, roll_back)?, bundle)));
    let (action, detail) = match &done {
        Ok((Installed::RolledBack { from }, bundle)) => (
            "rules.roll_back",
            format!("version {} in place of {from}, sm3 {}", bundle.manifest.version, bundle.digest),
        ),
        Ok((_, bundle)) => ("rules.install", format!("version {}, sm3 {}", bundle.manifest.version, bundle.digest)),
        Err(error) => ("rules.install", format!("refused: {error:#}")),
    };
    let object = format!("bundle/{}", bundle::digits(&fengsui_crypto::sm3(&bytes)));
    roles::runtime()?.block_on(async {
        let console = roles::open_console(&settings).await?;
        console.note(action, &object, done.is_ok(), &detail).await.context("the audit log can't be written")
    })?;
    let (installed, bundle) = done?;
    let what = match installed {
        Installed::Newer => "installed".to_owned(),
        Installed::Same => "installed already".to_owned(),
        Installed::RolledBack { from } => format!("installed in place of version {from}"),
    };
    tell(format_args!(
        "version {} is {what}; a sensor with this data folder takes it up within seconds, analyzer and console at their next start",
        bundle.manifest.version
    ));
    Ok(())
}
