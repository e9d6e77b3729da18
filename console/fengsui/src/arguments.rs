//! The command line: one subcommand per role or job, each with an example.

mod dlp;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use fengsui_schema::Timestamp;

pub(crate) use dlp::{
    ClassifyArguments, DlpCommand, LedgerCommand, MarkArguments, MaskArguments, RegisterArguments, ReleaseArguments,
    RiskArguments, ScanArguments, ScreenArguments, TraceArguments,
};

use crate::bundle::Purpose;

/// Fengsui (烽燧): sensors, analyzer, data protection and the three-tier console in one program.
#[derive(Debug, Parser)]
#[command(name = "fengsui", version, propagate_version = true, max_term_width = 120)]
pub(crate) struct Arguments {
    /// Settings file (TOML). Without it the built-in settings hold; `fengsui settings` prints them all.
    #[arg(long, short = 'C', global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program is asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start everything in one process and play real captures and logs through it.
    #[command(after_help = "Example:\n  fengsui demo --port 8460 --data data/demo")]
    Demo(DemoArguments),
    /// Turn traffic into events: live from an interface, or from a capture file.
    #[command(
        after_help = "Examples:\n  fengsui sensor -r traffic.pcap -l out -S local.rules\n  fengsui sensor -i eth0 -C fengsui.toml\n  fengsui sensor -i eth0 --uplink https://analyzer.example:8470 -C fengsui.toml"
    )]
    Sensor(SensorArguments),
    /// Run the analyzer as a service: receive, detect, correlate, store.
    #[command(after_help = "Example:\n  fengsui analyzer -C fengsui.toml")]
    Analyzer,
    /// Run the console (with the analyzer in the same process unless told otherwise).
    #[command(after_help = "Example:\n  fengsui console -C fengsui.toml --tier county --port 8460")]
    Console(ConsoleArguments),
    /// Find, classify, mask, mark and trace sensitive data.
    #[command(subcommand)]
    Dlp(Box<DlpCommand>),
    /// Run Sigma rules over files; one JSON line per detection.
    #[command(
        after_help = "Examples:\n  fengsui detect --sigma rules/sigma --input access.log --format auto --output -\n  fengsui detect --sigma rules/sigma my-rules --input Security.evtx Sysmon.evtx --output hits.jsonl\n  zcat eve.json.gz | fengsui detect --sigma rules/sigma --input - --format eve"
    )]
    Detect(DetectArguments),
    /// Run the whole analysis over files; one JSON line per incident, highest risk first.
    #[command(
        after_help = "Examples:\n  fengsui analyze --input eve.json --sigma rules/sigma --output incidents.jsonl\n  fengsui analyze --format alerts --input alerts.jsonl --output -\n  fengsui analyze --format alerts --input alerts.jsonl --suppressions quiet.toml --output -"
    )]
    Analyze(AnalyzeArguments),
    /// Hunt in the stored events for new Sigma rules and indicators, beside a running analyzer. Exit code 0 none, 1 hits, 2 error.
    #[command(
        after_help = "Examples:\n  fengsui hunt -C fengsui.toml --sigma new-rule.yml\n  fengsui hunt -C fengsui.toml --indicators iocs.txt --from 2026-06-01 --to 2026-07-01\n  fengsui hunt -C fengsui.toml --sigma rules/sigma --indicators list.csv misp.json --format jsonl\n\nNothing is written: what is committed to the index is read, also while an analyzer runs on it.\nFor indicators the index is asked; for Sigma rules every event of the range is read.\nCorrelations are named and not hunted for; the rules they join are, one by one.\nThe exit code is also 2 when nothing was found and not everything could be looked at:\na day that can't be read, a rule that does not load, Ctrl-C."
    )]
    Hunt(HuntArguments),
    /// Check rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Make, check and install signed bundles of rules.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Look at records that could not be parsed, or give them back to the parsers after a fix.
    #[command(
        subcommand,
        after_help = "Examples:\n  fengsui quarantine -C fengsui.toml list\n  fengsui quarantine -C fengsui.toml replay"
    )]
    Quarantine(QuarantineCommand),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Join the tiers: enrol with a parent, let nodes below in, revoke them.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Make SM2 keys and sign with them, such as the challenge of a login.
    #[command(subcommand)]
    Crypto(CryptoCommand),
    /// Write a copy of the data folder while the program runs.
    #[command(after_help = "Example:\n  fengsui backup --data data --output backup-2026-01-02")]
    Backup(BackupArguments),
    /// Put a backup back into an empty data folder, after checking it.
    #[command(after_help = "Example:\n  fengsui restore --input backup-2026-01-02 --data data")]
    Restore(RestoreArguments),
    /// Print effective settings, versions, rule counts, disk and permissions, and what would stop a role from starting.
    #[command(after_help = "Example:\n  fengsui doctor -C fengsui.toml")]
    Doctor(DoctorArguments),
    /// Print the example settings file with every key documented.
    #[command(after_help = "Example:\n  fengsui settings > fengsui.toml")]
    Settings,
    /// Print what this program is made of: a software bill of materials (CycloneDX 1.5, JSON).
    #[command(after_help = "Example:\n  fengsui sbom > fengsui.cdx.json")]
    Sbom,
    /// Scan files for a sensor, which starts this by itself: requests come on standard input.
    #[command(
        hide = true,
        after_help = "Example (systemd starts it so behind a socket):\n  fengsui scan-worker --user nobody"
    )]
    ScanWorker {
        /// User to become when root starts it.
        #[arg(long, default_value = "nobody")]
        user: String,
        /// Seconds of processor time that loading the rules may take.
        #[arg(long, default_value_t = fengsui_files::limits::SCAN_LOAD_CPU_SECONDS, value_name = "SECONDS")]
        load_seconds: u64,
        /// Be the worker itself instead of its keeper.
        #[arg(long, hide = true)]
        confined: bool,
        /// Be one of the two keepers of the sensor that listens on the socket of this name.
        #[arg(long, hide = true, value_name = "NAME")]
        pair: Option<String>,
        /// Where systemd starts keepers, for one of two.
        #[arg(long, hide = true, value_name = "PATH")]
        socket: Option<PathBuf>,
        /// One of two that the other one started: it is confined already.
        #[arg(long, hide = true)]
        again: bool,
    },
    /// Enter the confinement of a role and print what it can't do any more; exit code 1 when it still can.
    #[command(hide = true, after_help = "Example:\n  fengsui confinement --of scan-worker")]
    Confinement {
        /// The role.
        #[arg(long, default_value = "sensor", value_parser = ["sensor", "scan-worker"])]
        of: String,
    },
    /// Write the reference pages from the registries.
    #[command(hide = true, after_help = "Example:\n  fengsui reference --output docs/reference")]
    Reference {
        /// Folder to write.
        #[arg(long, value_name = "DIR")]
        output: PathBuf,
    },
}

/// `fengsui demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Port of the console on 127.0.0.1.
    #[arg(long, default_value_t = 8460)]
    pub(crate) port: u16,
    /// Folder that keeps everything; a second start goes on with it.
    #[arg(long, default_value = "data/demo", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Folder with the captures and logs to play; the ones of the repository by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) input: Option<PathBuf>,
    /// Also write the accounts and their one-time passwords to this file (mode 0600, JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// Play everything at once instead of at the pace it was recorded.
    #[arg(long)]
    pub(crate) fast: bool,
}

/// `fengsui sensor`
#[derive(Debug, Args)]
pub(crate) struct SensorArguments {
    /// Capture file to read (pcap or pcapng).
    #[arg(short = 'r', value_name = "FILE", conflicts_with = "interface")]
    pub(crate) read: Option<PathBuf>,
    /// Interface to listen on.
    #[arg(short = 'i', value_name = "IFACE", required_unless_present = "read")]
    pub(crate) interface: Option<String>,
    /// Folder for eve.json.
    #[arg(short = 'l', value_name = "DIR", default_value = ".")]
    pub(crate) log_directory: PathBuf,
    /// Rule file; may be given several times.
    #[arg(short = 'S', value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Settings of Suricata to take over (the keys that have a meaning here).
    #[arg(short = 'c', value_name = "YAML")]
    pub(crate) suricata_yaml: Option<PathBuf>,
    /// One setting of that file: `--set app-layer.protocols.tls.ja3-fingerprints=yes`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Checksums: `all` checks them, `none` does not.
    #[arg(short = 'k', value_name = "MODE", value_parser = ["all", "none"])]
    pub(crate) checksums: Option<String>,
    /// Accepted for compatibility: `single`, `autofp` or `workers`.
    #[arg(long, value_name = "MODE")]
    pub(crate) runmode: Option<String>,
    /// Load no rules.
    #[arg(long)]
    pub(crate) disable_detection: bool,
    /// Decide as an inline device would, without blocking anything.
    #[arg(long)]
    pub(crate) simulate_ips: bool,
    /// Folder of the files that rules load and save (datasets); the log folder when absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Accepted for compatibility: nothing here is random.
    #[arg(long, hide = true)]
    pub(crate) no_random: bool,
    /// Workers that inspect in parallel.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) workers: usize,
    /// Send events to the analyzer at this address instead of writing eve.json; with -r, ends when all have arrived.
    /// Enrol first with `fengsui node enrol --sensor`.
    #[arg(long, value_name = "URL")]
    pub(crate) uplink: Option<String>,
}

/// `fengsui console`
#[derive(Debug, Args)]
pub(crate) struct ConsoleArguments {
    /// Tier of this node.
    #[arg(long, value_parser = ["province", "prefecture", "county"])]
    pub(crate) tier: Option<String>,
    /// Port, in place of the one in the settings.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Address of the parent's console, in place of the one in the settings; enrol first with `fengsui node enrol`.
    #[arg(long, value_name = "URL")]
    pub(crate) parent: Option<String>,
    /// Run without the analyzer in this process.
    #[arg(long)]
    pub(crate) without_analyzer: bool,
}

/// `fengsui detect`
#[derive(Debug, Args)]
pub(crate) struct DetectArguments {
    /// Folder or file of Sigma rules; may be given several times.
    #[arg(long, required = true, value_name = "DIR", num_args = 1..)]
    pub(crate) sigma: Vec<PathBuf>,
    /// Input file, or `-`; may be given several times.
    #[arg(long, required = true, value_name = "FILE", num_args = 1..)]
    pub(crate) input: Vec<PathBuf>,
    /// How the input is read: auto, json, eve, evtx, syslog, zeek, auditd, cef, leef or csv.
    #[arg(long, default_value = "auto")]
    pub(crate) format: String,
    /// Where the detections go.
    #[arg(long, default_value = "-", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// `fengsui analyze`
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// Input file, or `-`; may be given several times.
    #[arg(long, required = true, value_name = "FILE", num_args = 1..)]
    pub(crate) input: Vec<PathBuf>,
    /// How the input is read: as for `detect`, or `alerts` for ready-made alerts with ECS names.
    #[arg(long, default_value = "auto")]
    pub(crate) format: String,
    /// Folder or file of Sigma rules; may be given several times.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub(crate) sigma: Vec<PathBuf>,
    /// Where the incidents go.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Suppressions (TOML) to try: what each would have hidden is told on standard error.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) suppressions: Vec<PathBuf>,
    /// Incidents that are written, riskiest first; 0 for all.
    #[arg(long, default_value_t = 25, value_name = "N")]
    pub(crate) limit: usize,
}

/// `fengsui hunt`
#[derive(Debug, Args)]
pub(crate) struct HuntArguments {
    /// File or folder of Sigma rules; may be given several times.
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "indicators")]
    pub(crate) sigma: Vec<PathBuf>,
    /// File or folder of indicators: one value per line, CSV, a STIX bundle or MISP events; may be given several times.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) indicators: Vec<PathBuf>,
    /// From this time on, such as 2026-01-31 or 2026-01-31T08:00:00+08:00; a day is one of UTC.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) from: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) to: Option<Timestamp>,
    /// Hits that are listed, the oldest first; all are counted.
    #[arg(long, default_value_t = fengsui_pipeline::limits::RETRO_HITS, value_name = "N")]
    pub(crate) limit: usize,
    /// How the report is written.
    #[arg(long, default_value = "table", value_parser = ["table", "jsonl"])]
    pub(crate) format: String,
}

/// A day or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| "is no time; write 2026-01-31 or 2026-01-31T08:00:00+08:00".to_owned())
}

/// `fengsui rules …`
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Load rule files and say what did not load and why. Exit code 1 when a rule did not load.
    #[command(
        after_help = "Examples:\n  fengsui rules check rules/suricata/*.rules\n  fengsui rules check rules/sigma rules/yara"
    )]
    Check {
        /// Rule files (.rules, .yml, .yar) or folders.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print at most so many failures per file; 0 prints all.
        #[arg(long, default_value_t = 0)]
        most: usize,
    },
}

/// `fengsui bundle …`
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Pack a folder of rules or masking policies and sign it with an SM2 key.
    #[command(
        after_help = "Example:\n  fengsui bundle create --key signer.key --number 7 --output rules-7.bundle my-rules\n\nThe folder holds suricata/*.rules, sigma/*.yml, indicators/*.csv, yara/*.yar, suppressions/*.toml, grading/*.toml;\nwith --purpose masking it holds policies/*.toml."
    )]
    Create(CreateBundleArguments),
    /// Check a bundle and list what is in it. Exit code 2 when it is refused.
    #[command(after_help = "Example:\n  fengsui bundle verify --signer signer.pub rules-7.bundle")]
    Verify {
        /// Public key (PEM) that is trusted; may be given several times.
        #[arg(long, required = true, value_name = "FILE")]
        signer: Vec<PathBuf>,
        /// What it must be for.
        #[arg(long, value_enum, default_value_t = Purpose::Rules)]
        purpose: Purpose,
        /// The bundle.
        bundle: PathBuf,
    },
    /// Check a bundle of rules against the keys in the settings and put it in force from the next start.
    #[command(after_help = "Example:\n  fengsui bundle install -C fengsui.toml rules-7.bundle")]
    Install {
        /// The bundle.
        bundle: PathBuf,
        /// Take it although its version is not above the one before.
        #[arg(long)]
        roll_back: bool,
    },
}

/// `fengsui bundle create`
#[derive(Debug, Args)]
pub(crate) struct CreateBundleArguments {
    /// Private key file of the signer; `fengsui crypto keygen` makes one.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// What it is for.
    #[arg(long, value_enum, default_value_t = Purpose::Rules)]
    pub(crate) purpose: Purpose,
    /// Version; an installation takes higher ones only.
    #[arg(id = "number", long = "number", value_name = "N")]
    pub(crate) version: u64,
    /// When it may be used first, such as 2026-01-31T08:00:00Z; at once when absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) not_before: Option<jiff::Timestamp>,
    /// Days it may be used.
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u32,
    /// File to write; must not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Folder with the rules or policies.
    pub(crate) folder: PathBuf,
}

/// `fengsui audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check the hash chain of the audit log; names the first bad record. Exit code 1 when there is one.
    #[command(after_help = "Example:\n  fengsui audit verify --data data")]
    Verify {
        /// Data folder of the console.
        #[arg(long, default_value = "data", value_name = "DIR")]
        data: PathBuf,
    },
}

/// `fengsui node …`: for the operator of the machine; a console may be running on the same data.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Make a one-time code for a node below this one.
    #[command(after_help = "Example:\n  fengsui node code -C fengsui.toml 620123")]
    Code {
        /// Code of the unit that the node serves, or the name of a sensor.
        node: String,
        /// What the node is.
        #[arg(long, default_value = "console", value_parser = ["console", "sensor"])]
        role: String,
    },
    /// Ask the parent to let this node in; prints the fingerprint to read out for the approval.
    #[command(
        after_help = "Examples:\n  fengsui node enrol -C fengsui.toml --parent https://prefecture.example:8460 --code CODE\n  fengsui node enrol -C sensor.toml --sensor --parent https://console.example:8460 --code CODE"
    )]
    Enrol {
        /// Address of the parent's console, in place of the one in the settings.
        #[arg(long, value_name = "URL")]
        parent: Option<String>,
        /// The one-time code that the parent's administrator made.
        #[arg(long)]
        code: String,
        /// Enrol the sensor of this machine, under the name `sensor.observer` of the settings.
        #[arg(long)]
        sensor: bool,
    },
    /// Let a node in by the fingerprint its operator read out.
    #[command(after_help = "Example:\n  fengsui node approve -C fengsui.toml 620123 --fingerprint 3f0c…")]
    Approve {
        /// Name of the node.
        node: String,
        /// The fingerprint, 64 hexadecimal digits.
        #[arg(long)]
        fingerprint: String,
    },
    /// Take a node's key back; a running console refuses it within two seconds.
    #[command(after_help = "Example:\n  fengsui node revoke -C fengsui.toml 620123 --reason \"key lost\"")]
    Revoke {
        /// Name of the node.
        node: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Send measuring messages over the links; they do nothing where they arrive.
    #[command(after_help = "Example:\n  fengsui node probe -C fengsui.toml --lane P2 --count 1000")]
    Probe {
        /// Lane: P0, P2 or P3.
        #[arg(long, default_value = "P2", value_parser = ["P0", "P2", "P3"])]
        lane: String,
        /// To the nodes below instead of those above.
        #[arg(long)]
        down: bool,
        /// How many.
        #[arg(long, default_value_t = 1)]
        count: u64,
    },
    /// List what came from other nodes in the order it was taken; one JSON line each.
    #[command(after_help = "Example:\n  fengsui node received -C fengsui.toml --after 0")]
    Received {
        /// Leave out messages up to this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
    /// Take the program, rules and settings that a node measured at its start as what they should be.
    #[command(after_help = "Example:\n  fengsui node trust -C fengsui.toml 620123")]
    Trust {
        /// Name of the node.
        node: String,
    },
    /// Publish a file to the nodes below: rules, a masking policy or a bulletin; indicators go up unless told otherwise.
    #[command(after_help = "Example:\n  fengsui node publish -C fengsui.toml --kind rules baseline-2026-11.rules")]
    Publish {
        /// What the file is.
        #[arg(long, value_parser = ["rules", "masking_policy", "bulletin", "indicator"])]
        kind: String,
        /// Name under which it is known; the file's own when absent.
        #[arg(long)]
        name: Option<String>,
        /// Send indicators down instead of up.
        #[arg(long)]
        down: bool,
        /// The file, at most 1 MiB.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print a file that another node published.
    #[command(
        after_help = "Example:\n  fengsui node fetch -C fengsui.toml --kind rules 620000/baseline.rules > baseline.rules"
    )]
    Fetch {
        /// What the file is.
        #[arg(long, value_parser = ["rules", "masking_policy", "bulletin", "indicator"])]
        kind: String,
        /// Node and name, as `fengsui node received` lists them.
        #[arg(value_name = "NODE/NAME")]
        object: String,
    },
    /// List which nodes below have what was published here; one JSON line each.
    #[command(after_help = "Example:\n  fengsui node receipts -C fengsui.toml")]
    Receipts,
    /// Write what waits for other nodes as files, for a network without a way to them.
    #[command(after_help = "Example:\n  fengsui node export -C fengsui.toml --to disc")]
    Export {
        /// Folder to write; each neighbour gets one of its name in it.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Read the files that another node exported. Exit code 1 when one was refused.
    #[command(after_help = "Example:\n  fengsui node import -C fengsui.toml disc/620123")]
    Import {
        /// Folder to read: the one of this node's name.
        #[arg(value_name = "DIR")]
        from: PathBuf,
    },
    /// List the nodes above and below with their backlogs; one JSON line each.
    #[command(after_help = "Example:\n  fengsui node list -C fengsui.toml")]
    List,
}

/// `fengsui quarantine`
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Why records could not be parsed, the most frequent reason first.
    #[command(after_help = "Example:\n  fengsui quarantine list -C fengsui.toml")]
    List,
    /// Append every record in quarantine to the spool again; the analyzer must be stopped.
    #[command(after_help = "Example:\n  fengsui quarantine replay -C fengsui.toml")]
    Replay,
}

/// `fengsui backup`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// Data folder.
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Folder to write; must not exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

/// `fengsui restore`
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Backup folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) input: PathBuf,
    /// Data folder to make; must not exist or be empty.
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// `fengsui crypto`
#[derive(Debug, Subcommand)]
pub(crate) enum CryptoCommand {
    /// Draw an SM2 key pair: the private key goes to a new file only its owner can read, the public one is printed.
    #[command(after_help = "Example:\n  fengsui crypto keygen --output login.key > login.pub")]
    Keygen {
        /// File of the private key; must not exist.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Print the public key of a key file (PEM).
    #[command(after_help = "Example:\n  fengsui crypto public --key login.key")]
    Public {
        /// File of the private key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Sign what comes on standard input (SM2 with SM3); prints r and s as 128 hexadecimal digits.
    #[command(after_help = "Example:\n  printf %s 'fengsui-login.…' | fengsui crypto sign --key login.key")]
    Sign {
        /// File of the private key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Check the signature of what comes on standard input. Exit code 0 it fits, 1 it does not, 2 error.
    #[command(
        after_help = "Example:\n  fengsui crypto verify --public login.pub --signature evidence.json.sig < evidence.json"
    )]
    Verify {
        /// File of the signer's public key (PEM).
        #[arg(long, value_name = "FILE")]
        public: PathBuf,
        /// The signature: 128 hexadecimal digits, or a file that holds them or DER.
        #[arg(long, value_name = "HEX|FILE")]
        signature: String,
    },
    /// Seal what comes on standard input for the owner of a key (SM2, SM4, HMAC-SM3); the letter goes to standard output.
    #[command(after_help = "Example:\n  fengsui crypto seal --public dept-12.pub < people.csv > people.csv.sealed")]
    Seal {
        /// File of the recipient's public key (PEM).
        #[arg(long, value_name = "FILE")]
        public: PathBuf,
    },
    /// Open a sealed letter that comes on standard input. Nothing is written unless all of it is as it was sealed.
    #[command(after_help = "Example:\n  fengsui crypto open --key dept-12.key < people.csv.sealed > people.csv")]
    Open {
        /// File of the recipient's private key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// `fengsui doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Data folder, in place of the one in the settings.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_job_has_an_example() {
        fn check(command: &clap::Command) {
            if command.has_subcommands() {
                command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(check);
                return;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
        }
        check(&Arguments::command());
    }

    #[test]
    fn the_sensor_takes_the_arguments_of_the_contract() {
        let line = "fengsui sensor -r a.pcap -l out -S r.rules -c s.yaml --set a.b=c --set d=e -k none --runmode=single --disable-detection --simulate-ips --workers 2";
        let Command::Sensor(sensor) = Arguments::parse_from(line.split(' ')).command else { panic!("is the sensor") };
        assert_eq!((sensor.set.len(), sensor.workers, sensor.checksums.as_deref()), (2, 2, Some("none")));
    }
}
