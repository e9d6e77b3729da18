//! Values of every type, with the check digits their standards ask for.

use super::{Corpus, Random};

impl Corpus {
    /// A value for a slot of a template.
    pub(crate) fn value(&self, name: &str, form: &str, random: &mut Random) -> String {
        match name {
            "person" => self.person(random),
            "address" => self.address(random),
            "cn_mobile" => mobile(form, random),
            "cn_landline" => landline(random),
            "cn_resident_id" | "cn_social_security" => self.resident(form, random),
            "bank_card" => card(form, random),
            "email" => format!("{}@{}", self.word("handles", random), self.word("domains", random)),
            "cn_license_plate" => self.plate(random),
            "cn_passport" => passport(random),
            "cn_uscc" => self.credit_code(random),
            "cn_project_code" => self.project(random),
            "cn_real_estate_unit" => self.real_estate(random),
            "cn_hk_macau_permit" => format!("C{}", random.digits(8)),
            "cn_taiwan_permit" => format!("{}{}", 1 + random.below(9), random.digits(7)),
            "cn_military_officer" => {
                let service = random.pick(&["军", "海", "空", "武", "南", "兰", "政", "后"]);
                format!("{service}字第{}号", random.digits(7))
            }
            "vin" => vin(random),
            "imei" => imei(random),
            "ip_address" => format!(
                "{}.{}.{}.{}",
                20 + random.below(200),
                random.below(256),
                random.below(256),
                1 + random.below(254)
            ),
            "mac_address" => mac(random),
            "gps" => {
                format!("10{}.{},3{}.{}", random.below(8), random.digits(6), 2 + random.below(8), random.digits(6))
            }
            "url" => {
                format!("https://www.{}/p/{}?id={}", self.word("domains", random), random.digits(4), random.digits(3))
            }
            "date_of_birth" => birth(form, random),
            "ethnicity" if form == "bare" => self.word("ethnicities", random).trim_end_matches('族').to_owned() + "族",
            "ethnicity" => self.word("ethnicities", random),
            "religion" => self.word("religions", random),
            "medical_condition" => self.word("diseases", random),
            "COMPANY" => self.word("companies", random),
            "PLACE" => self.word("places", random),
            "PRODUCT" => self.word("products", random),
            "IDIOM" => self.word("idioms", random),
            "DEPT" => self.word("departments", random),
            "YEAR" => format!("{}", 2005 + random.below(20)),
            other => panic!("no slot {other}"),
        }
    }

    fn person(&self, random: &mut Random) -> String {
        match random.below(100) {
            0..=79 => self.han(random),
            80..=85 => self.word("tibetan", random),
            86..=91 => {
                let dot = random.pick(&["·", "·", "·", "•", "‧", "・", "．"]);
                self.word("dotted", random).replace('·', dot)
            }
            92..=94 => self.word("hui", random),
            95..=96 => self.word("mongol", random),
            _ => self.word("yugur", random),
        }
    }

    fn han(&self, random: &mut Random) -> String {
        let surname = if random.chance(4) { self.word("compound", random) } else { self.surname(random) };
        match random.below(100) {
            0..=24 => format!("{surname}{}", self.word("given_one", random)),
            25..=64 => format!("{surname}{}", self.word("given_two", random).chars().take(2).collect::<String>()),
            _ => format!("{surname}{}{}", self.given_character(random), self.given_character(random)),
        }
    }

    /// Surnames at the head of the list are the commoner ones.
    fn surname(&self, random: &mut Random) -> String {
        let all = &self.lists["surnames"];
        let limit = if random.chance(70) { 40 } else { all.len() };
        all[random.below(limit)].clone()
    }

    fn given_character(&self, random: &mut Random) -> String {
        let word = if random.chance(50) { self.word("given_one", random) } else { self.word("given_two", random) };
        let characters: Vec<char> = word.chars().collect();
        characters[random.below(characters.len())].to_string()
    }

    /// From a full address with a room down to a village or a street with a number.
    fn address(&self, random: &mut Random) -> String {
        let division = self.word("divisions", random);
        let parts: Vec<&str> = division.split('|').collect();
        let [province, city, county, town] = parts.as_slice() else { panic!("a division has four parts") };
        let head = match random.below(4) {
            0 | 1 => format!("{province}{city}{county}"),
            2 if !city.is_empty() => format!("{city}{county}"),
            _ => format!("{}{county}", if county.is_empty() { city } else { province }),
        };
        let number = 1 + random.below(900);
        match random.below(6) {
            0 => format!(
                "{head}{town}{}村{}组{}号",
                self.word("villages", random),
                1 + random.below(12),
                1 + random.below(90)
            ),
            1 => format!(
                "{head}{}路{number}号{}{}栋{}单元{}",
                self.word("roads", random),
                self.word("communities", random),
                1 + random.below(20),
                1 + random.below(5),
                room(random)
            ),
            2 => format!("{head}{}街{number}号", self.word("roads", random)),
            3 => format!("{head}{}{}号楼{}室", self.word("communities", random), 1 + random.below(30), room(random)),
            4 => format!("{head}{town}{}社区{}号", self.word("villages", random), 1 + random.below(300)),
            _ => {
                format!("{head}{}路{number}号{}幢{}室", self.word("roads", random), 1 + random.below(20), room(random))
            }
        }
    }

    fn code(&self, random: &mut Random) -> String {
        self.word("codes", random)
    }

    fn resident(&self, form: &str, random: &mut Random) -> String {
        let body = format!("{}{}{}", self.code(random), date(random), random.digits(3));
        let whole = format!("{body}{}", mod_11_2(&body));
        match form {
            "spaced" => format!("{} {} {}", &whole[..6], &whole[6..14], &whole[14..]),
            _ if random.chance(10) => whole.to_lowercase(),
            _ => whole,
        }
    }

    fn plate(&self, random: &mut Random) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
        let province = self.word("provinces_of_plates", random);
        let authority = char::from(LETTERS[random.below(12)]);
        if random.chance(25) {
            let kind = random.pick(&["D", "F", "A", "B"]);
            return format!("{province}{authority}{kind}{}", random.digits(5));
        }
        let letters = random.below(3);
        let mut tail: Vec<u8> = random.digits(5).into_bytes();
        for _ in 0..letters {
            let at = random.below(5);
            tail[at] = LETTERS[random.below(LETTERS.len())];
        }
        let dot = if random.chance(15) { "·" } else { "" };
        format!("{province}{authority}{dot}{}", String::from_utf8_lossy(&tail))
    }

    fn credit_code(&self, random: &mut Random) -> String {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
        let organisation: Vec<u8> = (0..8).map(|_| ALPHABET[random.below(ALPHABET.len())]).collect();
        let value = |c: u8| char::from(c).to_digit(36).expect("is alphanumeric");
        let sum: u32 = organisation.iter().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(c, weight)| value(*c) * weight).sum();
        let check = match 11 - sum % 11 {
            10 => 'X',
            11 => '0',
            digit => char::from_digit(digit, 10).expect("is a digit"),
        };
        let head = random.pick(&["91", "92", "12", "11", "52", "51", "93"]);
        let body = format!("{head}{}{}{check}", self.code(random), String::from_utf8_lossy(&organisation));
        let place = |c: u8| ALPHABET.iter().position(|known| *known == c).expect("is of the alphabet");
        let mut weight = 1;
        let mut total = 0;
        for c in body.bytes() {
            total += place(c) * weight;
            weight = weight * 3 % 31;
        }
        format!("{body}{}", char::from(ALPHABET[(31 - total % 31) % 31]))
    }

    fn project(&self, random: &mut Random) -> String {
        let month = 1 + random.below(12);
        let kind = random.pick(&["01", "02", "03", "04", "05"]);
        format!(
            "{}{month:02}-{}-{:02}-{kind}-{}",
            17 + random.below(8),
            self.code(random),
            random.below(50),
            random.digits(6)
        )
    }

    fn real_estate(&self, random: &mut Random) -> String {
        format!("{}{}GB{}F{}", self.code(random), random.digits(6), random.digits(5), random.digits(8))
    }
}

fn room(random: &mut Random) -> usize {
    (1 + random.below(30)) * 100 + 1 + random.below(8)
}

fn date(random: &mut Random) -> String {
    format!("{}{:02}{:02}", 1940 + random.below(80), 1 + random.below(12), 1 + random.below(28))
}

fn birth(form: &str, random: &mut Random) -> String {
    let (year, month, day) = (1940 + random.below(80), 1 + random.below(12), 1 + random.below(28));
    match form {
        "zh" => format!("{year}年{month}月{day}日"),
        _ => match random.below(3) {
            0 => format!("{year}-{month:02}-{day:02}"),
            1 => format!("{year}/{month}/{day}"),
            _ => format!("{year}{month:02}{day:02}"),
        },
    }
}

fn mod_11_2(body: &str) -> char {
    let sum: u32 = body
        .chars()
        .zip([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(c, weight)| c.to_digit(10).expect("is a digit") * weight)
        .sum();
    char::from(b"10X98765432"[sum as usize % 11])
}

fn mobile(form: &str, random: &mut Random) -> String {
    let head = random.pick(&[
        "130", "135", "138", "139", "147", "150", "153", "157", "159", "166", "172", "176", "177", "180", "185", "187",
        "189", "191", "193", "199", "198",
    ]);
    let number = format!("{head}{}", random.digits(8));
    match form {
        "spaced" => match random.below(4) {
            0 => format!("{} {} {}", &number[..3], &number[3..7], &number[7..]),
            1 => format!("{}-{}-{}", &number[..3], &number[3..7], &number[7..]),
            2 => format!("+86 {number}"),
            _ => format!("{} {}", &number[..3], &number[3..]),
        },
        "wide" => number.chars().map(|c| char::from_u32(u32::from(c) - 0x30 + 0xff10).expect("is a digit")).collect(),
        "hanzi" => {
            let digits: Vec<char> = "零一二三四五六七八九".chars().collect();
            let one = if random.chance(50) { '幺' } else { '一' };
            number
                .chars()
                .map(|c| if c == '1' { one } else { digits[c.to_digit(10).expect("is a digit") as usize] })
                .collect()
        }
        _ => number,
    }
}

fn landline(random: &mut Random) -> String {
    let (area, digits) = *random.pick(&[
        &("0931", 7),
        &("010", 8),
        &("0937", 7),
        &("021", 8),
        &("0755", 8),
        &("0991", 7),
        &("0938", 7),
        &("028", 8),
    ]);
    let number = format!("{}{}", 2 + random.below(7), random.digits(digits - 1));
    match random.below(4) {
        0 => format!("({area}){number}"),
        1 => format!("{area}-{number}-{}", 800 + random.below(100)),
        _ => format!("{area}-{number}"),
    }
}

fn luhn(body: &str) -> String {
    let sum: u32 = body
        .chars()
        .rev()
        .enumerate()
        .map(|(place, c)| {
            let value = c.to_digit(10).expect("is a digit") * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn card(form: &str, random: &mut Random) -> String {
    let (head, length) = *random.pick(&[
        &("621700", 19),
        &("622848", 19),
        &("621226", 19),
        &("622588", 16),
        &("621483", 16),
        &("620058", 19),
        &("625961", 16),
        &("622700", 19),
    ]);
    let number = luhn(&format!("{head}{}", random.digits(length - 1 - head.len())));
    match form {
        "spaced" => number.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        _ => number,
    }
}

fn passport(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("G{}", random.digits(8)),
        1 => format!("E{}{}", random.pick(&["A", "B", "H", "K", "M"]), random.digits(7)),
        2 => format!("{}{}", random.pick(&["SE", "DE", "PE"]), random.digits(7)),
        _ => format!("E{}", random.digits(8)),
    }
}

fn vin(random: &mut Random) -> String {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut text: Vec<u8> = format!(
        "{}{}0{}{}",
        random.pick(&["LSVA", "LFV2", "LGBH", "LHGC"]),
        random.pick(&["A49J", "A11G", "52E0", "M165"]),
        random.pick(&["9", "C", "F", "H"]),
        random.digits(7)
    )
    .into_bytes();
    let value = |c: u8| match c {
        b'0'..=b'9' => u32::from(c - b'0'),
        b'A'..=b'H' => u32::from(c - b'A') + 1,
        b'J'..=b'N' => u32::from(c - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        _ => u32::from(c - b'S') + 2,
    };
    let sum: u32 = text.iter().zip(WEIGHTS).map(|(c, weight)| value(*c) * weight).sum();
    text[8] = if sum % 11 == 10 { b'X' } else { b'0' + u8::try_from(sum % 11).expect("is a digit") };
    String::from_utf8(text).expect("is ASCII")
}

fn imei(random: &mut Random) -> String {
    luhn(&format!("86{}", random.digits(12)))
}

fn mac(random: &mut Random) -> String {
    let separator = random.pick(&[":", "-"]);
    let pairs: Vec<String> = (0..6).map(|_| format!("{:02X}", random.below(256))).collect();
    pairs.join(separator)
}
