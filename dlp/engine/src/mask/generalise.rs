//! Less exact values: ranges for numbers, months for dates, districts for addresses, networks for IP addresses.

use super::{Keeps, Mask, MaskInput};

pub(super) const MASK: Mask = Mask {
    name: "generalise",
    label: "泛化",
    deterministic: true,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Nothing,
    apply,
};

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let value = input.value.trim();
    let general = match input.data_type {
        Some("address") => district(value),
        Some("ip_address") => network(value),
        Some("date_of_birth") => month(value),
        _ => value
            .parse::<i64>()
            .ok()
            .map_or_else(|| month(value), |number| range(number, input.parameters.width.max(1))),
    };
    out.push_str(&general);
    Ok(())
}

fn range(number: i64, width: u32) -> String {
    let width = i64::from(width);
    let low = number.div_euclid(width).saturating_mul(width);
    format!("{low}-{}", low.saturating_add(width - 1))
}

/// Everything up to the last county, district or city; nothing finer.
fn district(address: &str) -> String {
    let end =
        address.char_indices().filter(|(_, c)| "区县市旗".contains(*c)).map(|(at, c)| at + c.len_utf8()).next_back();
    end.and_then(|end| address.get(..end)).map_or_else(|| "***".to_owned(), |head| format!("{head}***"))
}

fn network(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        Err(_) => "***".to_owned(),
    }
}

/// Year and month of a date that begins with four digits and a separator; a star for anything else.
fn month(value: &str) -> String {
    let numbers: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    match numbers.as_slice() {
        [year, month, ..] if year.len() == 4 && month.len() <= 2 => format!("{year}-{month:0>2}"),
        [all] if all.len() == 8 => format!("{}-{}", &all[..4], &all[4..6]),
        _ => "***".to_owned(),
    }
}
