//! What a form says about a person behind a label: birth, ethnicity, religion, marriage, health, income.

use super::{Detect, Found, Identifier, value_after};
use crate::classify::regions::{is_day, number};
use crate::classify::tokens::Document;

pub(in crate::classify) const ETHNICITIES: &str = "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族";

macro_rules! labelled {
    ($name:literal, $label:literal, $literals:expr, $find:expr, $valid:expr, $invalid:expr) => {
        Identifier {
            name: $name,
            label: $label,
            detect: Detect::Anchor { literals: $literals, find: $find },
            positive: $literals,
            negative: &[],
            valid: $valid,
            invalid: $invalid,
        }
    };
}

pub(super) static ALL: &[Identifier] = &[
    labelled!(
        "date_of_birth",
        "出生日期",
        &["出生", "生日", "birth", "Birth", "BIRTH", "born", "DOB", "csrq"],
        birth,
        &["出生日期：1990年1月2日", "生日 1990-01-02", "date of birth: 1990/1/2", "1988年3月4日出生", "DOB=19900102"],
        &["出生日期：1990年13月2日", "2023-01-02", "出生人口 1990"]
    ),
    labelled!(
        "ethnicity",
        "民族",
        &["民族", "族别"],
        ethnicity,
        &["民族：回族", "民族 东乡", "民族：裕固族"],
        &["民族团结", "民族：未知"]
    ),
    labelled!(
        "ethnicity",
        "民族（自述）",
        &["族"],
        stated_ethnicity,
        &["马某，男，东乡族，1980年", "王某、女、汉族、住本市"],
        &["少数民族，", "回族、藏族、蒙古族聚居", "上班族，"]
    ),
    labelled!(
        "religion",
        "宗教信仰",
        &["宗教信仰", "宗教"],
        religion,
        &["宗教信仰：伊斯兰教", "宗教信仰 佛教"],
        &["宗教信仰：无", "宗教事务局"]
    ),
    labelled!(
        "political_status",
        "政治面貌",
        &["政治面貌"],
        political,
        &["政治面貌：中共党员", "政治面貌 群众"],
        &["政治面貌情况"]
    ),
    labelled!(
        "marital_status",
        "婚姻状况",
        &["婚姻状况", "婚姻状态", "婚否"],
        marital,
        &["婚姻状况：已婚", "婚否：未婚"],
        &["婚姻状况调查"]
    ),
    labelled!("blood_type", "血型", &["血型"], blood, &["血型：AB型", "血型 O"], &["血型：X", "血型检测"]),
    labelled!(
        "medical_condition",
        "诊断和病史",
        &["诊断为", "初步诊断", "临床诊断", "既往病史", "病史", "过敏史", "确诊", "入院诊断", "出院诊断"],
        condition,
        &["初步诊断：慢性肾功能衰竭", "确诊肺结核", "既往病史：2型糖尿病"],
        &["确诊人数", "诊断为：正常"]
    ),
    labelled!(
        "income",
        "收入",
        &["月收入", "年收入", "月薪", "年薪", "实发工资", "应发工资", "家庭收入"],
        income,
        &["月收入：8500元", "年薪 25万元", "实发工资：6321.50"],
        &["月收入情况", "年收入：无"]
    ),
    labelled!(
        "biometric",
        "生物识别信息",
        &[
            "人脸特征",
            "指纹特征",
            "虹膜特征",
            "声纹特征",
            "人脸模板",
            "指纹模板",
            "face_template",
            "fingerprint_template"
        ],
        template,
        &["人脸特征：AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="],
        &["人脸特征：无", "人脸特征比对"]
    ),
    labelled!(
        "criminal_record",
        "违法犯罪记录",
        &["犯罪记录", "违法记录", "前科", "案底", "刑事处罚"],
        record,
        &["犯罪记录：因盗窃罪被判有期徒刑一年", "前科：有"],
        &["犯罪记录：无", "无犯罪记录证明"]
    ),
];

fn found(start: usize, end: usize, confidence: u8, why: &'static str) -> Found {
    Found { start, end, confidence, why, needs_context: false }
}

/// A date up to 24 bytes after the label, or directly before the word "born".
fn birth(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let text = document.text;
    let rest = text.get(at + length..)?;
    let separator = |c: char| c.is_ascii_digit() || "，。；\n".contains(c);
    let offset = rest.char_indices().take(16).find(|(_, c)| separator(*c)).map_or(0, |(offset, _)| offset);
    if let Some(end) = date(text, at + length + offset, document.latest_year) {
        return Some(found(at + length + offset, end, 85, "出生标签后的日期，历法有效"));
    }
    let head = text.get(..at)?;
    let start = head
        .char_indices()
        .rev()
        .take(11)
        .take_while(|(_, c)| c.is_ascii_digit() || "年月日-/.".contains(*c))
        .last()?
        .0;
    let end = date(text, start, document.latest_year)?;
    (end == at).then(|| found(start, end, 82, "“出生”之前的日期，历法有效"))
}

/// The end of a date that begins at a place: `19900102`, `1990-1-2`, `1990年1月2日`.
fn date(text: &str, start: usize, latest_year: u16) -> Option<usize> {
    let rest = text.get(start..)?;
    let compact = rest.bytes().take(9).take_while(u8::is_ascii_digit).count();
    if compact == 8 {
        return super::super::regions::is_date(&rest.as_bytes()[..8], latest_year).then_some(start + 8);
    }
    let mut parts = [0_u32; 3];
    let mut at = 0;
    for (index, part) in parts.iter_mut().enumerate() {
        let digits = rest.get(at..)?.bytes().take(5).take_while(u8::is_ascii_digit).count();
        *part = number(&rest.as_bytes()[at..at + digits])?;
        at += digits;
        let separator = rest[at..].chars().next().filter(|c| "年月日-/.".contains(*c));
        if index < 2 || separator == Some('日') {
            at += separator?.len_utf8();
        }
    }
    let fits = |year, month, day| (1850..=u32::from(latest_year)).contains(&year) && is_day(year, month, day);
    let [first, second, third] = parts;
    let english = second > 0 && (fits(third, first, second) || fits(third, second, first));
    (fits(first, second, third) || english).then_some(start + at)
}

fn one_of(document: Document<'_>, from: usize, words: &[&str], why: &'static str) -> Option<Found> {
    let (start, value) = value_after(document, from, 10)?;
    let word = words.iter().filter(|word| value.starts_with(**word)).max_by_key(|word| word.len())?;
    Some(found(start, start + word.len(), 80, why))
}

fn ethnicity(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let (start, value) = value_after(document, at + length, 6)?;
    let known = ETHNICITIES.split(' ').find(|known| value == *known || known.strip_suffix('族') == Some(value))?;
    let end = start + if value == known { known.len() } else { value.len() };
    Some(found(start, end, 82, "民族标签后的族称(GB/T 3304)"))
}

/// `，男，回族，1980年`: a people's name between marks, behind a sex or before a birth or a home.
fn stated_ethnicity(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let head = document.text.get(..at)?;
    // In the names of divisions no mark follows, and that is where most of these stand.
    let tail = document.text.get(at + length..).filter(|tail| tail.starts_with(['，', '、', ',', ' ', '。']))?;
    let known =
        ETHNICITIES.split(' ').find(|known| known.strip_suffix('族').is_some_and(|name| head.ends_with(name)))?;
    let start = at + length - known.len();
    let before = document.text.get(..start)?;
    let marked = before.ends_with(['，', '、', ',', ' ']);
    let rest = tail.trim_start_matches(['，', '、', ',', ' ']);
    let sex = before.trim_end_matches(['，', '、', ',', ' ']).ends_with(['男', '女']);
    let person =
        sex || rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("住") || rest.starts_with("生于");
    (marked && person).then(|| found(start, at + length, 82, "性别与出生日期之间的族称(GB/T 3304)"))
}

fn religion(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    const RELIGIONS: &[&str] =
        &["伊斯兰教", "佛教", "藏传佛教", "道教", "天主教", "基督教", "东正教", "印度教", "犹太教", "信教"];
    one_of(document, at + length, RELIGIONS, "宗教信仰标签后的取值")
}

fn political(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    const STATUSES: &[&str] = &[
        "中共党员",
        "中共预备党员",
        "共青团员",
        "群众",
        "民革",
        "民盟",
        "民建",
        "民进",
        "农工党",
        "致公党",
        "九三学社",
        "台盟",
        "无党派",
        "党员",
        "团员",
    ];
    one_of(document, at + length, STATUSES, "政治面貌标签后的取值(GB/T 4762)")
}

fn marital(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    one_of(
        document,
        at + length,
        &["未婚", "已婚", "初婚", "再婚", "复婚", "丧偶", "离婚", "离异"],
        "婚姻状况标签后的取值(GB/T 2261.2)",
    )
}

fn blood(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let (start, value) = value_after(document, at + length, 8)?;
    let group = value.trim_end_matches('型').trim_end_matches(['+', '-', '阳', '阴', '性']).trim_start_matches("Rh");
    matches!(group, "A" | "B" | "AB" | "O").then(|| found(start, start + value.len(), 80, "血型标签后的取值"))
}

/// Words that name a disease or an allergy; a closed list of endings keeps "confirmed cases" out.
fn condition(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let trimmed = rest.trim_start_matches(['：', ':', ' ', '为', '患', '有', '"']);
    let start = at + length + rest.len() - trimmed.len();
    let end = trimmed
        .char_indices()
        .take(24)
        .find(|(_, c)| "，。；、,;\n\"（".contains(*c))
        .map_or_else(|| floor(trimmed, 24), |(end, _)| end);
    let value = &trimmed[..end];
    is_condition(value).then(|| found(start, start + end, 76, "诊断标签后的病名"))
}

/// Whether a short text names a disease or an allergy.
pub(in crate::classify) fn is_condition(value: &str) -> bool {
    const MARKS: &[&str] = &[
        "炎",
        "结节",
        "突出",
        "溃疡",
        "囊肿",
        "息肉",
        "狭窄",
        "增生",
        "综合征",
        "中毒",
        "缺损",
        "哮喘",
        "贫血",
        "糖尿",
        "瘫",
        "畸形",
        "坏死",
        "积液",
        "结石",
        "术后",
        "病",
        "癌",
        "瘤",
        "症",
        "衰竭",
        "结核",
        "中风",
        "梗死",
        "梗塞",
        "骨折",
        "过敏",
        "感染",
        "出血",
        "硬化",
        "高血压",
        "抑郁",
        "障碍",
        "损伤",
        "艾滋",
        "HIV",
    ];
    MARKS.iter().any(|mark| value.contains(mark)) && value.chars().count() >= 2 && !value.contains(['例', '者', '人'])
}

fn floor(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
}

fn income(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let (start, value) = value_after(document, at + length, 16)?;
    let digits = value.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let unit =
        ["万元", "千元", "元", "万"].into_iter().find(|unit| value[digits..].starts_with(unit)).unwrap_or_default();
    let fits = value.bytes().take_while(u8::is_ascii_digit).count() >= 1 && (digits >= 3 || !unit.is_empty());
    fits.then(|| found(start, start + digits + unit.len(), 76, "收入标签后的金额"))
}

/// Encoded data after the label: at least 32 characters of Base64 or hexadecimal.
fn template(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let (start, value) = value_after(document, at + length, 4096)?;
    let encoded = value
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
        .count();
    (encoded >= 32).then(|| found(start, start + encoded, 85, "生物特征标签后的编码数据"))
}

fn record(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let (start, value) = value_after(document, at + length, 24)?;
    let fits =
        value.starts_with('有') || ["罪", "判处", "拘留", "徒刑", "处罚"].iter().any(|mark| value.contains(mark));
    let negated = document.text.get(..at).is_some_and(|before| before.ends_with('无'));
    (fits && !negated && !value.starts_with('无')).then(|| found(start, start + value.len(), 75, "记录标签后的内容"))
}
