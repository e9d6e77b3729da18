//! Other spellings of the words of a lexicon: in Pinyin, and with characters taken apart into those they are made of.

use std::collections::HashMap;
use std::sync::LazyLock;

const PINYIN: &str = include_str!("../../../../rules/lexicon/pinyin.tsv");

/// Characters that are written side by side as two others: 赌 as 贝者.
const PARTS: &str = "赌贝者 骗马扁 枪木仓 炸火乍 弹弓单 钱钅戋 银钅艮 贩贝反 账贝长 财贝才 购贝勾 赔贝咅 赢亡口月贝凡 博十尃 彩采彡 娱女吴 嫖女票 娼女昌 妓女支 奸女干 \
    淫氵㸒 液氵夜 法氵去 洗氵先 汇氵匚 冰冫水 粉米分 烟火因 药艹约 粒米立 针钅十 铁钅失 锁钅肖 码石马 破石皮 证讠正 诈讠乍 说讠兑 请讠青 代亻弋 假亻叚 \
    信亻言 借亻昔 保亻呆 仿亻方 他亻也 你亻尔 伪亻为 体亻本 件亻牛 价亻介 办力八 期其月 朋月月 明日月 时日寸 联耳关 聊耳卯 职耳只 取耳又 群君羊 股月殳 \
    肉月肉 服月卩 胜月生 脏月庄 好女子 妈女马 如女口 打扌丁 扑扌卜 扣扌口 抽扌由 押扌甲 投扌殳 换扌奂 提扌是 接扌妾 拉扌立 招扌召 捕扌甫 卡上下 功工力 加力口 \
    动云力 助且力 刷尸巾刂 利禾刂 到至刂 制牛冂刂 副畐刂 微彳山 行彳亍 得彳旦寸 往彳主 很彳艮 玩王元 球王求 现王见 理王里 珠王朱 孩子亥 孙子小 帐巾长 帽巾冒 \
    峰山夆 岁山夕 吃口乞 喝口曷 嗨口海 吸口及 呼口乎 吗口马 叫口丩 响口向 味口未 咖口加 啡口非 线纟戋 红纟工 级纟及 给纟合 结纟吉 缴纟敫 约纟勺 纪纟己 网冂乂乂 \
    毒龶母 赚贝兼 款士示欠 欠夕人";

/// Fewest letters of a spelling in Pinyin that is looked for; shorter ones are words of English.
const LETTERS: usize = 6;

/// Readings by character.
static READINGS: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    let rows = PINYIN.lines().filter_map(|line| line.split_once('\t'));
    rows.flat_map(|(reading, characters)| characters.chars().map(move |c| (c, reading))).collect()
});

/// Parts by character.
static APART: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    let split = |entry: &'static str| {
        let whole = entry.chars().next()?;
        Some((whole, &entry[whole.len_utf8()..]))
    };
    PARTS.split_whitespace().filter_map(split).collect()
});

/// Spellings of a word apart from its own.
pub(super) fn of(word: &str) -> Vec<String> {
    pinyin(word).into_iter().chain(apart(word)).collect()
}

fn pinyin(word: &str) -> Option<String> {
    let syllables: Option<Vec<&str>> = word.chars().map(|c| READINGS.get(&c).copied()).collect();
    syllables.map(|syllables| syllables.concat()).filter(|text| text.len() >= LETTERS)
}

/// Every way to take one or all of the characters apart.
fn apart(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    let with = |chosen: &dyn Fn(usize) -> bool| {
        let text = characters.iter().enumerate().map(|(index, c)| match APART.get(c) {
            Some(parts) if chosen(index) => (*parts).to_owned(),
            _ => c.to_string(),
        });
        text.collect::<String>()
    };
    let mut all: Vec<String> = (0..characters.len()).map(|place| with(&|index| index == place)).collect();
    all.push(with(&|_| true));
    all.sort();
    all.dedup();
    all.retain(|text| text != word);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let all = of("网络赌博");
        assert!(all.contains(&"wangluodubo".to_owned()) && all.contains(&"网络贝者博".to_owned()), "{all:?}");
    }
}
