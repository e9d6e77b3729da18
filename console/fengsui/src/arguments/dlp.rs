//! The command line of data protection: `fengsui dlp …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `fengsui dlp …`
#[derive(Debug, Subcommand)]
pub(crate) enum DlpCommand {
    /// Find sensitive data in files or databases. Exit code 0 none, 1 findings, 2 error.
    #[command(
        after_help = "Examples:\n  fengsui dlp scan shared-folder\n  fengsui dlp scan 'postgres://steward@127.0.0.1/people?password_file=pg.pass'\n  fengsui dlp scan --records texts.jsonl --field text --format jsonl"
    )]
    Scan(ScanArguments),
    /// Classify and grade tables and columns against a template.
    #[command(
        after_help = "Examples:\n  fengsui dlp classify tables/ --output report.xlsx\n  fengsui dlp classify mysql://steward@127.0.0.1/people --output report.json"
    )]
    Classify(ClassifyArguments),
    /// Mask a table by a policy.
    #[command(
        after_help = "Examples:\n  fengsui dlp mask --policy policy.toml --key mask.key people.csv masked.csv\n  fengsui dlp mask --policy share-standard --preview 5 people.csv -\n  fengsui dlp mask --policy share-standard 'postgres://steward@127.0.0.1/people/citizens' 'mysql://steward@127.0.0.1/shared/citizens'\n\nA password can stand in a file: postgres://steward@host/db/table?password_file=PATH"
    )]
    Mask(MaskArguments),
    /// Show the values behind tokens, for the owner of the vault.
    #[command(after_help = "Example:\n  fengsui dlp reveal --vault vault.tsv --key mask.key T7Q2M0XK4D9RTC1V")]
    Reveal {
        /// The vault.
        #[arg(long, value_name = "FILE")]
        vault: PathBuf,
        /// The key the table was masked with.
        #[arg(long, value_name = "FILE", default_value = "mask.key")]
        key: PathBuf,
        /// Tokens.
        #[arg(required = true)]
        tokens: Vec<String>,
    },
    /// Measure how easily persons are found in a table: k-anonymity and l-diversity. Exit code 0 good enough, 1 not, 2 error.
    #[command(
        after_help = "Example:\n  fengsui dlp risk --quasi 年龄段 --quasi 性别 --sensitive 病种 --k 5 --l 2 masked.csv"
    )]
    Risk(RiskArguments),
    /// Mask and mark a copy for one recipient and record it.
    #[command(
        after_help = "Example:\n  fengsui dlp release --policy policy.toml --recipient dept-12 --ledger ledger people.csv copy.csv\n\nEvery sheet of a workbook is marked and gets an entry of its own in the ledger."
    )]
    Release(ReleaseArguments),
    /// Mark a document (.txt, .md, .docx) weakly for one recipient and record it. Nothing in it is masked.
    #[command(
        after_help = "Example:\n  fengsui dlp mark --recipient dept-12 --ledger ledger notice.docx copy.docx\n\nWeak marks are a hint, never proof: typing again, printing or cleaning removes them."
    )]
    Mark(MarkArguments),
    /// Name the recipient a leaked copy was made for.
    #[command(
        after_help = "Examples:\n  fengsui dlp trace --ledger ledger leaked.csv\n  fengsui dlp trace --ledger ledger --original people.csv --evidence evidence.json leaked.csv"
    )]
    Trace(TraceArguments),
    /// Look into the share ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Digest the values of a column so that scans recognise them without holding them.
    #[command(
        after_help = "Example:\n  fengsui dlp register --column 身份证号 --key exact.key people.csv people.exact\n  fengsui dlp scan --exact people.exact --exact-key exact.key outbox/"
    )]
    Register(RegisterArguments),
    /// Screen texts against the lexicons (不良信息).
    #[command(
        after_help = "Examples:\n  fengsui dlp screen notices/ --format jsonl\n  tail -f posts.txt | fengsui dlp screen - --lexicon words/ --format jsonl"
    )]
    Screen(ScreenArguments),
}

/// `fengsui dlp scan`
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// File, folder, or address of a database.
    #[arg(required_unless_present = "records")]
    pub(crate) target: Option<String>,
    /// How findings are written.
    #[arg(long, default_value = "table", value_parser = ["table", "json", "jsonl"])]
    pub(crate) format: String,
    /// Rule files in place of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// Lexicons whose words are looked for too.
    #[arg(long, value_name = "DIR")]
    pub(crate) lexicon: Option<PathBuf>,
    /// Set of exact values made by `dlp register`; may be given several times.
    #[arg(long, value_name = "FILE", requires = "exact_key")]
    pub(crate) exact: Vec<PathBuf>,
    /// Key of those sets.
    #[arg(long, value_name = "FILE")]
    pub(crate) exact_key: Option<PathBuf>,
    /// Folder of documents whose passages are recognised.
    #[arg(long, value_name = "DIR")]
    pub(crate) documents: Option<PathBuf>,
    /// JSON lines whose field holds the text.
    #[arg(long, value_name = "FILE", requires = "field")]
    pub(crate) records: Option<PathBuf>,
    /// Name of that field.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
}

/// `fengsui dlp classify`
#[derive(Debug, Args)]
pub(crate) struct ClassifyArguments {
    /// Folder of tables, or address of a database.
    pub(crate) target: String,
    /// Report file, `.json` or `.xlsx`.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Grading template.
    #[arg(long)]
    pub(crate) template: Option<String>,
}

/// `fengsui dlp mask`
#[derive(Debug, Args)]
pub(crate) struct MaskArguments {
    /// Policy file, or the id of a built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: String,
    /// Role of the recipient, for rules that name roles.
    #[arg(long, default_value = "")]
    pub(crate) role: String,
    /// Purpose of the use, for rules that name purposes.
    #[arg(long, default_value = "")]
    pub(crate) purpose: String,
    /// File with the key; made when it does not exist. The same key gives the same masks.
    #[arg(long, value_name = "FILE", default_value = "mask.key")]
    pub(crate) key: PathBuf,
    /// Show so many rows before and after instead of writing anything.
    #[arg(long, value_name = "ROWS")]
    pub(crate) preview: Option<usize>,
    /// Do everything but write.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replace a file, or a table of a database, that exists.
    #[arg(long)]
    pub(crate) replace: bool,
    /// File that keeps the values behind tokens, sealed; made when it does not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) vault: Option<PathBuf>,
    /// What to read: .csv, .tsv, .jsonl, .xlsx, .parquet, or a table of a database.
    pub(crate) input: String,
    /// What to write, in the same forms; not needed with --preview and --dry-run.
    #[arg(required_unless_present_any = ["preview", "dry_run"])]
    pub(crate) output: Option<String>,
}

/// `fengsui dlp risk`
#[derive(Debug, Args)]
pub(crate) struct RiskArguments {
    /// Columns that others may know of a person; by their types when none is named.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) quasi: Vec<String>,
    /// Columns nobody must learn; by their types when none is named.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sensitive: Vec<String>,
    /// Policy whose risk settings hold where nothing else is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<String>,
    /// Rows that must look alike at least.
    #[arg(long)]
    pub(crate) k: Option<u64>,
    /// Different sensitive values that rows which look alike must have at least.
    #[arg(long)]
    pub(crate) l: Option<u64>,
    /// How the report is written.
    #[arg(long, default_value = "table", value_parser = ["table", "json", "jsonl"])]
    pub(crate) format: String,
    /// Table: a file, or a table of a database.
    pub(crate) target: String,
}

/// `fengsui dlp release`
#[derive(Debug, Args)]
pub(crate) struct ReleaseArguments {
    /// Policy file, or the id of a built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: String,
    /// Role of the recipient, for rules that name roles.
    #[arg(long, default_value = "")]
    pub(crate) role: String,
    /// Purpose of the use, for rules that name purposes.
    #[arg(long, default_value = "")]
    pub(crate) purpose: String,
    /// Who gets the copy.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: String,
    /// Folder of the share ledger.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: PathBuf,
    /// What to read: .csv, .tsv, .jsonl, .xlsx, .parquet, or a table of a database.
    pub(crate) input: PathBuf,
    /// Replace a copy that exists.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Copy to write, in the same forms.
    pub(crate) output: PathBuf,
}

/// `fengsui dlp mark`
#[derive(Debug, Args)]
pub(crate) struct MarkArguments {
    /// Who gets the copy.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: String,
    /// Folder of the share ledger.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: PathBuf,
    /// Document to read.
    pub(crate) input: PathBuf,
    /// Copy to write.
    pub(crate) output: PathBuf,
}

/// `fengsui dlp trace`
#[derive(Debug, Args)]
pub(crate) struct TraceArguments {
    /// Folder of the share ledger.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: PathBuf,
    /// The table the copy was made from, in place of the index the ledger keeps.
    #[arg(long, value_name = "FILE")]
    pub(crate) original: Option<PathBuf>,
    /// Write the evidence to this file, and its SM2 signature beside it as .sig.
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// The leaked copy: a file, or a table of a database.
    pub(crate) leaked: PathBuf,
}

/// `fengsui dlp ledger …`
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// List the releases.
    #[command(after_help = "Example:\n  fengsui dlp ledger list --ledger ledger")]
    List {
        /// Folder of the share ledger.
        #[arg(long, value_name = "DIR")]
        ledger: PathBuf,
        /// How the entries are written.
        #[arg(long, default_value = "table", value_parser = ["table", "json", "jsonl"])]
        format: String,
    },
}

/// `fengsui dlp register`
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    /// Column with the values.
    #[arg(long, value_name = "NAME")]
    pub(crate) column: String,
    /// What the values are called in reports; the column's name by default.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// File with the key; made when it does not exist. Keep it apart from the set.
    #[arg(long, value_name = "FILE", default_value = "exact.key")]
    pub(crate) key: PathBuf,
    /// Table to read.
    pub(crate) table: PathBuf,
    /// Set to write.
    pub(crate) output: PathBuf,
}

/// `fengsui dlp screen`
#[derive(Debug, Args)]
pub(crate) struct ScreenArguments {
    /// File or folder, or `-` for the lines of the standard input, for which changed lexicons take effect as they change.
    pub(crate) target: PathBuf,
    /// Lexicons in place of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) lexicon: Option<PathBuf>,
    /// How findings are written.
    #[arg(long, default_value = "table", value_parser = ["table", "json", "jsonl"])]
    pub(crate) format: String,
}
