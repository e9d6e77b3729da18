//! `fengsui node …`: joining the tiers from the command line.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use fengsui_api::enrol_with_parent;

use crate::arguments::NodeCommand;
use crate::{roles, settings};

/// Runs one command beside a console that may be running.
pub(super) fn run(config: Option<&Path>, command: NodeCommand) -> anyhow::Result<ExitCode> {
    let mut settings = settings::load(config)?.placed();
    std::fs::create_dir_all(&settings.data.directory)?;
    roles::runtime()?.block_on(async {
        let console = roles::open_console(&settings).await?;
        let mut out = std::io::stdout().lock();
        match command {
            NodeCommand::Code { node, role } => {
                let made = console.node_code(&node, &role).await?;
                writeln!(out, "{}", made.code)?;
                eprintln!("fengsui: for {node}, until {}; used once", made.expires_at);
            }
            NodeCommand::Enrol { parent, code } => {
                settings.console.tier.parent = parent.or(settings.console.tier.parent);
                let fingerprint = enrol_with_parent(&console, &settings.console.tier, &code).await?;
                writeln!(out, "{fingerprint}")?;
                eprintln!("fengsui: asked; read this fingerprint out to the parent's security administrator");
            }
            NodeCommand::Approve { node, fingerprint } => console.approve_node(&node, &fingerprint).await?,
            NodeCommand::Revoke { node, reason } => console.revoke_node(&node, &reason).await?,
            NodeCommand::Probe { lane, down, count } => console.probe(&lane, !down, count).await?,
            NodeCommand::Received { mut after } => loop {
                let page = console.received(after).await?;
                let Some(last) = page.last() else { break };
                after = last.number;
                for message in &page {
                    writeln!(out, "{}", serde_json::to_string(message)?)?;
                }
            },
            NodeCommand::List => {
                for node in console.nodes().await? {
                    writeln!(out, "{}", serde_json::to_string(&node)?)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
