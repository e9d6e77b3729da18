//! People that are nobody's, the same for the same seed.

use fengsui_dlp_gateway::table::Table;

/// SplitMix64 (G. Steele et al., 2014): the same trial for the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.draw() % most.max(1) as u64) as usize
    }

    /// So many different numbers below `most`.
    pub fn some(&mut self, count: usize, most: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..most).collect();
        (0..count.min(most)).for_each(|place| {
            let other = place + self.below(most - place);
            all.swap(place, other);
        });
        all.truncate(count);
        all
    }
}

/// A table of ten columns of people that are nobody's.
pub fn original(rows: usize, random: &mut Random) -> Table {
    let columns = ["编号", "姓名", "证件号", "手机号", "银行卡号", "邮箱", "住址", "出生日期", "金额", "单位"];
    let surnames: Vec<char> = "王李张刘陈杨赵黄周吴马丁祁妥贺安".chars().collect();
    let given: Vec<char> = "伟芳秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉".chars().collect();
    let row = |number: usize| {
        let (year, month, day) = (1950 + random.below(56), 1 + random.below(12), 1 + random.below(28));
        let body = format!("6201{:02}{year}{month:02}{day:02}{:03}", 2 + random.below(3), random.below(1000));
        let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let card = format!("621700{:012}", random.draw() % 1_000_000_000_000);
        let digits = card.bytes().rev().enumerate().map(|(place, digit)| {
            let value = u32::from(digit - b'0') * (1 + u32::from(place.is_multiple_of(2)));
            value / 10 + value % 10
        });
        let check = (10 - digits.sum::<u32>() % 10) % 10;
        let name: String = std::iter::once(surnames[random.below(surnames.len())])
            .chain((0..1 + random.below(2)).map(|_| given[random.below(given.len())]).collect::<Vec<_>>())
            .collect();
        vec![
            (number + 1).to_string(),
            name,
            format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize])),
            format!("1{}{:08}", ["38", "39", "50", "77", "89"][random.below(5)], random.draw() % 100_000_000),
            format!("{card}{check}"),
            format!(
                "u{}@{}",
                random.draw() % 10_000_000,
                ["example.com", "example.org", "mail.example.cn"][random.below(3)]
            ),
            format!(
                "甘肃省兰州市城关区东岗西路{}号{}栋{}室",
                1 + random.below(900),
                1 + random.below(30),
                101 + random.below(2000)
            ),
            format!("{year}-{month:02}-{day:02}"),
            format!("{}.{:02}", random.below(100_000), random.below(100)),
            format!("第{}科", random.below(40)),
        ]
    };
    Table { columns: columns.map(str::to_owned).to_vec(), rows: (0..rows).map(row).collect() }
}
