//! Tibetan, Mongol and Yugur given names, which have no surname in front: pairs of well-known syllables.

use super::super::context::Verdict;
use super::super::engine::Candidate;
use super::model::MODEL;

const PARTS: &str = "\
    扎西 卓玛 才让 次仁 多杰 旦增 丹增 央金 拉姆 平措 顿珠 格桑 罗布 达瓦 尼玛 边巴 巴桑 普布 索南 仁增 加央 \
    桑杰 贡布 班玛 措姆 德吉 曲珍 白玛 洛桑 强巴 旺堆 旺杰 江措 嘉措 坚参 坚赞 才旦 才仁 仁青 仁钦 东智 道吉 \
    万玛 完玛 拉毛 卓嘎 益西 土登 云丹 赤列 晋美 久美 旦巴 旦正 公保 贡保 华旦 杨吉 草吉 吉毛 拉加 尕藏 噶桑 \
    南杰 朗杰 昂毛 昂杰 桑吉 更登 更藏 勒毛 羊吉 班代 关却 三智 其美 琼达 梅朵 美朵 白姆 巴特尔 巴图 其其格 \
    乌兰 图雅 高娃 娜仁 萨仁 苏和 苏日 格日 斯琴 托娅 朝鲁 孟和 布和 阿木尔 宝音 额尔德尼 那顺 阿旺 嘉央 伦珠 \
    索朗 次旦 曲扎 央宗 央吉 西热 西绕 热杰 热布杰 扎巴 桑珠 桑布 桑姆 次旺 次珍 旺姆 旺修 曲吉 曲措 曲央 \
    曲尼 丹巴 丹珍 丹达 降央 降巴 江央 加措 加布 加羊 加悦 金巴 坚措 贡嘎 贡确 衮曲 群培 群佩 仓决 措毛 措加 \
    德钦 登巴 东珠 顿旦 多布杰 尕玛 噶玛 根敦 华毛 吉先 久西 克珠 拉旺 拉姆措 拉泽 兰卡 俄日 俄旦 罗桑 鲁姆措 \
    玛吉 卓玛措 南卡 南加 尼珍 班玛措 彭措 朋措 强曲 巧吉 切羊 却吉 日措 赛吉 三木旦 桑巴 尚杰 世加 斯郎 泽仁 \
    泽旺 泽郎 达娃 昂旺 昂青 完德 万德 旺加 维色 先巴 项欠 夏吾 香曲 阳措 扬措 银措 永措 玉措 增太 扎东 周加 \
    周毛 周措 才措 才毛 才巷 才杨 措吉 东主 多吉 多日 更桑 公保加 尕布 呼和 图门 乌力吉 布仁 巴雅尔 额尔敦 \
    其木格 敖登 格日乐 格日勒 敖日 乌云 塔娜 阿拉坦 阿拉腾 仓布 娜日 娜布其 哈斯 哈日 胡日 吉日嘎拉 吉雅 孟克 \
    牧仁 宝力 宝力道 宝力格 道尔吉 特木尔 铁木尔 苏德 苏雅 萨日娜 图格 旭日 伊德 扎那 扎木苏 朝克 朝勒 查干 \
    达来 达楞 嘎拉 嘎日 高乐 格根 毕力格 都楞 恩和 满都 那日 那仁 脑日布 其格 青格 青格勒 赛音 赛罕 色音 陶格 \
    陶德 乌恩 乌日 希日 央措 吉措 毛措 娜姆 拉毛草 东知 当周 旦知 拉措 项秀 尕姆 拉么 完么 杂巴";

/// Confidence in names of two parts or more.
pub(super) const SURE: u8 = 97;

/// Finds such names in a run of characters: two parts or more in a row, or one behind a label.
pub(super) fn find(
    text: &str,
    run_start: usize,
    characters: &[char],
    announced: bool,
    candidates: &mut Vec<Candidate>,
) {
    let mut index = 0;
    while index < characters.len() {
        let start = run_start + index * 3;
        let mut end = start;
        let mut parts = 0;
        while let Some(part) = text.get(end..).and_then(part_at) {
            end += part.len();
            parts += 1;
        }
        let labelled = || announced || is_labelled(text, start);
        let whole = alone(text, end) || end - start >= 9;
        // Behind a word that only persons stand behind, it need not be all there is.
        let sure = || announced || MODEL.before(text.get(..start).unwrap_or_default()).is_some_and(is_role);
        if parts >= 2 || parts == 1 && if whole { labelled() } else { sure() } {
            candidates.push(candidate(start, end, parts));
        }
        index += ((end - start) / 3).max(1);
    }
}

fn part_at(rest: &str) -> Option<&'static str> {
    static FIRST: std::sync::LazyLock<std::collections::HashMap<char, Vec<&'static str>>> =
        std::sync::LazyLock::new(|| {
            let mut first: std::collections::HashMap<char, Vec<&'static str>> = std::collections::HashMap::new();
            for part in PARTS.split(' ') {
                first.entry(part.chars().next().unwrap_or_default()).or_default().push(part);
            }
            first
        });
    let parts = FIRST.get(&rest.chars().next()?)?;
    parts.iter().filter(|part| rest.starts_with(**part)).max_by_key(|part| part.len()).copied()
}

/// Whether a word is one that names of persons follow and hardly anything else.
fn is_role((word, evidence): (&str, i32)) -> bool {
    evidence >= 45 && word.chars().count() >= 2
}

fn is_labelled(text: &str, start: usize) -> bool {
    let head = text.get(..start).unwrap_or_default().trim_end_matches(['：', ':', ' ']);
    MODEL.before(head).is_some_and(|(_, evidence)| evidence >= 40)
}

/// Whether no further Chinese character follows.
fn alone(text: &str, end: usize) -> bool {
    !text.get(end..).is_some_and(|rest| rest.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)))
}

fn candidate(start: usize, end: usize, parts: usize) -> Candidate {
    let confidence = if parts >= 2 { SURE } else { 78 };
    Candidate {
        data_type: "person_name",
        start,
        end,
        confidence,
        why: "藏、蒙、裕固等民族常用名",
        verdict: Verdict::default(),
    }
}
