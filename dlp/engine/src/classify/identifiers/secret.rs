//! Secrets: private keys (also SM2), access keys, tokens, passwords in settings and connection strings.

use super::{Detect, Found, Identifier, MIXED, RUNS, Runs};
use crate::classify::tokens::{Document, Token};

macro_rules! secret {
    ($label:literal, $detect:expr, $positive:expr, $valid:expr, $invalid:expr) => {
        Identifier {
            name: "secret",
            label: $label,
            detect: $detect,
            positive: $positive,
            negative: &[],
            valid: $valid,
            invalid: $invalid,
        }
    };
}

pub(super) static ALL: &[Identifier] = &[
    secret!(
        "私钥",
        Detect::Anchor { literals: &["-----BEGIN "], find: private_key },
        &[],
        &[
            "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQg\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0123456789\n"
        ],
        &["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\nMFkw\n"]
    ),
    secret!(
        "云访问密钥",
        Detect::Run(Runs { shortest: 16, longest: 48, shapes: MIXED, check: cloud_key, ..RUNS }),
        &["access key", "accesskey", "AccessKeyId", "secretid", "SecretId", "ak"],
        &[
            "LTAI5tA1b2C3d4E5f6G7h8I9",
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
            "AKIAIOSFODNN7EXAMPLE",
            "AIzaSyA1234567890abcdefghijklmnopqrstuv"
        ],
        &["AKIA1234", "LTAIx", "akiaiosfodnn7example"]
    ),
    secret!(
        "访问令牌",
        Detect::Anchor {
            literals: &[
                "ghp_",
                "gho_",
                "ghs_",
                "github_pat_",
                "glpat-",
                "xoxb-",
                "xoxp-",
                "sk_live_",
                "rk_live_",
                "sk-proj-",
                "hf_",
                "npm_",
                "dop_v1_",
                "SG."
            ],
            find: token
        },
        &[],
        &["ghp_0123456789abcdefghijABCDEFGHIJ012345", "glpat-abcDEF0123456789abcd"],
        &["ghp_short", "hf_model_name_here_and_more_words"]
    ),
    secret!(
        "JSON网络令牌",
        Detect::Anchor { literals: &["eyJ"], find: json_web_token },
        &[],
        &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
        &["eyJhbGciOiJIUzI1NiJ9", "eyJ.eyJ.x"]
    ),
    secret!(
        "口令和密钥赋值",
        Detect::Anchor {
            literals: &[
                "password",
                "passwd",
                "Password",
                "PASSWORD",
                "pwd",
                "PWD",
                "secret",
                "Secret",
                "SECRET",
                "api_key",
                "apikey",
                "apiKey",
                "API_KEY",
                "access_token",
                "密码",
                "口令",
                "PIN码"
            ],
            find: assignment
        },
        &[],
        &[
            "password=S3cure!pass99",
            "密码：Abc@12345",
            "\"api_key\": \"9f8e7d6c5b4a39281706\"",
            "db.password: qWe123!@#"
        ],
        &[
            "password=",
            "password reset",
            "密码找回",
            "password=${DB_PASSWORD}",
            "password: ******",
            "secret: null",
            "pwd=xxxxxxxx"
        ]
    ),
    secret!(
        "连接串口令",
        Detect::Anchor { literals: &["://"], find: connection },
        &[],
        &["postgres://app:S3cret99@10.0.0.1/db", "redis://:p4ssw0rd@host:6379"],
        &["https://example.com/a@b", "http://user@host/"]
    ),
];

fn found(start: usize, end: usize, confidence: u8, why: &'static str) -> Found {
    Found { start, end, confidence, why, needs_context: false }
}

/// A PEM block (RFC 7468) whose label ends in PRIVATE KEY; one with the SM2 curve's object identifier says so.
fn private_key(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    /// Base64 of the object identifier 1.2.156.10197.1.301 as it begins in the usual PKCS#8 header.
    const SM2: &str = "KoEcz1UBgi0";
    let rest = document.text.get(at + length..)?;
    let near = &rest[..super::super::context::floor(rest, 48)];
    let label = &rest[..near.find("-----").filter(|end| *end <= 40)?];
    if !label.ends_with("PRIVATE KEY") {
        return None;
    }
    let body = &rest[label.len() + 5..];
    let end = body[..super::super::context::floor(body, 8192)]
        .find("-----END ")
        .map_or(0, |end| end + "-----END ".len() + label.len() + 5);
    let data = body
        .trim_start()
        .bytes()
        .take(16)
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b':' | b'-'));
    let sm2 = body[..super::super::context::floor(body, 200)].contains(SM2) || label.contains("SM2");
    let why = if sm2 { "PEM私钥，SM2曲线(1.2.156.10197.1.301)" } else { "PEM私钥块(RFC 7468)" };
    data.then(|| found(at, (at + length + label.len() + 5 + end).min(document.text.len()), 97, why))
}

fn cloud_key(token: &Token<'_>) -> Option<Found> {
    let written = token.written().as_bytes();
    let cased = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let why = match written {
        [b'A', b'K' | b'S', b'I', b'A', rest @ ..] if rest.len() == 16 && rest.iter().all(cased) => "AWS访问密钥ID",
        [b'L', b'T', b'A', b'I', rest @ ..] if (12..=24).contains(&rest.len()) => "阿里云AccessKey ID",
        [b'A', b'K', b'I', b'D', rest @ ..] if (28..=36).contains(&rest.len()) => "腾讯云SecretId",
        [b'A', b'K', b'L', b'T', rest @ ..] if rest.len() >= 20 => "火山引擎AccessKey",
        [b'A', b'I', b'z', b'a', b'S', b'y', rest @ ..] if rest.len() >= 30 => "Google API密钥",
        _ => return None,
    };
    Some(found(token.start, token.end, 92, why))
}

fn token(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let end = rest
        .bytes()
        .take(256)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        .count();
    let body = &rest[..end];
    let preceded = at > 0 && document.text.as_bytes()[at - 1].is_ascii_alphanumeric();
    (end >= 20 && is_random(body) && !preceded).then(|| found(at, at + length + end, 92, "令牌前缀后的随机串"))
}

fn json_web_token(document: Document<'_>, at: usize, _length: usize) -> Option<Found> {
    let rest = document.text.get(at..)?;
    let end = rest
        .bytes()
        .take(4096)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        .count();
    let written = rest[..end].trim_end_matches('.');
    let parts: Vec<&str> = written.split('.').collect();
    let fits = parts.len() == 3 && parts[0].len() >= 16 && parts[1].starts_with("ey") && parts[2].len() >= 20;
    fits.then(|| found(at, at + written.len(), 95, "三段JSON网络令牌(RFC 7519)"))
}

/// A value assigned to a name that means a secret: not empty, not a placeholder, not a plain word.
fn assignment(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let trimmed = rest.trim_start_matches(['"', '\'', ' ']);
    let separated = trimmed.strip_prefix([':', '=', '：']).or_else(|| trimmed.strip_prefix('是'))?;
    let value_and_rest = separated.trim_start_matches(['"', '\'', ' ', '=', '>']);
    if value_and_rest.starts_with(['\n', '\r']) {
        return None;
    }
    let start = document.text.len() - value_and_rest.len();
    let end = value_and_rest
        .bytes()
        .take(200)
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b',' | b';' | b'<' | b'&' | b')'))
        .count();
    let value = &value_and_rest[..end];
    (is_password(value)).then(|| found(start, start + end, 80, "口令类字段的取值"))
}

fn is_password(value: &str) -> bool {
    let placeholder = value.starts_with(['$', '{', '%', '*', '<', '[', '('])
        || value.contains("***")
        || value.contains("${")
        || value.contains('(');
    let same = value.bytes().all(|byte| Some(byte) == value.bytes().next());
    let has = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    let classes = [
        has(u8::is_ascii_digit),
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
        has(u8::is_ascii_punctuation),
    ];
    let mixed = classes.into_iter().filter(|present| *present).count() >= 2 && classes[0];
    (6..=200).contains(&value.len()) && !placeholder && !same && mixed
}

/// At least a digit and both cases, or digits all through: words joined by underscores are no tokens.
fn is_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    digits * 10 >= value.len()
}

/// The password part of `scheme://user:password@host`.
fn connection(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let end = rest
        .bytes()
        .take(256)
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\''))
        .count();
    let (credentials, _host) = rest[..end].rsplit_once('@')?;
    let (user, password) = credentials.split_once(':')?;
    let placeholder = password.starts_with(['$', '{', '<', '*']);
    let start = at + length + user.len() + 1;
    (password.len() >= 4 && !placeholder).then(|| found(start, start + password.len(), 90, "连接串中的口令"))
}
