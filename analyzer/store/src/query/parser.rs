//! Text to tree. Linear in the text; nesting and size are bounded.
//!
//! ```text
//! or        = and { "OR" and }
//! and       = not { [ "AND" ] not }
//! not       = ( "NOT" | "-" ) not | "(" or ")" | condition
//! condition = [ name ":" ] ( word | '"' text '"' | "[" value "TO" value "]" ) | name ( ">=" | "<=" | ">" | "<" ) value
//! ```

use super::ast::{Condition, Limit, Matcher, Node};
use super::error::QueryError;
use crate::limits;

/// Parses a query text; an empty one selects everything.
///
/// # Errors
/// With the character where the text goes wrong, what is wrong and what to write instead.
pub(crate) fn parse(text: &str) -> Result<Node, QueryError> {
    if text.len() > limits::QUERY_BYTES {
        let message = format!("the query has {} bytes, more than {}", text.len(), limits::QUERY_BYTES);
        return Err(QueryError { position: 1, message, remedy: "ask several shorter ones".to_owned() });
    }
    let mut parser = Parser { characters: text.chars().collect(), place: 0, conditions: 0, depth: 0 };
    parser.skip_spaces();
    if parser.at_end() {
        return Ok(Node::All);
    }
    let node = parser.or()?;
    if parser.at_end() { Ok(node) } else { Err(parser.error("a closing ) without an opening one", "remove it")) }
}

struct Parser {
    characters: Vec<char>,
    place: usize,
    conditions: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Node, QueryError> {
        let mut nodes = vec![self.and()?];
        while self.keyword("OR") {
            nodes.push(self.and()?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn and(&mut self) -> Result<Node, QueryError> {
        let mut nodes = vec![self.not()?];
        loop {
            let explicit = self.keyword("AND");
            if !explicit && (self.at_end() || self.peek() == Some(')') || self.is_keyword("OR")) {
                return Ok(one_or(nodes, Node::And));
            }
            nodes.push(self.not()?);
        }
    }

    fn not(&mut self) -> Result<Node, QueryError> {
        self.depth += 1;
        if self.depth > limits::QUERY_DEPTH {
            return Err(self.error("too deeply nested", "remove some parentheses"));
        }
        let node = if self.keyword("NOT") || self.minus() {
            Node::Not(Box::new(self.not()?))
        } else if self.take('(') {
            self.group()?
        } else {
            Node::Condition(self.condition()?)
        };
        self.depth -= 1;
        Ok(node)
    }

    fn group(&mut self) -> Result<Node, QueryError> {
        self.skip_spaces();
        let node = self.or()?;
        if !self.take(')') {
            return Err(self.error("a ) is missing", "close the parenthesis"));
        }
        self.skip_spaces();
        Ok(node)
    }

    fn condition(&mut self) -> Result<Condition, QueryError> {
        self.conditions += 1;
        if self.conditions > limits::QUERY_CONDITIONS {
            return Err(self.error("too many conditions", "ask several shorter queries"));
        }
        let field = self.field_name();
        let position = self.place + 1;
        let matcher = match (&field, self.peek()) {
            (Some(_), Some('>' | '<')) => self.comparison()?,
            (Some(_), Some('[' | '{')) => self.range()?,
            (_, Some('"')) => Matcher::Phrase(self.quoted()?),
            _ => self.word(field.is_some())?,
        };
        self.skip_spaces();
        Ok(Condition { field, matcher, position })
    }

    /// A name before `:`, `>` or `<`. `http://…` and `fe80::1` are no names.
    fn field_name(&mut self) -> Option<String> {
        let rest = &self.characters[self.place..];
        let length = rest.iter().take_while(|&&c| c.is_alphanumeric() || "_.@-".contains(c)).count();
        if !rest.first().is_some_and(|&c| c.is_alphabetic() || c == '_' || c == '@') {
            return None;
        }
        let after: String = rest[length..].iter().take(3).collect();
        let is_name = after.starts_with(['>', '<'])
            || (after.starts_with(':') && !after.starts_with("::") && !after.starts_with("://"));
        if !is_name {
            return None;
        }
        let name = rest[..length].iter().collect();
        self.place += length + usize::from(after.starts_with(':'));
        Some(name)
    }

    fn comparison(&mut self) -> Result<Matcher, QueryError> {
        let less = self.take('<');
        if !less {
            self.take('>');
        }
        let included = self.take('=');
        let value = self.value()?;
        let limit = if included { Limit::Included(value) } else { Limit::Excluded(value) };
        Ok(if less {
            Matcher::Range { low: Limit::None, high: limit }
        } else {
            Matcher::Range { low: limit, high: Limit::None }
        })
    }

    fn range(&mut self) -> Result<Matcher, QueryError> {
        let low_included = self.take('[');
        if !low_included {
            self.take('{');
        }
        self.skip_spaces();
        let low = self.value()?;
        self.skip_spaces();
        if !self.keyword("TO") {
            return Err(self.error("a range needs the word TO", "write [1 TO 9], with * for no limit"));
        }
        let high = self.value()?;
        self.skip_spaces();
        let high_included = self.take(']');
        if !high_included && !self.take('}') {
            return Err(self.error("a range is not closed", "end it with ] or, without the last value, with }"));
        }
        Ok(Matcher::Range { low: limit(low, low_included), high: limit(high, high_included) })
    }

    /// A quoted text or the characters up to a space or bracket.
    fn value(&mut self) -> Result<String, QueryError> {
        if self.peek() == Some('"') { self.quoted() } else { self.raw() }
    }

    fn word(&mut self, has_field: bool) -> Result<Matcher, QueryError> {
        let value = self.raw()?;
        Ok(match value.as_str() {
            "*" if has_field => Matcher::Exists,
            _ if value.contains(['*', '?']) => Matcher::Pattern(value),
            _ => Matcher::Value(value),
        })
    }

    fn raw(&mut self) -> Result<String, QueryError> {
        let rest = &self.characters[self.place..];
        let length = rest.iter().take_while(|&&c| !c.is_whitespace() && !"()[]{}\"".contains(c)).count();
        if length == 0 {
            return Err(self.error("a value is missing", "write a word, a \"quoted text\" or *"));
        }
        let value = rest[..length].iter().collect();
        self.place += length;
        Ok(value)
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        let start = self.place;
        self.place += 1;
        let mut value = String::new();
        while let Some(character) = self.peek() {
            self.place += 1;
            match character {
                '"' => return Ok(value),
                '\\' => value.extend(self.escaped()),
                other => value.push(other),
            }
        }
        self.place = start;
        Err(self.error("a quoted text is not closed", "end it with \""))
    }

    fn escaped(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.place += 1;
        Some(character)
    }

    /// A minus right before a word, a quoted text or a parenthesis.
    fn minus(&mut self) -> bool {
        let begins = |c: &char| c.is_alphanumeric() || "(\"_@*?".contains(*c);
        let is_minus = self.peek() == Some('-') && self.characters.get(self.place + 1).is_some_and(begins);
        self.place += usize::from(is_minus);
        is_minus
    }

    /// Takes a word of the language and the spaces after it.
    fn keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        if found {
            self.place += word.len();
            self.skip_spaces();
        }
        found
    }

    fn is_keyword(&self, word: &str) -> bool {
        let rest = &self.characters[self.place..];
        let ends = |after: Option<&char>| after.is_none_or(|c| c.is_whitespace() || *c == '(');
        rest.iter().take(word.len()).copied().eq(word.chars()) && ends(rest.get(word.len()))
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.place += usize::from(found);
        found
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.place).copied()
    }

    fn at_end(&self) -> bool {
        self.place >= self.characters.len()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.place += 1;
        }
    }

    fn error(&self, message: &str, remedy: &str) -> QueryError {
        QueryError { position: self.place + 1, message: message.to_owned(), remedy: remedy.to_owned() }
    }
}

fn limit(value: String, included: bool) -> Limit {
    match value.as_str() {
        "*" => Limit::None,
        _ if included => Limit::Included(value),
        _ => Limit::Excluded(value),
    }
}

/// The only node, or all of them under one.
fn one_or(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match (nodes.pop(), nodes.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            nodes.extend(last);
            join(nodes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tree in one line, so that tests read as examples.
    fn show(node: &Node) -> String {
        let join = |nodes: &[Node], word: &str| format!("({})", nodes.iter().map(show).collect::<Vec<_>>().join(word));
        match node {
            Node::All => "all".to_owned(),
            Node::And(nodes) => join(nodes, " & "),
            Node::Or(nodes) => join(nodes, " | "),
            Node::Not(inner) => format!("!{}", show(inner)),
            Node::Condition(condition) => {
                let field = condition.field.as_ref().map_or(String::new(), |field| format!("{field}:"));
                match &condition.matcher {
                    Matcher::Value(value) => format!("{field}{value}"),
                    Matcher::Phrase(value) => format!("{field}'{value}'"),
                    Matcher::Pattern(value) => format!("{field}~{value}"),
                    Matcher::Range { low, high } => format!("{field}{low:?}..{high:?}"),
                    Matcher::Exists => format!("{field}any"),
                }
            }
        }
    }

    #[test]
    fn queries_mean_what_they_say() {
        for (text, tree) in [
            ("", "all"),
            ("a b OR c", "((a & b) | c)"),
            ("a AND (b OR NOT c)", "(a & (b | !c))"),
            ("-user.name:root dns.question.name:*.cn", "(!user.name:root & dns.question.name:~*.cn)"),
            ("message:\"union select\" \"a\\\"b\"", "(message:'union select' & 'a\"b')"),
            ("source.port:[1 TO *]", "source.port:Included(\"1\")..None"),
            ("source.port:{1 TO 5]", "source.port:Excluded(\"1\")..Included(\"5\")"),
            ("event.severity>=3", "event.severity:Included(\"3\")..None"),
            ("file.size<10", "file.size:None..Excluded(\"10\")"),
            ("http://a.cn/x fe80::1 12:30", "(http://a.cn/x & fe80::1 & 12:30)"),
            ("source.ip:10.0.0.0/8 user.name:*", "(source.ip:10.0.0.0/8 & user.name:any)"),
            ("--- -(a) - b", "(--- & !a & - & b)"),
            ("ORDER ANDREW", "(ORDER & ANDREW)"),
            ("检测 攻击", "(检测 & 攻击)"),
        ] {
            assert_eq!(show(&parse(text).expect(text)), tree, "{text}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (text, position) in
            [("a (b", 5), ("a)", 2), ("x:", 3), ("x:[1 5]", 6), ("\"ab", 1), ("a AND", 6), ("x:[1 TO 5", 10)]
        {
            assert_eq!(parse(text).expect_err(text).position, position, "{text}");
        }
        assert!(parse(&"(".repeat(1000)).is_err());
        assert!(parse(&"a ".repeat(300)).is_err());
        assert!(parse(&"a".repeat(limits::QUERY_BYTES + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer(text in "[a-c:()\\[\\]{}\"*?<>= \\-\\\\ANDORTO]{0,60}") {
            let _ = parse(&text);
        }
    }
}
