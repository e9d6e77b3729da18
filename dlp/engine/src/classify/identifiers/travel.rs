//! Travel documents and identity cards of Hong Kong, Macau and Taiwan.

use super::{CAPITALS, DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, MIXED, RUNS, Runs, all_digits};
use crate::classify::checksum;
use crate::classify::tokens::{Document, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_passport",
        label: "护照号",
        detect: Detect::Announced(Runs { shortest: 8, longest: 9, shapes: MIXED, check: passport, ..RUNS }),
        positive: &["护照", "passport", "出入境", "签证", "证件号", "出境", "旅客", "hzh", "hzhm"],
        negative: &["港澳通行证", "台湾通行证"],
        valid: &["护照号E12345678", "passport EA1234567", "护照 G12345678", "公务护照 SE1234567"],
        invalid: &["E1234567", "护照 I12345678", "型号 E123456789"],
    },
    Identifier {
        name: "cn_passport",
        label: "护照号（旧）",
        detect: Detect::Announced(Runs {
            shortest: 9,
            longest: 9,
            shapes: DIGITS,
            joined: false,
            check: old_passport,
            ..RUNS
        }),
        positive: &["护照", "passport"],
        negative: &[],
        valid: &["护照号 141234567"],
        invalid: &["141234567"],
    },
    Identifier {
        name: "passport_mrz",
        label: "护照机读码",
        detect: Detect::Anchor { literals: &["P<"], find: machine_readable },
        positive: &[],
        negative: &[],
        valid: &["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"],
        invalid: &[
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C37UTO7408122F1204159ZE184226B<<<<<10",
            "P<0.05",
        ],
    },
    Identifier {
        name: "cn_hk_macau_permit",
        label: "港澳居民来往内地通行证",
        detect: Detect::Announced(Runs { shortest: 9, longest: 11, shapes: MIXED, check: home_return, ..RUNS }),
        positive: &["回乡证", "来往内地通行证", "港澳居民", "港澳通行证", "往来港澳", "通行证"],
        negative: &[],
        valid: &[
            "回乡证 H12345678",
            "港澳居民来往内地通行证 M1234567801",
            "往来港澳通行证号 C12345678",
            "港澳通行证 CA1234567",
        ],
        invalid: &["H12345678", "通行证 K12345678"],
    },
    Identifier {
        name: "cn_taiwan_permit",
        label: "台湾居民来往大陆通行证",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 10,
            shapes: DIGITS,
            joined: false,
            check: taiwan_compatriot,
            ..RUNS
        }),
        positive: &["台胞证", "台湾居民", "来往大陆通行证", "台湾通行证"],
        negative: &[],
        valid: &["台胞证 12345678", "台湾居民来往大陆通行证：0123456789"],
        invalid: &["12345678"],
    },
    Identifier {
        name: "cn_taiwan_permit",
        label: "往来台湾通行证",
        detect: Detect::Announced(Runs { shortest: 9, longest: 9, shapes: MIXED, check: to_taiwan, ..RUNS }),
        positive: &["往来台湾", "台湾通行证", "赴台", "大通证"],
        negative: &[],
        valid: &["往来台湾通行证 L12345678"],
        invalid: &["L12345678"],
    },
    Identifier {
        name: "hk_identity_card",
        label: "香港身份证号",
        detect: Detect::Run(Runs { shortest: 7, longest: 9, shapes: MIXED, first: CAPITALS, check: hong_kong, ..RUNS }),
        positive: &["香港身份证", "香港居民", "HKID", "hkid", "身份证"],
        negative: &[],
        valid: &["香港身份证 A123456(3)", "HKID G123456(A)"],
        invalid: &["香港身份证 A123456(4)"],
    },
    Identifier {
        name: "macau_identity_card",
        label: "澳门身份证号",
        detect: Detect::Announced(Runs {
            shortest: 7,
            longest: 8,
            shapes: DIGITS,
            joined: false,
            check: macau,
            ..RUNS
        }),
        positive: &["澳门身份证", "澳门居民身份证", "BIR"],
        negative: &[],
        valid: &["澳门身份证 5215299(8)"],
        invalid: &["5215299(8)", "澳门身份证 2215299(8)"],
    },
    Identifier {
        name: "tw_identity_number",
        label: "台湾身份证号",
        detect: Detect::Announced(Runs {
            shortest: 10,
            longest: 10,
            shapes: DIGITS_OR_MIXED,
            check: taiwan_identity,
            ..RUNS
        }),
        positive: &["台湾身份证", "身分證", "身份證", "国民身份证", "身份证"],
        negative: &[],
        valid: &["身分證字號 A123456789"],
        invalid: &["A123456789", "身分證字號 A123456788"],
    },
];

fn passport(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let (letters, digits) = text.split_at(text.iter().take_while(|byte| byte.is_ascii_uppercase()).count());
    let fits = all_digits(digits)
        && match letters {
            b"E" | b"G" => digits.len() == 8,
            b"P" | b"S" | b"D" => matches!(digits.len(), 7 | 8),
            b"SE" | b"DE" | b"PE" => digits.len() == 7,
            [b'E', second] => digits.len() == 7 && !matches!(second, b'I' | b'O'),
            _ => false,
        };
    let upper = token.written().starts_with(|c: char| c.is_ascii_uppercase());
    (fits && upper).then(|| Found::in_context(token, 62, "护照号结构正确"))
}

fn old_passport(token: &Token<'_>) -> Option<Found> {
    let fits = !token.joined && matches!(&token.compact()[..2], b"14" | b"15");
    fits.then(|| Found::in_context(token, 50, "旧版护照号结构"))
}

fn machine_readable(document: Document<'_>, at: usize, _length: usize) -> Option<Found> {
    let bytes = document.text.as_bytes();
    let first = bytes.get(at..at + 44)?;
    let gap = bytes.get(at + 44..)?.iter().take(3).take_while(|byte| byte.is_ascii_whitespace()).count();
    let second = bytes.get(at + 44 + gap..at + 88 + gap)?;
    let letters = |text: &[u8]| text.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'<');
    let checked = letters(first)
        && letters(second)
        && checksum::icao_731(&second[..9], second[9])
        && checksum::icao_731(&second[13..19], second[19])
        && checksum::icao_731(&second[21..27], second[27]);
    checked.then_some(Found {
        start: at,
        end: at + 88 + gap,
        confidence: 96,
        why: "两行机读码，三个校验位(ICAO 9303)正确",
        needs_context: false,
    })
}

fn home_return(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = match text {
        [b'H' | b'M', rest @ ..] => all_digits(rest) && matches!(rest.len(), 8 | 10),
        [b'C', second, rest @ ..] => {
            all_digits(rest) && rest.len() == 7 && (second.is_ascii_digit() || !matches!(second, b'I' | b'O'))
        }
        _ => false,
    };
    fits.then(|| Found::in_context(token, 68, "通行证号结构正确"))
}

fn taiwan_compatriot(token: &Token<'_>) -> Option<Found> {
    let fits = !token.joined && matches!(token.compact().len(), 8 | 10);
    fits.then(|| Found::in_context(token, 60, "台胞证号长度正确"))
}

fn to_taiwan(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    (text[0] == b'L' && all_digits(&text[1..])).then(|| Found::in_context(token, 66, "往来台湾通行证号结构正确"))
}

/// The check stands in brackets after the run, or is its last character.
fn hong_kong(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let after = token.after().as_bytes();
    let bracket = matches!(after, [b'(', _, b')', ..]).then(|| after[1].to_ascii_uppercase());
    let letters = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters) || text.len() + usize::from(bracket.is_some()) != letters + 7 {
        return None;
    }
    let (whole, extra) = bracket.map_or((text.to_vec(), 0), |check| ([text, &[check]].concat(), 3));
    let fits = checksum::hong_kong(&whole);
    let found = Found { end: token.end + extra, ..Found::run(token, 75, "香港身份证结构和校验码正确") };
    fits.then_some(Found { needs_context: bracket.is_none(), ..found })
}

fn macau(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let after = token.after().as_bytes();
    let bracket = matches!(after, [b'(', b'0'..=b'9', b')', ..]);
    let fits = matches!(text[0], b'1' | b'5' | b'7' | b'8') && (text.len() == 7) == bracket && !token.joined;
    let extra = if bracket { 3 } else { 0 };
    fits.then(|| Found { end: token.end + extra, ..Found::in_context(token, 60, "澳门身份证结构正确") })
}

fn taiwan_identity(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = matches!(text[1], b'1' | b'2' | b'8' | b'9') && checksum::taiwan(text);
    fits.then(|| Found::in_context(token, 66, "台湾身份证结构和校验码正确"))
}
