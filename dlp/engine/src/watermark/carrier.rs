//! Where a symbol hides in a cell: in a choice between two ways to write the same thing.

/// The two forms of a cell: the one that means zero and the one that means one. Masked cells choose which of two
/// equivalent characters is starred, addresses how number and building are written; other cells carry nothing.
fn forms(value: &str) -> Option<(String, String)> {
    starred(value).or_else(|| address(value))
}

/// A run of at least four stars can be a star longer or shorter: its parity is the symbol.
fn starred(value: &str) -> Option<(String, String)> {
    let start = value.find("***")?;
    let run = value[start..].bytes().take_while(|byte| *byte == b'*').count();
    if !(3..64).contains(&run) {
        return None;
    }
    let even = run + run % 2;
    let with = |stars: usize| format!("{}{}{}", &value[..start], "*".repeat(stars), &value[start + run..]);
    Some((with(even), with(even - 1)))
}

/// Equivalent characters of addresses.
const VARIANTS: &[(&str, &str)] = &[("栋", "幢"), ("号楼", "#楼")];

fn address(value: &str) -> Option<(String, String)> {
    let (zero, one) = VARIANTS.iter().find(|(zero, one)| value.contains(zero) || value.contains(one))?;
    let canonical = value.replace(one, zero);
    let marked = canonical.replace(zero, one);
    Some((canonical, marked))
}

/// The cell with a symbol in it; `None` when it can't carry one.
#[must_use]
pub fn write_symbol(value: &str, symbol: bool) -> Option<String> {
    forms(value).map(|(zero, one)| if symbol { one } else { zero })
}

/// The symbol of a cell; `None` when it carries none.
#[must_use]
pub fn read_symbol(value: &str) -> Option<bool> {
    let (zero, one) = forms(value)?;
    match value {
        _ if value == zero => Some(false),
        _ if value == one => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_cells_carry_nothing() {
        assert_eq!(write_symbol("13800138000", true), None);
        assert_eq!(read_symbol("abc"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(head in "[a-z0-9]{0,6}", stars in 3_usize..20, end in "[0-9]{0,4}", symbol in any::<bool>()) {
            let marked = write_symbol(&format!("{head}{}{end}", "*".repeat(stars)), symbol).expect("carries");
            prop_assert_eq!(read_symbol(&marked), Some(symbol));
            let address = write_symbol(&format!("东路{stars}号3栋2室"), symbol).expect("carries");
            prop_assert_eq!(read_symbol(&address), Some(symbol));
        }
    }
}
