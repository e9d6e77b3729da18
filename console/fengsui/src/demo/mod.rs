//! `fengsui demo`: everything in one process, fed with recorded attacks at the pace they were recorded.

mod accounts;
mod logs;
mod playback;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_pipeline::LogFileSettings;

use crate::arguments::DemoArguments;
use crate::roles::{self, DataLock, Node};
use crate::settings::Settings;

/// Whose addresses are whose in the recorded network.
const ORGANIZATION: &str = include_str!("organization.toml");

/// Runs the demo until Ctrl-C.
///
/// # Errors
/// When the port is taken, the data folder is in use or can't be written, or the recordings are not there.
pub(crate) fn run(mut settings: Settings, demo: DemoArguments) -> anyhow::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, demo.port));
    let listener = TcpListener::bind(address)
        .with_context(|| format!("{address} can't be listened on; choose another port with --port"))?;
    let recordings = Recordings::find(demo.input.as_deref())?;
    settings.data.directory = demo.data.clone();
    settings.organization = toml::from_str(ORGANIZATION).context("the demo's organization is wrong")?;
    settings.console.drill_recordings = Some(recordings.captures.clone());
    let settings = settings.placed();
    let _lock = DataLock::take(&settings.data.directory)?;
    let settings = following_logs(settings)?;
    roles::runtime()?.block_on(async {
        let node = Node::start(&settings, listener).await?;
        let accounts = accounts::make(node.console(), demo.accounts.as_deref()).await?;
        announce(address, &accounts, &demo.data);
        let player = playback::start(&settings, &node, &recordings, demo.fast)?;
        roles::until_interrupted().await?;
        tracing::info!("stopping");
        player.stop().await;
        node.stop().await
    })
}

/// Where the captures and the logs are.
#[derive(Debug, Clone)]
pub(crate) struct Recordings {
    captures: PathBuf,
    logs: PathBuf,
}

impl Recordings {
    fn find(input: Option<&Path>) -> anyhow::Result<Self> {
        let captures = input.map_or_else(|| PathBuf::from("tests/pcaps"), Path::to_owned);
        let logs = captures.parent().unwrap_or(Path::new(".")).join("logs");
        anyhow::ensure!(
            captures.is_dir(),
            "no recordings at {}: start the demo from the top folder of the repository or name the folder with --input",
            captures.display()
        );
        Ok(Self { captures, logs })
    }
}

/// The recorded server logs are followed as files, as on a server.
fn following_logs(mut settings: Settings) -> anyhow::Result<Settings> {
    for log in logs::LOGS {
        let path = log.followed(&settings.data.directory);
        logs::open(&path)?;
        settings.analyzer.receivers.files.push(LogFileSettings { path, source: log.source.to_owned() });
    }
    Ok(settings)
}

fn announce(address: SocketAddr, accounts: &[accounts::Made], data: &Path) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "\n  烽燧 Fengsui  控制台 console: http://{address}/   手机 phone: http://{address}/m   大屏 screen: http://{address}/screen"
    );
    let _ = writeln!(out, "  数据 data: {}   Ctrl-C 停止 to stop\n", data.display());
    if accounts.is_empty() {
        let _ = writeln!(
            out,
            "  账号沿用上次启动 / accounts are those of the first start (a system administrator can reset passwords)\n"
        );
        return;
    }
    let _ = writeln!(out, "  账号与一次性口令，只显示这一次 / accounts and one-time passwords, shown only now:\n");
    for account in accounts {
        let _ = writeln!(
            out,
            "    {:<16} {:<22} {} ({})",
            account.username, account.password, account.role_zh, account.unit
        );
    }
    let _ = writeln!(out);
}
