//! Masked forms of found values, safe to keep in a finding.

/// A value with its middle replaced by stars, by what its type needs to stay recognisable to its owner.
#[must_use]
pub fn masked_sample(data_type: &str, value: &str) -> String {
    let value: Vec<char> = value.chars().filter(|c| !c.is_control()).take(96).collect();
    match data_type {
        "person_name" => keep(&value, 1, 0),
        "address" => keep(&value, 6.min(value.len() / 2), 0),
        "email" => email(&value),
        "secret" => keep(&value, if value.len() >= 16 { 4 } else { 0 }, 0),
        "url" => keep(&value, value.len().min(24) / 2, 0),
        "cn_resident_id" | "cn_driver_licence" | "cn_social_security" => keep(&value, 6, 1),
        "bank_card" => keep(&value, 6, 4),
        "cn_mobile" => keep(&value, 3, 4),
        _ => keep(&value, value.len() / 4, value.len() / 5),
    }
}

fn email(value: &[char]) -> String {
    let at = value.iter().position(|c| *c == '@').unwrap_or(value.len());
    let domain: String = value[at..].iter().collect();
    format!("{}{domain}", keep(&value[..at], 1, 0))
}

/// The first and last characters with stars between; always at least half of the value is starred.
fn keep(value: &[char], head: usize, tail: usize) -> String {
    let most = value.len() / 2;
    let head = head.min(most);
    let tail = tail.min(most - head);
    let middle = value.len() - head - tail;
    let stars = std::iter::repeat_n('*', middle.min(24));
    value[..head].iter().copied().chain(stars).chain(value[value.len() - tail..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_what_its_owner_recognises() {
        assert_eq!(masked_sample("cn_mobile", "13800138000"), "138******00");
        assert_eq!(masked_sample("person_name", "马文忠"), "马**");
        assert_eq!(masked_sample("email", "someone@example.com"), "s******@example.com");
    }

    proptest! {
        #[test]
        fn never_shows_the_whole(value in "[a-z0-9]{2,40}", kind in prop::sample::select(vec!["cn_mobile", "secret", "bank_card", "vin", "address"])) {
            let shown = masked_sample(kind, &value);
            prop_assert!(shown.chars().filter(|c| *c == '*').count() * 2 >= value.len().min(48));
        }
    }
}
