//! Names with a middle dot: Uygur, Kazakh, Hui and transliterated names such as 阿依古丽·买买提.

use super::super::context::Verdict;
use super::super::engine::Candidate;

/// Characters that transliterate sounds. The parts of a dotted name are made of them, the words around it are not.
const SOUNDS: &str = "阿艾安奥巴拜班贝本比别波伯布查达丹德迪丁东杜多额恩尔发法菲费夫弗富戈哥格古哈海罕汗赫黑胡华吉加迦贾江杰金居卡凯康柯科克肯孔库拉兰朗劳勒雷李里力利丽莲良列林琳琉卢鲁罗洛吕马玛麦曼毛梅美门蒙米密明莫默木穆姆那娜纳乃奈南尼妮宁努诺欧帕潘佩皮普其奇齐乔切琼热日茹瑞萨塞赛桑沙莎山尚舍圣施诗史斯丝苏孙索塔台太泰坦唐特提田铁图托瓦万维魏温文沃乌吾武西希夏夏肖谢辛欣雪亚牙雅延扬耶叶伊依义因英尤于玉约再扎占詹珍珠朱祖佐买孜孜力甫江提汗古丽热依木合则尔吐逊依帕夏艳艾迪古丽娜扎肉孜吾麦海米尔扎提";

fn is_dot(c: char) -> bool {
    matches!(c, '\u{b7}' | '\u{2022}' | '\u{30fb}' | '\u{2027}')
}

/// Finds dotted names in a run of Chinese characters and dots.
pub(super) fn find(span: &[(usize, char)], candidates: &mut Vec<Candidate>) {
    let mut next = 0;
    for (index, (_, c)) in span.iter().enumerate() {
        if index < next || !is_dot(*c) {
            continue;
        }
        let first = index - span[next..index].iter().rev().take(8).take_while(|(_, c)| SOUNDS.contains(*c)).count();
        let mut last = index;
        while span.get(last).is_some_and(|(_, c)| is_dot(*c)) {
            let part = span[last + 1..].iter().take(8).take_while(|(_, c)| SOUNDS.contains(*c)).count();
            if part == 0 {
                break;
            }
            last += 1 + part;
        }
        next = last.max(index + 1);
        if index - first >= 2 && last - index >= 3 {
            candidates.push(candidate(span, first, last));
        }
    }
}

fn candidate(span: &[(usize, char)], first: usize, last: usize) -> Candidate {
    let (at, c) = span[last - 1];
    Candidate {
        data_type: "person_name",
        start: span[first].0,
        end: at + c.len_utf8(),
        confidence: 84,
        why: "带间隔号的音译姓名",
        verdict: Verdict::default(),
    }
}
