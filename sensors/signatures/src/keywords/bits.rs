//! `flowbits`, `flowint`, `xbits`, `hostbits`, `noalert`: what rules remember.

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts, without_value};

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("flowbits", flowbits),
    keyword("flowint", flowint),
    keyword("xbits", xbits),
    keyword("hostbits", hostbits),
    keyword("noalert", |draft, value| {
        without_value(value)?;
        draft.noalert = true;
        Ok(())
    }),
    keyword("alert", |draft, value| {
        without_value(value)?;
        draft.noalert = false;
        draft.alerts_anyway = true;
        Ok(())
    }),
];

/// Where a bit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Flow,
    /// One transaction of a flow.
    Transaction,
    Source,
    Destination,
    Pair,
}

/// A bit that must be set, or must not be, before the rule is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateCheck {
    pub(crate) holder: Holder,
    /// One of them is enough.
    pub(crate) names: Vec<u64>,
    pub(crate) set: bool,
}

/// What a match does to a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) holder: Holder,
    pub(crate) name: u64,
    pub(crate) change: Change,
    /// Seconds the bit lives, for those not kept in a flow.
    pub(crate) expire: u32,
}

/// How a bit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Set,
    Unset,
    Toggle,
}

/// One operation on a number of the flow; all of them run in order when everything else has matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntStep {
    pub(crate) name: u64,
    pub(crate) operation: IntOperation,
    pub(crate) value: IntValue,
}

/// What is done with a number of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntOperation {
    Add,
    Subtract,
    Assign,
    Less,
    AtMost,
    Equal,
    Different,
    AtLeast,
    Greater,
    IsSet,
    IsNotSet,
}

/// A number or another number of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntValue {
    Literal(u32),
    Name(u64),
}

fn bit_name(draft: &mut Draft<'_>, name: &str) -> Result<u64, String> {
    let name = name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(format!("{} can not be the name of a bit", fengsui_schema::shown(name)));
    }
    Ok(draft.named(name))
}

/// Adds a check or an effect, whichever the command is.
fn command(draft: &mut Draft<'_>, holder: Holder, (verb, names): (&str, &str), expire: u32) -> Result<(), String> {
    let change = match verb {
        "isset" | "isnotset" => {
            let names = names.split('|').map(|name| bit_name(draft, name)).collect::<Result<Vec<_>, _>>()?;
            draft.state_checks.push(StateCheck { holder, names, set: verb == "isset" });
            return Ok(());
        }
        "set" => Change::Set,
        "unset" => Change::Unset,
        "toggle" => Change::Toggle,
        _ => return Err(format!("{} is no command of it", fengsui_schema::shown(verb))),
    };
    for name in names.split('&') {
        let name = bit_name(draft, name)?;
        draft.effects.push(Effect { holder, name, change, expire });
    }
    Ok(())
}

fn flowbits(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (verb, names) = value.split_once(',').unwrap_or((value, ""));
    match verb.trim() {
        "noalert" => draft.noalert = true,
        verb => command(draft, Holder::Flow, (verb, names), 0)?,
    }
    Ok(())
}

/// How long a bit of an address lives when the rule does not say.
const DEFAULT_EXPIRY_SECONDS: u32 = 30;

fn xbits(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut options = parts(value);
    let verb = options.next().ok_or("needs a command")?;
    if verb == "noalert" {
        draft.noalert = true;
        return Ok(());
    }
    let name = options.next().ok_or("needs a name")?;
    let (mut holder, mut expire) = (None, DEFAULT_EXPIRY_SECONDS);
    for option in options {
        match pair(option) {
            ("track", "ip_src") => holder = Some(Holder::Source),
            ("track", "ip_dst") => holder = Some(Holder::Destination),
            ("track", "ip_pair") => holder = Some(Holder::Pair),
            ("track", "tx") => holder = Some(Holder::Transaction),
            ("expire", seconds) => {
                expire = seconds
                    .parse()
                    .map_err(|_| format!("{} is no number of seconds", fengsui_schema::shown(seconds)))?;
            }
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    command(draft, holder.ok_or("needs track ip_src, ip_dst, ip_pair or tx")?, (verb, name), expire)
}

fn hostbits(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut options = parts(value);
    let verb = options.next().ok_or("needs a command")?;
    let name = options.next().ok_or("needs a name")?;
    let holder = match options.next() {
        None | Some("src") => Holder::Source,
        Some("dst") => Holder::Destination,
        Some("both") => Holder::Pair,
        Some(other) => return Err(format!("{} is no side", fengsui_schema::shown(other))),
    };
    command(draft, holder, (verb, name), HOST_EXPIRY_SECONDS)
}

/// How long a host bit lives: as long as Suricata keeps it by default.
const HOST_EXPIRY_SECONDS: u32 = 300;

fn flowint(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut options = parts(value);
    let name = options.next().ok_or("needs a name")?;
    let verb = options.next().ok_or("needs an operation")?;
    let operation = match verb {
        "+" => IntOperation::Add,
        "-" => IntOperation::Subtract,
        "=" => IntOperation::Assign,
        "<" => IntOperation::Less,
        "<=" => IntOperation::AtMost,
        "==" => IntOperation::Equal,
        "!=" => IntOperation::Different,
        ">=" => IntOperation::AtLeast,
        ">" => IntOperation::Greater,
        "isset" => IntOperation::IsSet,
        "notset" | "isnotset" => IntOperation::IsNotSet,
        _ => return Err(format!("{} is no operation of it", fengsui_schema::shown(verb))),
    };
    let value = match (operation, options.next()) {
        (IntOperation::IsSet | IntOperation::IsNotSet, _) => IntValue::Literal(0),
        (_, None) => return Err("needs a number".to_owned()),
        (_, Some(text)) => text.parse().map(IntValue::Literal).unwrap_or_else(|_| IntValue::Name(draft.named(text))),
    };
    let name = draft.named(name);
    draft.ints.push(IntStep { name, operation, value });
    Ok(())
}
