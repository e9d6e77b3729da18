//! Values that look right and belong to nobody: made from dictionaries, in ranges that are not assigned.

use std::fmt::Write;

use super::{Keeps, Mask, MaskInput};
use crate::classify::checksum::{luhn, mod_11_2_check};

pub(super) const MASK: Mask = Mask {
    name: "fake",
    label: "仿真替换",
    deterministic: true,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Numbers,
    apply,
};

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高",
    "罗",
];
const GIVEN: [&str; 24] = [
    "明远", "思齐", "文博", "雅琴", "晓东", "玉兰", "志恒", "丽萍", "国栋", "春燕", "海涛", "秀云", "建平", "雪梅",
    "永强", "佳宁", "振华", "慧敏", "立新", "婷", "磊", "静", "勇", "娟",
];

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let number = input.keys.number("fake", input.value.trim().as_bytes());
    let written = match input.data_type {
        Some("person_name") if !input.number => write!(out, "{}{}", pick(&SURNAMES, number), pick(&GIVEN, number / 64)),
        Some("cn_mobile") => write!(out, "19999{:06}", number % 1_000_000),
        Some("cn_resident_id") if !input.number => write!(out, "{}", identity(number)),
        Some("email") if !input.number => write!(out, "user{:010}@example.com", number % 10_000_000_000),
        Some("address") if !input.number => write!(
            out,
            "示例省示例市示例区虚拟路{}号{}栋{}室",
            number % 900 + 1,
            number / 900 % 30 + 1,
            number / 27_000 % 3000 + 101
        ),
        Some("bank_card") => write!(out, "{}", card(number)),
        Some("cn_license_plate") if !input.number => write!(out, "测A{:05}", number % 100_000),
        _ => {
            let replaced = input.value.chars().enumerate().map(|(index, c)| replaced(c, number, index, input.number));
            out.extend(replaced);
            Ok(())
        }
    };
    written.map_err(|_| "the value can't be written")
}

/// A card number of a range no issuer has, with a valid check digit.
fn card(number: u64) -> String {
    let body = format!("629999{:012}", number % 1_000_000_000_000);
    let valid = (0..10).map(|check| format!("{body}{check}")).find(|card| luhn(card.as_bytes()));
    valid.unwrap_or(body)
}

fn pick<'a, const N: usize>(list: &[&'a str; N], number: u64) -> &'a str {
    usize::try_from(number % N as u64).ok().and_then(|at| list.get(at)).copied().unwrap_or("某")
}

/// An identity number of the region 990000, which no place has, with a valid check character.
fn identity(number: u64) -> String {
    let (year, month, day) = (1950 + number % 60, number / 60 % 12 + 1, number / 720 % 28 + 1);
    let body = format!("990000{year:04}{month:02}{day:02}{:03}", number / 20_160 % 1000);
    let check = mod_11_2_check(body.as_bytes()).map_or('0', char::from);
    format!("{body}{check}")
}

/// A character of the same class; everything but letters, digits and Chinese stays.
fn replaced(c: char, number: u64, index: usize, is_number: bool) -> char {
    let drawn = u8::try_from(
        number.rotate_left(u32::try_from(index % 64).unwrap_or(0)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56,
    )
    .unwrap_or(0);
    match c {
        '0'..='9' if is_number && index == 0 => char::from(b'1' + drawn % 9),
        '0'..='9' => char::from(b'0' + drawn % 10),
        'a'..='z' => char::from(b'a' + drawn % 26),
        'A'..='Z' => char::from(b'A' + drawn % 26),
        '\u{4e00}'..='\u{9fff}' => '某',
        other => other,
    }
}
