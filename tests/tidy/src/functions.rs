//! Sizes of files and functions, and calls that can panic.

use proc_macro2::Span;
use syn::visit::Visit;

use crate::sources::{SourceFile, is_generated, is_test_code};
use crate::{Problem, problem};

/// A file longer than this fails; one longer than [`FILE_ADVICE`] is a room to divide.
pub const FILE_LIMIT: usize = 800;
/// Advice for files, in lines.
pub const FILE_ADVICE: usize = 450;
/// A function longer than this fails.
pub const FUNCTION_LIMIT: usize = 120;
/// Advice for functions, in lines.
pub const FUNCTION_ADVICE: usize = 70;

/// Files over the limit.
#[must_use]
pub fn long_files(files: &[SourceFile], limit: usize) -> Vec<Problem> {
    let counted = files.iter().filter(|file| !is_generated(&file.path)).map(|file| (file, file.text.lines().count()));
    counted
        .filter(|(_, lines)| *lines > limit)
        .map(|(file, lines)| problem(&file.path, format!("{lines} lines; the limit is {limit}: divide it")))
        .collect()
}

/// Functions over the limit in Rust files.
#[must_use]
pub fn long_functions(files: &[SourceFile], limit: usize) -> Vec<Problem> {
    files
        .iter()
        .flat_map(|file| functions_of(file).into_iter().filter_map(move |function| function.over(file, limit)))
        .collect()
}

/// `unwrap` and `expect` outside tests.
#[must_use]
pub fn panicking_calls(files: &[SourceFile]) -> Vec<Problem> {
    let for_tests: Vec<String> = files.iter().flat_map(test_modules_of).collect();
    let is_test = |path: &str| is_test_code(path) || for_tests.iter().any(|module| path == module);
    files.iter().filter(|file| !is_test(&file.path)).flat_map(calls_of).collect()
}

/// Files of the modules that a file declares for tests only (`#[cfg(test)] mod oracle;`).
fn test_modules_of(file: &SourceFile) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let folder = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        other => format!("{folder}/{}", other.trim_end_matches(".rs")),
    };
    let items = syn::parse_file(&file.text).map(|tree| tree.items).unwrap_or_default();
    let modules = items.into_iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && is_for_tests(&module.attrs) => Some(module.ident),
        _ => None,
    });
    modules.map(|name| format!("{folder}/{name}.rs")).collect()
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

impl Function {
    fn over(self, file: &SourceFile, limit: usize) -> Option<Problem> {
        let text = || format!("{} is {} lines long; the limit is {limit}", self.name, self.lines);
        (self.lines > limit).then(|| problem(format!("{}:{}", file.path, self.line), text()))
    }
}

fn functions_of(file: &SourceFile) -> Vec<Function> {
    let mut collector = FunctionCollector::default();
    if let Ok(tree) = syn::parse_file(&file.text) {
        collector.visit_file(&tree);
    }
    collector.functions
}

#[derive(Default)]
struct FunctionCollector {
    functions: Vec<Function>,
}

impl FunctionCollector {
    fn add(&mut self, name: &syn::Ident, block: &syn::Block) {
        let (start, end): (Span, Span) = (name.span(), block.brace_token.span.close());
        let line = start.start().line;
        self.functions.push(Function { name: name.to_string(), line, lines: end.end().line + 1 - line });
    }
}

impl<'ast> Visit<'ast> for FunctionCollector {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

fn calls_of(file: &SourceFile) -> Vec<Problem> {
    let mut collector = CallCollector::default();
    if let Ok(tree) = syn::parse_file(&file.text) {
        collector.visit_file(&tree);
    }
    let report = |(line, call)| problem(format!("{}:{line}", file.path), format!("calls {call} outside tests"));
    collector.calls.into_iter().map(report).collect()
}

#[derive(Default)]
struct CallCollector {
    calls: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for CallCollector {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            syn::visit::visit_item_fn(self, function);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        if matches!(name.as_str(), "unwrap" | "expect" | "unwrap_err" | "expect_err") {
            self.calls.push((call.method.span().start().line, name));
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<SourceFile> {
        vec![SourceFile { path: "crate/src/lib.rs".into(), text: text.into() }]
    }

    #[test]
    fn a_long_function_is_found() {
        let text = format!("fn short() {{}}\nfn long() {{\n{}}}\n", "let _ = 1;\n".repeat(130));
        let problems = long_functions(&file(&text), FUNCTION_LIMIT);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.starts_with("long is 132 lines"));
    }

    #[test]
    fn unwrap_is_found_outside_tests_only() {
        let text = "fn a() { Some(1).unwrap(); }\n#[cfg(test)]\nmod tests { fn b() { Some(1).unwrap(); } }\n#[test]\nfn c() { Some(1).unwrap(); }";
        assert_eq!(panicking_calls(&file(text)).len(), 1);
    }

    #[test]
    fn modules_for_tests_may_unwrap() {
        let text = "#[cfg(test)]\nmod oracle;\nmod store;";
        let mut files = file(text);
        for name in ["oracle", "store"] {
            files
                .push(SourceFile { path: format!("crate/src/{name}.rs"), text: "fn a() { Some(1).unwrap(); }".into() });
        }
        let problems = panicking_calls(&files);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].place.starts_with("crate/src/store.rs"));
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(long_files(&file(&"//\n".repeat(801)), FILE_LIMIT).len(), 1);
    }
}
