//! `fengsui node …`: joining the tiers from the command line.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use fengsui_api::enrol_with_parent;

use crate::arguments::NodeCommand;
use crate::terminal::{say, say_json, tell};
use crate::{roles, settings};

/// Runs one command beside a console that may be running.
pub(super) fn run(config: Option<&Path>, command: NodeCommand) -> anyhow::Result<ExitCode> {
    let mut settings = settings::load(config)?.placed();
    std::fs::create_dir_all(&settings.data.directory)?;
    if let NodeCommand::Enrol { parent, code, sensor: true } = command {
        settings.console.tier.parent = parent.or(settings.console.tier.parent);
        let fingerprint = roles::enrol_sensor(&settings, &code)?;
        say(&mut std::io::stdout().lock(), format_args!("{fingerprint}"))?;
        tell(format_args!("asked; read this fingerprint out to the security administrator"));
        return Ok(ExitCode::SUCCESS);
    }
    roles::runtime()?.block_on(async {
        let console = roles::open_console(&settings).await?;
        let mut out = std::io::stdout().lock();
        match command {
            NodeCommand::Code { node, role } => {
                let made = console.node_code(&node, &role).await?;
                say(&mut out, format_args!("{}", made.code))?;
                tell(format_args!("for {node}, until {}; used once", made.expires_at));
            }
            NodeCommand::Enrol { parent, code, .. } => {
                settings.console.tier.parent = parent.or(settings.console.tier.parent);
                let fingerprint = enrol_with_parent(&console, &settings.console.tier, &code).await?;
                say(&mut out, format_args!("{fingerprint}"))?;
                tell(format_args!("asked; read this fingerprint out to the parent's security administrator"));
            }
            NodeCommand::Approve { node, fingerprint } => console.approve_node(&node, &fingerprint).await?,
            NodeCommand::Revoke { node, reason } => console.revoke_node(&node, &reason).await?,
            NodeCommand::Probe { lane, down, count } => console.probe(&lane, !down, count).await?,
            NodeCommand::Received { mut after } => loop {
                let page = console.received(after).await?;
                let Some(last) = page.last() else { break };
                after = last.number;
                for message in &page {
                    say_json(&mut out, message)?;
                }
            },
            NodeCommand::Trust { node } => console.trust_node(&node).await?,
            NodeCommand::Publish { kind, name, down, file } => {
                let own = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let content = std::fs::read(&file).with_context(|| format!("{} can't be read", file.display()))?;
                console.publish(&kind, &name.unwrap_or(own), &content, down).await?;
            }
            NodeCommand::Fetch { kind, object } => match console.published(&kind, &object).await? {
                Some(content) => out.write_all(&content)?,
                None => bail!("{kind} {object} never came; `fengsui node received` lists what did"),
            },
            NodeCommand::Receipts => {
                for receipt in console.receipts().await? {
                    say_json(&mut out, &receipt)?;
                }
            }
            NodeCommand::Export { to } => {
                say_json(&mut out, &console.export_messages(&to).await?)?;
            }
            NodeCommand::Import { from } => {
                let done = console.import_messages(&from).await?;
                say_json(&mut out, &done)?;
                if !done.refused.is_empty() {
                    return Ok(ExitCode::FAILURE);
                }
            }
            NodeCommand::List => {
                for node in console.nodes().await? {
                    say_json(&mut out, &node)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
