//! Vehicles and drivers: plates (GA 36-2018), vehicle identification numbers, driving licences.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, RUNS, Runs, after_wide};
use crate::classify::checksum;
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::{Shape, Token};

/// What plates begin with: the provinces by one character.
pub(in super::super) const PROVINCES: [char; 31] = [
    '京', '津', '沪', '渝', '冀', '豫', '云', '辽', '黑', '湘', '皖', '鲁', '新', '苏', '浙', '赣', '鄂', '桂', '甘',
    '晋', '蒙', '陕', '吉', '闽', '贵', '粤', '青', '藏', '川', '宁', '琼',
];
/// A plate goes on from the last byte of a Chinese character or of a middle dot, or from a full stop.
static BESIDE_A_PLATE: &[u8] = &after_wide::<65>(b".");

const PLATE_WORDS: &[&str] = &[
    "车牌",
    "车号",
    "车辆",
    "号牌",
    "牌照",
    "挪车",
    "挡路",
    "违章",
    "停车",
    "的车",
    "名下车",
    "车主",
    "这个车",
    "这车",
    "是谁的",
    "谁的车",
    "plate",
    "cph",
    "cphm",
    "hphm",
];

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_license_plate",
        label: "机动车号牌",
        detect: Detect::Run(Runs {
            shortest: 5,
            longest: 7,
            shapes: &[Shape::Digits, Shape::Mixed, Shape::Letters],
            previous: BESIDE_A_PLATE,
            joined: false,
            check: plate,
            ..RUNS
        }),
        positive: PLATE_WORDS,
        negative: &[],
        valid: &["甘A12345", "车牌号甘AD12345", "粤B8888警", "京A·88888", "WJ甘1234X", "车辆粤KSBMMV", "沪AF12345"],
        invalid: &["甘A1234", "甘A123456789", "中A12345"],
    },
    Identifier {
        name: "cn_license_plate",
        label: "机动车号牌（有空格）",
        detect: Detect::Run(Runs {
            shortest: 5,
            longest: 6,
            shapes: DIGITS_OR_MIXED,
            previous: b" ",
            joined: false,
            check: spaced_plate,
            ..RUNS
        }),
        positive: PLATE_WORDS,
        negative: &[],
        valid: &["甘A 12345", "京A 88888和沪B D12345"],
        invalid: &["甘 A1234 12345", "规格A 12345", "甘A 123456789"],
    },
    Identifier {
        name: "vin",
        label: "车辆识别代号",
        detect: Detect::Run(Runs {
            shortest: 17,
            longest: 17,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: vin,
            ..RUNS
        }),
        positive: &["车架号", "车辆识别", "vin", "VIN", "chassis", "cjh", "clsbdh"],
        negative: &[],
        valid: &["1M8GDM9AXKP042788", "车架号 LSVAA49J132047371"],
        invalid: &["1M8GDM9A1KP042788", "11111111111111111"],
    },
    Identifier {
        name: "cn_engine_number",
        label: "发动机号",
        detect: Detect::Announced(Runs {
            shortest: 6,
            longest: 12,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: engine_number,
            ..RUNS
        }),
        positive: &["发动机号", "发动机编号", "fdjh"],
        negative: &["车架号", "车牌"],
        valid: &["发动机号 8A123456"],
        invalid: &["8A123456"],
    },
    Identifier {
        name: "cn_driver_licence",
        label: "驾驶证号",
        detect: Detect::Announced(Runs { shortest: 18, longest: 18, shapes: DIGITS_OR_MIXED, check: licence, ..RUNS }),
        positive: &["驾驶证", "驾照", "驾驶员证", "driver licence", "driver license", "jszh"],
        negative: &["身份证"],
        valid: &["驾驶证号 11010519491231002X"],
        invalid: &["驾驶证号 110105194912310021"],
    },
    Identifier {
        name: "cn_driver_licence",
        label: "驾驶证档案编号",
        detect: Detect::Announced(Runs {
            shortest: 12,
            longest: 12,
            shapes: DIGITS,
            joined: false,
            check: file_number,
            ..RUNS
        }),
        positive: &["档案编号", "驾驶证", "驾照"],
        negative: &[],
        valid: &["驾驶证档案编号 620100123456"],
        invalid: &["620100123456"],
    },
];

fn plate(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    if token.written().bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let before = token.before();
    if let Some(found) = armed_police(token, before) {
        return Some(found);
    }
    // `京A·88888`: the run after the dot, with the province and letter before it.
    if let Some(head) = before.strip_suffix(['·', '•', '.']) {
        return dotted(token, head);
    }
    let province = before.chars().next_back().filter(|c| PROVINCES.contains(c))?;
    let start = token.start - province.len_utf8();
    let (tail, suffix) = (&text[1..], suffix(token));
    let strong = text[0].is_ascii_uppercase() && text[0] != b'I' && is_tail(tail, suffix.is_some());
    let weak = text[0].is_ascii_uppercase() && matches!(tail.len(), 5 | 6);
    let digits = tail.iter().filter(|byte| byte.is_ascii_digit()).count();
    let end = token.end + suffix.map_or(0, char::len_utf8);
    let found = Found { start, end, ..Found::run(token, 82, "省份简称、发牌机关字母和序号符合GA 36") };
    match (strong, weak && tail.len() == 5) {
        (true, _) => Some(found),
        (false, true) if digits > 0 => {
            Some(Found { confidence: 56, why: "省份简称和长度符合号牌，序号含不用的字母", ..found })
        }
        (false, true) => {
            Some(Found {
                confidence: 45, why: "省份简称和长度符合号牌，序号无数字", needs_context: true, ..found
            })
        }
        _ => None,
    }
}

/// What follows the letter of the authority: five characters with at most two letters, six for new energy.
fn is_tail(tail: &[u8], suffixed: bool) -> bool {
    let letters = tail.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let usable = !tail.iter().any(|byte| matches!(byte, b'I' | b'O'));
    let new_energy = |letter: u8| matches!(letter, b'A'..=b'H' | b'J' | b'K');
    usable
        && match tail {
            [first, _, rest @ ..] if tail.len() == 6 && new_energy(*first) => rest.iter().all(u8::is_ascii_digit),
            [rest @ .., last] if tail.len() == 6 && new_energy(*last) => rest.iter().all(u8::is_ascii_digit),
            _ => tail.len() == 5 && letters <= 2 || suffixed && tail.len() == 4,
        }
}

/// 挂, 学, 警, 港, 澳, 使, 领 end a plate of their kind.
fn suffix(token: &Token<'_>) -> Option<char> {
    token.after().chars().next().filter(|c| "挂学警港澳使领".contains(*c))
}

fn armed_police(token: &Token<'_>, before: &str) -> Option<Found> {
    let province = before.chars().next_back().filter(|c| PROVINCES.contains(c))?;
    let head = before.strip_suffix(province)?.strip_suffix("WJ")?;
    let text = token.compact();
    let fits = text.len() == 5 && text[..4].iter().all(u8::is_ascii_digit);
    fits.then(|| Found { start: head.len(), ..Found::run(token, 85, "武警号牌格式") })
}

fn dotted(token: &Token<'_>, head: &str) -> Option<Found> {
    let letter = head.chars().next_back().filter(char::is_ascii_uppercase)?;
    let province = head.strip_suffix(letter)?.chars().next_back().filter(|c| PROVINCES.contains(c))?;
    let start = head.len() - 1 - province.len_utf8();
    is_tail(token.compact(), false)
        .then(|| Found { start, ..Found::run(token, 88, "带间隔点的号牌，符合GA 36") })
}

/// `京A 88888`: the run after the space, with the province and letter before it.
fn spaced_plate(token: &Token<'_>) -> Option<Found> {
    let found = dotted(token, token.before().strip_suffix(' ')?)?;
    let upper = !token.written().bytes().any(|byte| byte.is_ascii_lowercase());
    upper.then_some(Found { confidence: 80, why: "字母后有空格的号牌，符合GA 36", ..found })
}

fn vin(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let letters = text.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let fits = !token.joined && letters >= 2 && checksum::vin(text);
    let serial = text[13..].iter().all(u8::is_ascii_digit);
    fits.then(|| Found::run(token, if serial { 82 } else { 60 }, "17位且校验位(GB 16735)正确"))
}

fn engine_number(token: &Token<'_>) -> Option<Found> {
    (!token.joined).then(|| Found::in_context(token, 50, "发动机号标签后的编号"))
}

fn licence(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = regions::region(text) > RegionMatch::Unknown && checksum::mod_11_2(text);
    fits.then(|| Found::in_context(token, 97, "驾驶证号即公民身份号码，校验码正确"))
}

fn file_number(token: &Token<'_>) -> Option<Found> {
    let fits = !token.joined && regions::region(token.compact()) > RegionMatch::Unknown;
    fits.then(|| Found::in_context(token, 60, "12位档案编号，区划正确"))
}
