//! Which numbers of a list a comparison must hold for: what follows the comma of keywords with several numbers in a
//! transaction (`ldap.responses.operation:search_result_done,all`), and `count` before it.

use fengsui_schema::shown;

use crate::number::Comparison;

/// Which numbers of a list must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    which: Which,
    /// Part of the list that counts: from the first to before the second; below 0 from the end.
    slice: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Any,
    /// Any, or there is none.
    AnyOrAbsent,
    /// At least one number, and each of them.
    All,
    AllOrAbsent,
    /// So many of them.
    Times(Comparison),
    /// From 0; below 0 from the end.
    At(i64),
    /// The same, or the list is too short for it.
    AtOrOutside(i64),
    /// The comparison is about how many there are.
    Count,
}

impl Places {
    pub(crate) const ANY: Self = Self { which: Which::Any, slice: None };

    /// Reads `value[,places[,from:to]]`; gives the value and the places.
    pub(crate) fn split(text: &str) -> Result<(&str, Self), String> {
        let mut fields = text.split(',').map(str::trim);
        let value = fields.next().unwrap_or("");
        let which = fields.next().map_or(Ok(Which::Any), Which::parse)?;
        let slice = fields.next().map(parse_slice).transpose()?;
        if let Some(more) = fields.next() {
            return Err(format!("{} is one field too many", shown(more)));
        }
        let places = Self { which, slice };
        match value.strip_prefix("count").map(str::trim_start) {
            Some(count) if count.starts_with(|c: char| !c.is_ascii_alphabetic() && c != '_') => {
                if places != Self::ANY {
                    return Err("count looks at the whole list".to_owned());
                }
                Ok((count, Self { which: Which::Count, slice: None }))
            }
            _ => Ok((value, places)),
        }
    }

    /// Whether all numbers must be there before the answer is known.
    pub(crate) const fn needs_all(self) -> bool {
        !matches!(self.which, Which::Any | Which::At(0..)) || self.slice.is_some()
    }

    /// Whether the numbers compare as asked.
    pub(crate) fn hold(self, numbers: &[u64], comparison: Comparison) -> bool {
        let numbers = self.slice.map_or(numbers, |slice| part(numbers, slice));
        let fits = |number: &u64| comparison.matches(*number);
        match self.which {
            Which::Any => numbers.iter().any(fits),
            Which::AnyOrAbsent => numbers.is_empty() || numbers.iter().any(fits),
            Which::All => !numbers.is_empty() && numbers.iter().all(fits),
            Which::AllOrAbsent => numbers.iter().all(fits),
            Which::Times(times) => times.matches(numbers.iter().filter(|number| fits(number)).count() as u64),
            Which::At(place) => at(numbers, place).is_some_and(fits),
            Which::AtOrOutside(place) => at(numbers, place).is_none_or(fits),
            Which::Count => comparison.matches(numbers.len() as u64),
        }
    }
}

impl Which {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(times) = text.strip_prefix("nb") {
            return Comparison::parse(times).map(Self::Times);
        }
        let place = |text: &str| {
            text.trim().parse().map_err(|_| {
                format!(
                    "{} is no place in a list: a number, any, all, all_or_absent, or_absent, oob_or and a number, or \
                     nb and a comparison",
                    shown(text)
                )
            })
        };
        match text {
            "any" => Ok(Self::Any),
            "or_absent" => Ok(Self::AnyOrAbsent),
            "all" => Ok(Self::All),
            "all_or_absent" => Ok(Self::AllOrAbsent),
            _ => match text.strip_prefix("oob_or") {
                Some(rest) => place(rest).map(Self::AtOrOutside),
                None => place(text).map(Self::At),
            },
        }
    }
}

fn parse_slice(text: &str) -> Result<(i64, i64), String> {
    let numbers = text.split_once(':').and_then(|(from, to)| from.trim().parse().ok().zip(to.trim().parse().ok()));
    numbers.ok_or_else(|| format!("{} is no part of a list, as 2:4", shown(text)))
}

/// A place within a list, if it has that many; the end itself counts as one for a part.
fn place(length: usize, place: i64) -> Option<usize> {
    let magnitude = usize::try_from(place.unsigned_abs()).ok()?;
    if place < 0 { length.checked_sub(magnitude) } else { Some(magnitude).filter(|place| *place <= length) }
}

fn at(numbers: &[u64], wanted: i64) -> Option<&u64> {
    place(numbers.len(), wanted).and_then(|place| numbers.get(place))
}

fn part(numbers: &[u64], (from, to): (i64, i64)) -> &[u64] {
    let ends = place(numbers.len(), from).zip(place(numbers.len(), to));
    ends.and_then(|(from, to)| numbers.get(from..to)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, numbers: &[u64]) -> bool {
        let (value, places) = Places::split(text).unwrap();
        places.hold(numbers, Comparison::parse(value).unwrap())
    }

    #[test]
    fn places_choose_among_the_numbers() {
        for (text, inside, outside) in [
            (">5", &[1, 6][..], &[1][..]),
            (">5,any", &[1, 6], &[]),
            (">5,or_absent", &[], &[1]),
            (">5,all", &[6, 7], &[]),
            (">5,all_or_absent", &[], &[6, 5]),
            (">5,nb>1", &[6, 7], &[6, 1]),
            (">5,nb0", &[], &[6]),
            (">5,1", &[1, 6], &[6]),
            (">5,-1", &[1, 6], &[6, 1]),
            (">5,oob_or 1", &[1], &[6, 1]),
            (">5,all,1:-1", &[1, 6, 7, 1], &[1, 6, 1, 1]),
            ("count >1", &[0, 0], &[9]),
            ("count 0", &[], &[9]),
        ] {
            assert!(holds(text, inside), "{text} {inside:?}");
            assert!(!holds(text, outside), "{text} {outside:?}");
        }
        for bad in [">5,first", ">5,all,2", ">5,all,1:2,3", "count >1,all", ">5,oob_or", ">5,nb"] {
            let read = Places::split(bad).and_then(|(value, _)| Comparison::parse(value));
            assert!(read.is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_take_their_ends_from_either_side() {
        let numbers = [1, 2, 3, 4, 5, 6];
        assert_eq!(part(&numbers, (2, 4)), &[3, 4]);
        assert_eq!(part(&numbers, (-4, -1)), &[3, 4, 5]);
        assert_eq!(part(&numbers, (3, -1)), &[4, 5]);
        assert_eq!(part(&numbers, (-4, 4)), &[3, 4]);
        assert!(part(&numbers, (1, 9)).is_empty() && part(&numbers, (4, 2)).is_empty());
    }
}
