//! What can go wrong with rules and lists.

/// Why rules or a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A YARA rule file does not compile.
    #[error("YARA rules {file} do not compile: {reason}; correct the rule or remove the file")]
    YaraRule {
        /// File name, shortened and escaped.
        file: String,
        /// The compiler's message, on one line.
        reason: String,
    },
    /// A YARA rule file is too large.
    #[error("YARA rules {file} have {bytes} bytes, more than {limit}; split the file")]
    YaraSize {
        /// File name, shortened and escaped.
        file: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A scan thread could not be started.
    #[error("a scan thread cannot be started: {0}")]
    Thread(#[source] std::io::Error),
    /// A scan worker could not be started.
    #[error("the scan worker cannot be started: {0}")]
    Worker(#[source] std::io::Error),
    /// The pipe to a scan worker broke.
    #[error("the pipe of the scan worker broke: {0}")]
    Pipe(#[source] std::io::Error),
    /// A frame holds something else than it should.
    #[error("a frame of the scan worker is malformed: {0}")]
    Frame(String),
    /// A scan worker does not load the rules.
    #[error("the scan worker refuses the rules: {0}")]
    Refused(String),
    /// A line of a hash list is no digest.
    #[error("line {line} of hash list {list} is no MD5, SHA-1, SHA-256 or SM3 in hexadecimal: {text}")]
    HashLine {
        /// Name of the list, shortened and escaped.
        list: String,
        /// Line number from 1.
        line: usize,
        /// The line, shortened and escaped.
        text: String,
    },
    /// The hash lists hold too much.
    #[error("hash list {list} makes more than {limit} entries; remove entries or lists")]
    HashListFull {
        /// Name of the list, shortened and escaped.
        list: String,
        /// The limit.
        limit: usize,
    },
}
