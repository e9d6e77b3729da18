//! Land, buildings and projects: real-estate units, certificates, project codes, contracts.

use super::{DIGITS_OR_MIXED, Detect, Found, Identifier, MIXED, RUNS, Runs, all_digits};
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::{Document, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_real_estate_unit",
        label: "不动产单元号",
        detect: Detect::Run(Runs { shortest: 28, longest: 28, shapes: MIXED, check: unit, ..RUNS }),
        positive: &["不动产单元", "宗地", "房产", "bdcdyh"],
        negative: &[],
        valid: &["不动产单元号 620102001001GB00001F00010001", "620102 001001 GB00001 F00010001"],
        invalid: &["990102001001GB00001F00010001", "620102001001XX00001F00010001"],
    },
    Identifier {
        name: "cn_real_estate_unit",
        label: "不动产单元号（分段）",
        detect: Detect::Run(Runs {
            shortest: 6,
            longest: 12,
            shapes: &[super::Shape::Digits],
            next: b" ",
            check: unit_in_parts,
            ..RUNS
        }),
        positive: &["不动产单元", "宗地", "房产", "bdcdyh"],
        negative: &[],
        valid: &["620102 001001 GB00001 F00010001"],
        invalid: &["620102 001001 GB00001", "620102 001001 XX00001 F00010001"],
    },
    Identifier {
        name: "cn_real_estate_certificate",
        label: "不动产权证号",
        detect: Detect::Anchor { literals: &["不动产权第", "房权证", "不动产证明第"], find: certificate },
        positive: &["权证", "产权", "证号"],
        negative: &[],
        valid: &["甘（2021）兰州市不动产权第0012345号", "兰房权证城关区字第123456号"],
        invalid: &["不动产权第号"],
    },
    Identifier {
        name: "cn_project_code",
        label: "投资项目统一代码",
        detect: Detect::Run(Runs {
            shortest: 4,
            longest: 4,
            shapes: &[super::Shape::Digits],
            next: b"-",
            check: project,
            ..RUNS
        }),
        positive: &["项目代码", "项目统一代码", "投资项目", "xmdm"],
        negative: &[],
        valid: &["项目代码 2308-620102-04-01-123456", "2020-620102-48-03-012345"],
        invalid: &["2313-620102-04-01-123456", "2308-990102-04-01-123456"],
    },
    Identifier {
        name: "cn_contract_number",
        label: "合同编号",
        detect: Detect::Announced(Runs { shortest: 6, longest: 24, shapes: DIGITS_OR_MIXED, check: contract, ..RUNS }),
        positive: &["合同编号", "合同号", "htbh"],
        negative: &[],
        valid: &["合同编号：HT2023001234"],
        invalid: &["HT2023001234"],
    },
];

fn certificate(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let before = document.text.get(..at)?;
    let near = &rest[..super::super::context::floor(rest, 30)];
    let (skip, text) = match near.find("字第") {
        Some(place) if place <= 24 => (place + "字第".len(), &rest[place + "字第".len()..]),
        _ => (0, rest),
    };
    let digits = text.bytes().take(13).take_while(u8::is_ascii_digit).count();
    let head: usize = before
        .chars()
        .rev()
        .take(14)
        .take_while(|c| *c > '\u{2e80}' && !"，。：；、".contains(*c) || "()0123456789".contains(*c))
        .map(char::len_utf8)
        .sum();
    let fits = digits >= 4 && text[digits..].starts_with('号');
    let end = at + length + skip + digits + "号".len();
    fits.then_some(Found {
        start: at - head, end, confidence: 86, why: "不动产权证书编号格式", needs_context: false
    })
}

/// County, cadastral district and subdistrict, kind of parcel, parcel, kind of structure, unit (GB/T 37346-2019).
fn unit(token: &Token<'_>) -> Option<Found> {
    is_unit(token.compact()).then(|| Found::run(token, 92, "28位结构和区划(GB/T 37346)正确"))
}

fn is_unit(text: &[u8]) -> bool {
    text.len() == 28
        && regions::region(text) == RegionMatch::Listed
        && all_digits(&text[6..12])
        && matches!(text[12], b'G' | b'J' | b'Z')
        && matches!(text[13], b'A' | b'B' | b'S' | b'X' | b'C' | b'D' | b'E' | b'F' | b'H' | b'W' | b'G' | b'Y')
        && all_digits(&text[14..19])
        && matches!(text[19], b'F' | b'L' | b'Q' | b'W')
        && all_digits(&text[20..])
}

/// The same in four parts with spaces; the run is the first part or the first two, joined.
fn unit_in_parts(token: &Token<'_>) -> Option<Found> {
    if token.joined || token.compact().len() != 6 {
        return None;
    }
    let written = token.document.text.as_bytes().get(token.start..token.start + 31)?;
    let spaced = [6, 13, 21].iter().all(|at| written[*at] == b' ');
    let compact: Vec<u8> = written.iter().copied().filter(|byte| *byte != b' ').collect();
    let fits = spaced && is_unit(&compact);
    fits.then(|| Found { end: token.start + 31, ..Found::run(token, 93, "28位结构和区划(GB/T 37346)正确") })
}

/// `YYMM-RRRRRR-DD-TT-NNNNNN` and the older `YYYY-...`; the run is the first part (GB/T 40058-2021).
fn project(token: &Token<'_>) -> Option<Found> {
    let text = token.document.text.as_bytes();
    let written = text.get(token.start..token.start + 24)?;
    let dashes = [4, 11, 14, 17].iter().all(|at| written[*at] == b'-');
    let digits = dashes && [0..4, 5..11, 12..14, 15..17, 18..23].into_iter().all(|part| all_digits(&written[part]));
    let month = regions::number(&written[2..4]).is_some_and(|month| (1..=12).contains(&month));
    let year = regions::number(&written[..4]).is_some_and(|year| (2013..=2030).contains(&year));
    let alone =
        !text.get(token.start + 24).is_some_and(u8::is_ascii_alphanumeric) && token.previous_byte() != Some(b'-');
    let fits = digits
        && written[23].is_ascii_alphanumeric()
        && (month || year)
        && alone
        && regions::region(&written[5..11]) > RegionMatch::Unknown;
    fits.then(|| Found {
        end: token.start + 24, ..Found::run(token, 88, "时间、区划、部门、类型结构(GB/T 40058)正确")
    })
}

fn contract(token: &Token<'_>) -> Option<Found> {
    let digits = token.compact().iter().filter(|byte| byte.is_ascii_digit()).count();
    (digits >= 4 && !token.joined).then(|| Found::in_context(token, 46, "合同标签后的编号"))
}
