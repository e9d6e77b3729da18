//! Tibetan, Mongol and Yugur given names, which have no surname in front: pairs of well-known syllables.

use super::super::context::Verdict;
use super::super::engine::Candidate;
use super::BEFORE;

const PARTS: &[&str] = &[
    "扎西",
    "卓玛",
    "才让",
    "次仁",
    "多杰",
    "旦增",
    "丹增",
    "央金",
    "拉姆",
    "平措",
    "顿珠",
    "格桑",
    "罗布",
    "达瓦",
    "尼玛",
    "边巴",
    "巴桑",
    "普布",
    "索南",
    "仁增",
    "加央",
    "桑杰",
    "贡布",
    "班玛",
    "措姆",
    "德吉",
    "曲珍",
    "白玛",
    "洛桑",
    "强巴",
    "旺堆",
    "旺杰",
    "江措",
    "嘉措",
    "坚参",
    "坚赞",
    "才旦",
    "才仁",
    "仁青",
    "仁钦",
    "东智",
    "道吉",
    "万玛",
    "完玛",
    "拉毛",
    "卓嘎",
    "益西",
    "土登",
    "云丹",
    "赤列",
    "晋美",
    "久美",
    "旦巴",
    "旦正",
    "公保",
    "贡保",
    "华旦",
    "杨吉",
    "草吉",
    "吉毛",
    "拉加",
    "尕藏",
    "噶桑",
    "南杰",
    "朗杰",
    "昂毛",
    "昂杰",
    "桑吉",
    "更登",
    "更藏",
    "勒毛",
    "羊吉",
    "班代",
    "关却",
    "三智",
    "其美",
    "琼达",
    "梅朵",
    "美朵",
    "白姆",
    "巴特尔",
    "巴图",
    "其其格",
    "乌兰",
    "图雅",
    "高娃",
    "娜仁",
    "萨仁",
    "苏和",
    "苏日",
    "格日",
    "斯琴",
    "托娅",
    "朝鲁",
    "孟和",
    "布和",
    "阿木尔",
    "宝音",
    "额尔德尼",
    "那顺",
];

/// Finds such names: two parts or more in a row, or one behind a label.
pub(super) fn find(text: &str, span: &[(usize, char)], announced: bool, candidates: &mut Vec<Candidate>) {
    let mut index = 0;
    while index < span.len() {
        let start = span[index].0;
        let mut end = start;
        let mut parts = 0;
        while let Some(part) = text.get(end..).and_then(part_at) {
            end += part.len();
            parts += 1;
        }
        let labelled = || announced || is_labelled(text, start);
        if parts >= 2 || parts == 1 && alone(text, end) && labelled() {
            candidates.push(candidate(start, end, parts));
        }
        let passed = span[index..].iter().take_while(|(at, _)| *at < end).count();
        index += passed.max(1);
    }
}

fn part_at(rest: &str) -> Option<&'static str> {
    PARTS.iter().filter(|part| rest.starts_with(**part)).max_by_key(|part| part.len()).copied()
}

fn is_labelled(text: &str, start: usize) -> bool {
    let head = text.get(..start).unwrap_or_default().trim_end_matches(['：', ':', ' ']);
    BEFORE.iter().any(|(word, evidence)| *evidence >= 40 && head.ends_with(word))
}

/// Whether no further Chinese character follows.
fn alone(text: &str, end: usize) -> bool {
    !text.get(end..).is_some_and(|rest| rest.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)))
}

fn candidate(start: usize, end: usize, parts: usize) -> Candidate {
    let confidence = if parts >= 2 { 86 } else { 78 };
    Candidate {
        data_type: "person_name",
        start,
        end,
        confidence,
        why: "藏、蒙、裕固等民族常用名",
        verdict: Verdict::default(),
    }
}
