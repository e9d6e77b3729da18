//! Check digits, exactly as their standards define them. Each takes ASCII and answers no for anything else.

/// ISO 7064 MOD 11-2 over 17 digits and a check character (GB 11643-1999).
pub(crate) fn mod_11_2(text: &[u8]) -> bool {
    text.len() == 18 && mod_11_2_check(&text[..17]).is_some_and(|check| check == text[17].to_ascii_uppercase())
}

/// The check character of 17 digits by ISO 7064 MOD 11-2.
pub(crate) fn mod_11_2_check(digits: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if digits.len() != 17 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

/// Value of a character of the unified social credit code, which has no I, O, S, V, Z (GB 32100-2015).
fn credit_value(c: u8) -> Option<u32> {
    let skipped = |letters: &[u8]| letters.iter().filter(|letter| **letter < c).count() as u32;
    match c {
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        b'I' | b'O' | b'S' | b'V' | b'Z' => None,
        b'A'..=b'Y' => Some(u32::from(c - b'A') + 10 - skipped(b"IOSV")),
        _ => None,
    }
}

/// The check character of a unified social credit code (GB 32100-2015).
pub(crate) fn credit_code(text: &[u8]) -> bool {
    if text.len() != 18 {
        return false;
    }
    let mut weight = 1;
    let mut sum = 0;
    for c in &text[..17] {
        let Some(value) = credit_value(*c) else { return false };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    credit_value(text[17]) == Some((31 - sum % 31) % 31)
}

/// The check character of an organisation code of 8 characters and a check (GB 11714-1997).
pub(crate) fn organisation_code(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    if text.len() != 9 {
        return false;
    }
    let mut sum = 0;
    for (c, weight) in text[..8].iter().zip(WEIGHTS) {
        let Some(value) = char::from(*c).to_digit(36).filter(|_| !c.is_ascii_lowercase()) else { return false };
        sum += value * weight;
    }
    let check = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    check == text[8]
}

/// Luhn's sum (ISO/IEC 7812-1) over digits including the check digit.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        if !digit.is_ascii_digit() {
            return false;
        }
        let value = u32::from(digit - b'0') * (1 + u32::from(place % 2 == 1));
        sum += value / 10 + value % 10;
    }
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The check digit of a vehicle identification number at its ninth place (GB 16735-2019, ISO 3779).
pub(crate) fn vin(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if text.len() != 17 {
        return false;
    }
    let mut sum = 0;
    for (c, weight) in text.iter().zip(WEIGHTS) {
        let Some(value) = vin_value(*c) else { return false };
        sum += value * weight;
    }
    let check = match sum % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    check == text[8]
}

fn vin_value(c: u8) -> Option<u32> {
    Some(match c {
        b'0'..=b'9' => u32::from(c - b'0'),
        b'A'..=b'H' => u32::from(c - b'A') + 1,
        b'J'..=b'N' => u32::from(c - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(c - b'S') + 2,
        _ => return None,
    })
}

/// The 7-3-1 sum of machine-readable documents (ICAO Doc 9303 part 3) over digits and letters.
pub(crate) fn icao_731(text: &[u8], check: u8) -> bool {
    let value = |c: u8| match c {
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        b'A'..=b'Z' => Some(u32::from(c - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    };
    let sum =
        text.iter().zip([7, 3, 1].into_iter().cycle()).try_fold(0, |sum, (c, weight)| Some(sum + value(*c)? * weight));
    check.is_ascii_digit() && sum.is_some_and(|sum: u32| sum % 10 == u32::from(check - b'0'))
}

/// IBAN's remainder 97 (ISO 13616): the first four characters move to the end, letters count from ten.
pub(crate) fn iban(text: &[u8]) -> bool {
    let moved = text.get(4..).unwrap_or_default().iter().chain(text.get(..4).unwrap_or_default());
    let remainder = moved.copied().try_fold(0_u32, |remainder, c| {
        let value = char::from(c).to_digit(36)?;
        Some((remainder * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    remainder == Some(1)
}

/// The check digit in brackets of a Hong Kong identity card: one or two letters, six digits, check.
pub(crate) fn hong_kong(text: &[u8]) -> bool {
    let padded = [b" ".as_slice(), text].concat();
    let text = if text.len() == 8 { &padded } else { text };
    let value = |c: u8| match c {
        b' ' => Some(36),
        b'A'..=b'Z' => Some(u32::from(c - b'A') + 10),
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        _ => None,
    };
    let sum = text.iter().zip((2..=9).rev()).try_fold(0, |sum, (c, weight)| Some(sum + value(*c)? * weight));
    let check = if text.last() == Some(&b'A') { Some(10) } else { text.last().and_then(|c| value(*c)) };
    text.len() == 9 && sum.zip(check).is_some_and(|(sum, check): (u32, u32)| (sum + check).is_multiple_of(11))
}

/// The check digit of a Taiwan identity number: a letter and nine digits.
pub(crate) fn taiwan(text: &[u8]) -> bool {
    const LETTERS: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    const WEIGHTS: [u32; 9] = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    let Some(place) = text.first().and_then(|letter| LETTERS.iter().position(|known| known == letter)) else {
        return false;
    };
    let Ok(letter) = u32::try_from(place + 10) else { return false };
    let rest = &text[1..];
    if rest.len() != 9 || !rest.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = rest.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (letter / 10 + letter % 10 * 9 + sum).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold() {
        assert!(mod_11_2(b"11010519491231002X") && mod_11_2(b"440524188001010014"));
        assert!(credit_code(b"91110000600037341L") && organisation_code(b"600037341"));
        assert!(organisation_code(b"D2143569X"));
        assert!(luhn(b"4111111111111111") && luhn(b"490154203237518"));
        assert!(vin(b"1M8GDM9AXKP042788") && vin(b"11111111111111111"));
        assert!(icao_731(b"L898902C3", b'6') && icao_731(b"740812", b'2'));
        assert!(iban(b"GB82WEST12345698765432") && iban(b"DE89370400440532013000"));
        assert!(hong_kong(b"A1234563") && hong_kong(b"G123456A"));
        assert!(taiwan(b"A123456789"));
    }

    #[test]
    fn one_wrong_character_shows() {
        assert!(!mod_11_2(b"110105194912310021") && !credit_code(b"91110000600037342L"));
        assert!(!luhn(b"4111111111111112") && !vin(b"1M8GDM9A1KP042788") && !iban(b"GB82WEST12345698765433"));
        assert!(!hong_kong(b"A1234564") && !taiwan(b"A123456788") && !organisation_code(b"D21435691"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            let _ = (mod_11_2(&text), credit_code(&text), organisation_code(&text), luhn(&text), vin(&text));
            let _ = (icao_731(&text, b'1'), iban(&text), hong_kong(&text), taiwan(&text));
        }
    }
}
