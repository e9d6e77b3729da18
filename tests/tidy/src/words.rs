//! Words that have no place in the repository, and what every crate says of itself.

use crate::sources::{SourceFile, is_test_code};
use crate::{Problem, problem};

/// Words no file of ours holds: places of one machine, registries' hosts, unfinished work.
/// They are put together here so that this file does not hold them itself.
fn forbidden() -> Vec<(String, &'static str)> {
    vec![
        (["/wo", "rk/"].concat(), "names a path of one machine"),
        (["index.crates", ".io"].concat(), "names a registry's host"),
        (["registry.npmjs", ".org"].concat(), "names a registry's host"),
        (["files.python", "hosted.org"].concat(), "names a registry's host"),
        (["FIX", "ME"].concat(), "is unfinished"),
        (["TO", "DO"].concat(), "is unfinished"),
        (["todo", "!("].concat(), "is unfinished"),
        (["unimplemented", "!("].concat(), "is unfinished"),
        (["#[ign", "ore"].concat(), "silences a test"),
    ]
}

/// Files that hold a forbidden word.
#[must_use]
pub fn forbidden_words(files: &[SourceFile]) -> Vec<Problem> {
    let words = forbidden();
    let check = |file: &SourceFile| -> Vec<Problem> {
        let lines = file.text.lines().enumerate();
        let hit = |(number, line): (usize, &str)| {
            let (word, why) = words.iter().find(|(word, _)| line.contains(word.as_str()))?;
            Some(problem(format!("{}:{}", file.path, number + 1), format!("{word:?} {why}")))
        };
        lines.filter_map(hit).collect()
    };
    files.iter().flat_map(check).collect()
}

/// Crate roots that don't say what they own and what they do not do, or that allow unsafe code.
#[must_use]
pub fn crate_roots(files: &[SourceFile]) -> Vec<Problem> {
    let roots = files.iter().filter(|file| file.path.ends_with("src/lib.rs"));
    roots.flat_map(|file| [first_words(file), forbids_unsafe(file)]).flatten().collect()
}

fn first_words(file: &SourceFile) -> Option<Problem> {
    let mut lines = file.text.lines().map(|line| line.trim_start_matches("//!").trim());
    let owns = lines.next().is_some_and(|line| line.starts_with("Owns "));
    let blank = lines.next() == Some("");
    let not = lines
        .next()
        .is_some_and(|line| ["Does not ", "Does no ", "Is ", "Contains no "].iter().any(|word| line.starts_with(word)));
    (!(owns && blank && not)).then(|| {
        problem(&file.path, "the first doc line says what the crate owns, the second paragraph what it does not")
    })
}

fn forbids_unsafe(file: &SourceFile) -> Option<Problem> {
    let is_capture = file.path == "sensors/capture/src/lib.rs";
    (!is_capture && !file.text.contains("#![forbid(unsafe_code)]"))
        .then(|| problem(&file.path, "lacks #![forbid(unsafe_code)]"))
}

/// Reads of the environment, the arguments or the clock where they have no place.
#[must_use]
pub fn reads_of_the_world(files: &[SourceFile], sans_io_folders: &[String]) -> Vec<Problem> {
    let product = files
        .iter()
        .filter(|file| file.path.contains("/src/") && !is_test_code(&file.path) && !file.path.starts_with("tests/"));
    product.flat_map(|file| world_problems(file, sans_io_folders)).collect()
}

fn world_problems(file: &SourceFile, sans_io_folders: &[String]) -> Vec<Problem> {
    let product = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut banned: Vec<(&str, &str)> = Vec::new();
    if !file.path.starts_with("console/fengsui/") {
        banned.extend([
            ("env::var", "only the binary reads the environment"),
            ("env::args", "only the binary reads arguments"),
        ]);
    }
    if sans_io_folders.iter().any(|folder| file.path.starts_with(folder.as_str())) {
        banned.extend([
            ("SystemTime::now", "is sans-I/O: time is handed in"),
            ("Instant::now", "is sans-I/O: time is handed in"),
            ("std::fs", "is sans-I/O: bytes are handed in"),
            ("File::open", "is sans-I/O: bytes are handed in"),
            ("TcpStream::connect", "is sans-I/O"),
            ("UdpSocket", "is sans-I/O"),
        ]);
    }
    let code = |line: &str| !line.trim_start().starts_with("//");
    let hits = product.lines().enumerate().filter(|(_, line)| code(line));
    hits.filter_map(|(number, line)| {
        let (word, why) = banned.iter().find(|(word, _)| line.contains(word))?;
        Some(problem(format!("{}:{}", file.path, number + 1), format!("{word}: {why}")))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Vec<SourceFile> {
        vec![SourceFile { path: path.into(), text: text.into() }]
    }

    #[test]
    fn words_and_reads_are_found() {
        let text = ["// TO", "DO later\nlet x = std::env::var(\"X\");"].concat();
        assert_eq!(forbidden_words(&file("a/src/x.rs", &text)).len(), 1);
        assert_eq!(reads_of_the_world(&file("a/src/x.rs", &text), &[]).len(), 1);
        let folders = ["analyzer/schema/".to_owned()];
        assert_eq!(reads_of_the_world(&file("analyzer/schema/src/x.rs", "Instant::now()"), &folders).len(), 1);
    }

    #[test]
    fn a_root_must_say_what_it_owns() {
        let good = "//! Owns x.\n//!\n//! Does no y.\n#![forbid(unsafe_code)]\n";
        assert_eq!(crate_roots(&file("a/src/lib.rs", good)), []);
        assert_eq!(crate_roots(&file("a/src/lib.rs", "//! A crate.\n")).len(), 2);
    }
}
