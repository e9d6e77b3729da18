//! A rule while its options are read.

use fengsui_protocols::{AppProtocol, Direction};

use crate::classification::Class;
use crate::keywords::bits::{Effect, IntStep, StateCheck};
use crate::keywords::content::Content;
use crate::keywords::file::FileCheck;
use crate::keywords::flow::FlowOptions;
use crate::keywords::packet::PacketCheck;
use crate::keywords::threshold::Rate;
use crate::keywords::transaction::TransactionCheck;
use crate::rule::{Absent, List, Operand, Source, Step, Test};
use crate::transform::Transform;
use crate::{RuleData, RuleInfo, limits, number};

/// A rule while its options are read; each keyword adds to it.
pub(crate) struct Draft<'l> {
    pub(crate) data: &'l RuleData,
    /// Classes of a classification.config.
    pub(crate) classes: &'l [Class],
    pub(crate) info: RuleInfo,
    pub(crate) priority: Option<u8>,
    pub(crate) flow: FlowOptions,
    pub(crate) packet_checks: Vec<PacketCheck>,
    pub(crate) transaction_checks: Vec<TransactionCheck>,
    pub(crate) file_checks: Vec<FileCheck>,
    pub(crate) state_checks: Vec<StateCheck>,
    pub(crate) ints: Vec<IntStep>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) lists: Vec<List>,
    pub(crate) noalert: bool,
    pub(crate) captures: bool,
    /// The rule asks for an alert by a keyword: then a `pass` rule alerts too.
    pub(crate) alerts_anyway: bool,
    /// Texts of the options that are no steps of a list, for "why it fired".
    pub(crate) check_texts: Vec<String>,
    checks: usize,
    pub(crate) warnings: Vec<String>,
    /// Text of the option being read.
    pub(crate) option: String,
    /// Application protocols of the header.
    pub(crate) applications: Vec<AppProtocol>,
    source: Source,
    /// Direction the sticky buffer was asked for in, for buffers that exist in both.
    pub(crate) direction: Option<Direction>,
    transforms: Vec<Transform>,
    fresh: bool,
    base64: bool,
    last: Option<Place>,
    variables: Vec<String>,
    /// Names of bits and numbers, by the digest that stands for them.
    pub(crate) names: Vec<(u64, String)>,
}

/// Where a step is: list, step within it, step within its decoded content.
#[derive(Debug, Clone, Copy)]
struct Place {
    list: usize,
    base64: Option<usize>,
    step: usize,
}

impl<'l> Draft<'l> {
    pub(crate) fn new(info: RuleInfo, data: &'l RuleData, classes: &'l [Class]) -> Self {
        Self {
            data,
            classes,
            info,
            priority: None,
            flow: FlowOptions::default(),
            packet_checks: Vec::new(),
            transaction_checks: Vec::new(),
            file_checks: Vec::new(),
            state_checks: Vec::new(),
            ints: Vec::new(),
            effects: Vec::new(),
            rates: Vec::new(),
            lists: Vec::new(),
            noalert: false,
            captures: false,
            alerts_anyway: false,
            check_texts: Vec::new(),
            checks: 0,
            warnings: Vec::new(),
            option: String::new(),
            applications: Vec::new(),
            source: Source::Payload,
            direction: None,
            transforms: Vec::new(),
            fresh: false,
            base64: false,
            last: None,
            variables: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Keeps the text of the option just read when it added a check.
    pub(crate) fn note_checks(&mut self) {
        let checks = self.packet_checks.len()
            + self.transaction_checks.len()
            + self.file_checks.len()
            + self.state_checks.len()
            + self.rates.len();
        if std::mem::replace(&mut self.checks, checks) != checks {
            self.check_texts.push(self.option.clone());
        }
    }

    /// Makes the following steps look at this source.
    pub(crate) fn look_at(&mut self, source: Source) {
        self.source = source;
        self.transforms.clear();
        self.fresh = matches!(source, Source::Buffer(buffer) if buffer.spec().multiple);
        self.base64 = false;
    }

    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// Adds a transformation of the current sticky buffer.
    pub(crate) fn transform(&mut self, transform: Transform) -> Result<(), String> {
        if self.source == Source::Payload {
            return Err("a transformation needs a sticky buffer before it".to_owned());
        }
        self.transforms.push(transform);
        Ok(())
    }

    /// Makes the following steps look at what the last `base64_decode` decoded.
    pub(crate) fn look_at_base64(&mut self) -> Result<(), String> {
        let list = self.list_index();
        match self.lists[list].steps.last() {
            Some(Step { test: Test::Base64(_), .. }) => self.base64 = true,
            _ => return Err("needs base64_decode right before it".to_owned()),
        }
        Ok(())
    }

    /// Allows the current buffer to be absent.
    pub(crate) fn absent(&mut self, absent: Absent) -> Result<(), String> {
        if self.source.of_packet() {
            return Err("needs a sticky buffer before it".to_owned());
        }
        let list = self.list_index();
        self.lists[list].absent = absent;
        Ok(())
    }

    fn list_index(&mut self) -> usize {
        let (source, transforms) = (self.source, &self.transforms);
        let fresh = std::mem::take(&mut self.fresh);
        let known = self.lists.iter().rposition(|list| list.source == source && list.transforms == *transforms);
        known.filter(|_| !fresh).unwrap_or_else(|| {
            let transforms = self.transforms.clone();
            self.lists.push(List { source, transforms, steps: vec![], absent: Absent::Fails, needs_all: false });
            self.lists.len() - 1
        })
    }

    /// Adds a step to the current buffer.
    pub(crate) fn push(&mut self, test: Test) {
        if let Some(source) = self.source_before(&test) {
            return self.push_into(source, test);
        }
        let text = self.option.clone();
        let list = self.list_index();
        let is_content = matches!(test, Test::Content(_));
        let step = Step { test, text, retry: false };
        let decoded = if self.base64 { self.lists[list].steps.len().checked_sub(1) } else { None };
        let steps = match decoded.map(|index| &mut self.lists[list].steps[index].test) {
            Some(Test::Base64(decode)) => &mut decode.inner,
            _ => &mut self.lists[list].steps,
        };
        steps.push(step);
        if is_content {
            self.last = Some(Place { list, base64: decoded, step: steps.len() - 1 });
        }
    }

    /// The buffer the content before was moved to, for a test that continues there.
    fn source_before(&self, test: &Test) -> Option<Source> {
        let continues = test.is_relative() && !matches!(test, Test::Content(_) | Test::Base64(_));
        if !continues || self.source != Source::Payload || self.base64 {
            return None;
        }
        let list = self.lists.get(self.last.filter(|last| last.base64.is_none())?.list)?;
        (list.source != Source::Payload && list.transforms.is_empty()).then_some(list.source)
    }

    /// Adds a step to a named buffer without changing the current one (options of `pcre`, `urilen`).
    pub(crate) fn push_into(&mut self, source: Source, test: Test) {
        let (before, transforms, base64) = (self.source, std::mem::take(&mut self.transforms), self.base64);
        self.look_at(source);
        self.fresh = false;
        self.push(test);
        (self.source, self.transforms, self.base64) = (before, transforms, base64);
    }

    /// The content that modifiers apply to, with its text.
    pub(crate) fn last_content(&mut self) -> Result<&mut Content, String> {
        let text = self.option.clone();
        let missing = "needs a content before it";
        let place = self.last.ok_or(missing)?;
        let step = self.step(place).ok_or(missing)?;
        let Test::Content(content) = &mut step.test else { return Err(missing.to_owned()) };
        step.text.push_str("; ");
        step.text.push_str(&text);
        Ok(content)
    }

    /// Drops lists that moving contents has left empty.
    pub(crate) fn drop_empty_lists(&mut self) {
        self.lists.retain(|list| !list.steps.is_empty() || list.absent != Absent::Fails);
    }

    /// Moves the last content from the payload to a buffer (modifiers such as `http_uri`).
    pub(crate) fn move_last(&mut self, source: Source) -> Result<(), String> {
        self.last_content()?;
        let place = self.last.ok_or("needs a content before it")?;
        if place.base64.is_some() || self.lists[place.list].source != Source::Payload {
            return Err("the content before it is in a sticky buffer already".to_owned());
        }
        let step = self.lists[place.list].steps.remove(place.step);
        let known = self.lists.iter().position(|list| list.source == source && list.transforms.is_empty());
        let list = known.unwrap_or_else(|| {
            self.lists.push(List {
                source,
                transforms: vec![],
                steps: vec![],
                absent: Absent::Fails,
                needs_all: false,
            });
            self.lists.len() - 1
        });
        self.lists[list].steps.push(step);
        self.last = Some(Place { list, base64: None, step: self.lists[list].steps.len() - 1 });
        Ok(())
    }

    fn step(&mut self, place: Place) -> Option<&mut Step> {
        let steps = &mut self.lists.get_mut(place.list)?.steps;
        match place.base64 {
            None => steps.get_mut(place.step),
            Some(index) => match &mut steps.get_mut(index)?.test {
                Test::Base64(decode) => decode.inner.get_mut(place.step),
                _ => None,
            },
        }
    }

    /// The digest that stands for a name, which is kept so that records can tell it.
    pub(crate) fn named(&mut self, name: &str) -> u64 {
        let key = crate::rule::digest(name);
        self.names.push((key, name.to_owned()));
        key
    }

    /// A new variable that a step sets.
    pub(crate) fn define(&mut self, name: &str) -> Result<usize, String> {
        if let Some(index) = self.variables.iter().position(|known| known == name) {
            return Ok(index);
        }
        let valid = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !valid || self.variables.len() >= limits::RULE_VARIABLES {
            return Err(format!("{} can not be a variable", fengsui_schema::shown(name)));
        }
        self.variables.push(name.to_owned());
        Ok(self.variables.len() - 1)
    }

    /// A number or the variable of that name.
    pub(crate) fn operand(&self, text: &str) -> Result<Operand, String> {
        let text = text.trim();
        if let Some(index) = self.variables.iter().position(|known| known == text) {
            return Ok(Operand::Variable(index));
        }
        number::signed(text)
            .map(Operand::Literal)
            .map_err(|_| format!("{} is neither a number nor a variable set before", fengsui_schema::shown(text)))
    }
}
