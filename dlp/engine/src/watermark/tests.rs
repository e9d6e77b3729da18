//! Who is named, who is not, and whether the stated probability is right.

use super::*;

fn mark() -> ReleaseMark {
    ReleaseMark::new(&MaskKey::new([5; 32]))
}

fn recipients(count: usize) -> Vec<RecipientMark> {
    (0..count).map(|number| mark().recipient(&format!("recipient-{number}"))).collect()
}

fn cells(count: u64) -> Vec<MarkCell> {
    let mark = mark();
    (0..count).map(|row| mark.cell(&mark.locator(&[&row.to_le_bytes()], 0), "column")).collect()
}

fn votes(cells: &[MarkCell], symbol: impl Fn(usize, &MarkCell) -> bool) -> Seen {
    let reading = |(row, cell): (usize, &MarkCell)| (*cell, vec![Reading { symbol: symbol(row, cell), own: 1.0 }]);
    Seen::new(cells.iter().enumerate().map(reading))
}

fn guilty(seen: &Seen, all: &[RecipientMark]) -> Vec<usize> {
    let bound = |recipient: &RecipientMark| recipient.score(seen).tail.bound * all.len() as f64;
    all.iter().enumerate().filter(|(_, recipient)| bound(recipient) < 1e-9).map(|(index, _)| index).collect()
}

#[test]
fn a_single_leaker_is_named_and_nobody_else() {
    let all = recipients(60);
    assert_eq!(guilty(&votes(&cells(200), |_, cell| all[42].symbol(cell)), &all), [42]);
}

#[test]
fn three_colluders_are_named_whatever_they_do() {
    let all = recipients(60);
    let cells = cells(6000);
    let coalition = [1, 2, 3];
    let strategies: [fn(usize, usize) -> bool; 5] = [
        |_, ones| ones >= 2,
        |_, ones| ones == 1 || ones == 3,
        |row, ones| ones > row % 3,
        |_, ones| ones > 0,
        |_, ones| ones == 3,
    ];
    for strategy in strategies {
        let ones = |cell: &MarkCell| coalition.iter().filter(|index| all[**index].symbol(cell)).count();
        assert_eq!(guilty(&votes(&cells, |row, cell| strategy(row, ones(cell))), &all), coalition);
    }
}

/// Four of five symbols are noise.
#[test]
fn a_leaker_is_named_through_noise() {
    let all = recipients(60);
    let cells = cells(4000);
    let read = |row: usize, cell: &MarkCell| {
        if row.is_multiple_of(5) { all[7].symbol(cell) } else { (row / 5).is_multiple_of(2) }
    };
    let reading = |(row, cell): (usize, &MarkCell)| (*cell, vec![Reading { symbol: read(row, cell), own: 0.2 }]);
    assert_eq!(guilty(&Seen::new(cells.iter().enumerate().map(reading)), &all), [7]);
}

#[test]
fn data_of_nobody_accuses_nobody() {
    assert!(guilty(&votes(&cells(2000), |row, _| row.is_multiple_of(3)), &recipients(60)).is_empty());
}

/// Among many innocent recipients the stated probabilities are those of chance, for few cells and for many.
#[test]
fn the_stated_probability_is_right() {
    let all = recipients(20_000);
    for count in [8, 40, 300] {
        let seen = votes(&cells(count), |row, _| row.is_multiple_of(2));
        let tails: Vec<[Tail; 3]> = all.iter().map(|recipient| recipient.tails(&seen)).collect();
        for sum in 0..3 {
            for chance in [0.01, 0.001] {
                let expected = chance * all.len() as f64;
                let reached = tails.iter().filter(|tails| tails[sum].probability <= chance).count() as f64;
                // Five standard deviations of a count, and the steps of a sum of few terms.
                let most = expected * 1.15 + 5.0 * expected.sqrt();
                assert!(reached <= most, "sum {sum}, {count} cells: {reached} of {expected} expected at {chance}");
                assert!(
                    count < 40 || reached >= expected * 0.8 - 5.0 * expected.sqrt(),
                    "sum {sum}, {count} cells: {reached} of {expected} at {chance}"
                );
            }
        }
        assert!(tails.iter().flatten().all(|tail| tail.probability <= tail.bound), "the bound is one");
    }
}

/// The probability stated for all sums together is that of chance, and never less: for cells that are sure and for noise.
#[test]
fn the_probability_of_all_sums_is_right() {
    let all = recipients(40_000);
    for (count, own) in [(60, 1.0), (400, 0.3), (1500, 1.0)] {
        let reading = |(row, cell): (usize, &MarkCell)| (*cell, vec![Reading { symbol: row.is_multiple_of(3), own }]);
        let seen = Seen::new(cells(count).iter().enumerate().map(reading));
        let stated: Vec<f64> = all.iter().map(|recipient| recipient.score(&seen).tail.probability).collect();
        for chance in [0.1, 0.01, 0.001] {
            let expected = chance * all.len() as f64;
            let reached = stated.iter().filter(|stated| **stated <= chance).count() as f64;
            eprintln!("{count} cells, own {own}, {chance}: {reached} of {expected}");
            assert!(
                reached <= expected * 1.05 + 4.0 * expected.sqrt(),
                "{count} cells, {chance}: {reached} of {expected}"
            );
            assert!(
                reached >= expected * 0.7 - 4.0 * expected.sqrt(),
                "{count} cells, {chance}: {reached} of {expected}"
            );
        }
    }
}
