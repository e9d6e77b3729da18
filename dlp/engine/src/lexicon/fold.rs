//! One form for the many ways to write a word: case, width, traditional characters, symbols put in between.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Traditional characters and their simplified forms, in pairs; the frequent ones of such texts.
const TRADITIONAL: &str = "網网絡络賭赌開开戶户購购買买賣卖貸贷槍枪彈弹藥药詐诈騙骗銀银帳账號号碼码證证發发線线錢钱賺赚優优廣广團团導导業业電电話话聯联係系視视頻频號号萬万億亿國国際际體体錄录紅红單单費费員员會会資资產产債债務务現现經经營营專专業业價价質质貨货運运輸输飛飞機机車车門门間间關关閉闭閱阅讀读點点擊击鏈链鍵键鎖锁盤盘彩彩獎奖領领獲获註注冊册龍龙虎虎鬥斗樂乐遊游戲戏娛娱賓宾";

/// A folded text that knows where its characters stood.
pub(super) struct Folded {
    pub(super) text: String,
    /// Byte in `text` and byte range in the original, for every character.
    places: Vec<(usize, Range<usize>)>,
}

impl Folded {
    pub(super) fn new(original: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(original.len()), places: Vec::new() };
        for (at, c) in original.char_indices() {
            for c in std::iter::once(c).nfkc().flat_map(char::to_lowercase).filter(|c| !is_filler(*c)) {
                folded.places.push((folded.text.len(), at..at + char_at(original, at)));
                folded.text.push(simplified(c));
            }
        }
        folded
    }

    /// The range of the original that a range of the folded text came from.
    pub(super) fn original(&self, range: Range<usize>) -> Option<Range<usize>> {
        let first = self.places.binary_search_by_key(&range.start, |(at, _)| *at).ok()?;
        let after = self.places.partition_point(|(at, _)| *at < range.end);
        Some(self.places[first].1.start..self.places.get(after.checked_sub(1)?)?.1.end)
    }
}

fn char_at(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// Characters people put between others to break a word: everything that is neither letter nor digit, except what
/// ends a sentence or line, over which no word reaches.
fn is_filler(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '\n' | '\r' | '。' | '！' | '？' | '!' | '?' | '；' | ';' | '，' | ',')
}

fn simplified(c: char) -> char {
    static PAIRS: std::sync::LazyLock<std::collections::HashMap<char, char>> = std::sync::LazyLock::new(|| {
        let all: Vec<char> = TRADITIONAL.chars().collect();
        all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    });
    if c < '\u{4e00}' { c } else { PAIRS.get(&c).copied().unwrap_or(c) }
}
