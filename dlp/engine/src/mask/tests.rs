//! The declared properties of every function, over generated values.

use proptest::prelude::*;

use super::*;

fn keys() -> MaskKeys {
    MaskKeys::new(&MaskKey::new([7; 32]), b"t")
}

fn apply_with(keys: &MaskKeys, name: &str, value: &str, data_type: Option<&str>) -> Result<String, EngineError> {
    let (parameters, mut out) = (MaskParameters::default(), String::new());
    let number = value.parse::<u64>().is_ok() && !value.starts_with('0');
    mask(name)?.apply(&MaskInput { value, data_type, number, keys, parameters: &parameters }, &mut out)?;
    Ok(out)
}

fn apply(name: &str, value: &str, data_type: Option<&str>) -> Result<String, EngineError> {
    apply_with(&keys(), name, value, data_type)
}

#[test]
fn known_results() {
    assert_eq!(apply("redact", "x", None).expect("works"), "***");
    assert_eq!(apply("partial", "13800138000", Some("cn_mobile")).expect("works"), "138******00");
    assert_eq!(apply("generalise", "37", None).expect("works"), "30-39");
    assert!(mask("nothing").is_err() && format!("{:?}", MaskKey::new([7; 32])).len() <= 12);
}

#[test]
fn check_digits_hold_after_encryption() {
    use crate::classify::checksum;
    let identity = apply("ff1", "11010519491231002X", Some("cn_resident_id")).expect("works");
    assert!(checksum::mod_11_2(identity.as_bytes()) && !identity.starts_with("11"), "{identity}");
    let card = apply("ff1", "4111111111111111", Some("bank_card")).expect("works");
    assert!(checksum::luhn(card.as_bytes()) && card.starts_with("411111"), "{card}");
    let mobile = apply("ff1", "13800138000", Some("cn_mobile")).expect("works");
    assert!(mobile.starts_with("138") && mobile.len() == 11 && mobile != "13800138000");
    let unit = apply("ff1", "91110000600037341L", Some("cn_uscc")).expect("works");
    assert!(checksum::credit_code(unit.as_bytes()) && checksum::organisation_code(&unit.as_bytes()[8..17]), "{unit}");
    let device = apply("ff1", "490154203237518", Some("imei")).expect("works");
    assert!(checksum::luhn(device.as_bytes()) && device.starts_with("49015420") && device != "490154203237518");
    let vehicle = apply("ff1", "1M8GDM9AXKP042788", Some("vin")).expect("works");
    assert!(checksum::vin(vehicle.as_bytes()) && vehicle != "1M8GDM9AXKP042788", "{vehicle}");
}

#[test]
fn writing_a_number_with_spaces_changes_nothing_but_the_spaces() {
    let plain = apply("ff1", "13800138000", Some("cn_mobile")).expect("works");
    let spaced = apply("ff1", "138 0013-8000", Some("cn_mobile")).expect("works");
    assert_eq!(spaced, format!("{} {}-{}", &plain[..3], &plain[3..7], &plain[7..]));
}

#[test]
fn domains_do_not_join() {
    let other = MaskKeys::new(&MaskKey::new([7; 32]), b"u");
    for name in ["ff1", "hash", "tokenise"] {
        let value = "440524188001010014";
        assert_ne!(apply(name, value, None).expect("works"), apply_with(&other, name, value, None).expect("works"));
    }
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,20}",
        "[1-9][0-9]{5,18}",
        "[a-zA-Z0-9@._-]{1,24}",
        "\\PC{0,20}",
        "[甘京沪][A-H][0-9A-H]{5}",
        "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9])",
    ]
}

const TYPES: [Option<&str>; 10] = [
    None,
    Some("cn_mobile"),
    Some("cn_resident_id"),
    Some("bank_card"),
    Some("person_name"),
    Some("address"),
    Some("email"),
    Some("cn_uscc"),
    Some("vin"),
    Some("imei"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn declared_properties_hold(value in values(), other in values(), data_type in prop::sample::select(TYPES.to_vec())) {
        for mask in MASKS {
            let Ok(masked) = apply(mask.name, &value, data_type) else { continue };
            if mask.deterministic {
                let again = apply(mask.name, &value, data_type).unwrap_or_default();
                prop_assert_eq!(&masked, &again, "{}", mask.name);
            }
            if mask.same_length {
                prop_assert_eq!(masked.chars().count(), value.chars().count(), "{}", mask.name);
            }
            if mask.injective && value.trim() != other.trim() {
                let second = apply(mask.name, &other, data_type).ok();
                prop_assert_ne!(Some(&masked), second.as_ref(), "{}", mask.name);
            }
            let number = value.parse::<u64>().is_ok() && !value.starts_with('0');
            if mask.keeps == Keeps::Numbers && number {
                let kept: Result<f64, _> = masked.parse();
                prop_assert!(kept.is_ok() && !(masked.len() > 1 && masked.starts_with('0') && !masked.contains('.')), "{} {}", mask.name, masked);
            }
        }
    }

    #[test]
    fn what_is_reversible_comes_back(value in values(), data_type in prop::sample::select(TYPES.to_vec())) {
        let Some(masked) = apply("ff1", &value, data_type).ok().filter(|masked| !masked.is_empty()) else { return Ok(()) };
        let (parameters, keys) = (MaskParameters::default(), keys());
        let number = value.parse::<u64>().is_ok() && !value.starts_with('0');
        let input = MaskInput { value: &masked, data_type, number, keys: &keys, parameters: &parameters };
        prop_assert_eq!(unmask_ff1(&input).expect("was masked"), value);
    }
}
