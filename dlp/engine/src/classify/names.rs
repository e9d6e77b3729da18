//! Names of persons by evidence: how likely the characters are to be a name, and what stands around them.

mod dotted;
mod model;
mod tibetan;

use super::context::Verdict;
use super::engine::Candidate;
use model::MODEL;

/// Evidence from which a name is reported, in tenths of a bit; it maps to confidence 60.
const ACCEPT: i32 = 100;

/// Words after which a name follows, with the evidence they give. Labels first, then verbs and particles.
const BEFORE: &[(&str, i32)] = &[
    ("姓名", 70),
    ("联系人", 65),
    ("收件人", 70),
    ("寄件人", 70),
    ("收货人", 70),
    ("发件人", 65),
    ("户名", 65),
    ("名字", 60),
    ("申请人", 65),
    ("经办人", 65),
    ("负责人", 60),
    ("法定代表人", 65),
    ("法人代表", 60),
    ("法人", 50),
    ("开户人", 65),
    ("持卡人", 65),
    ("登记人", 65),
    ("报案人", 65),
    ("当事人", 60),
    ("嫌疑人", 60),
    ("被害人", 60),
    ("证人", 50),
    ("原告", 55),
    ("被告", 55),
    ("监护人", 60),
    ("紧急联系人", 65),
    ("投保人", 60),
    ("被保险人", 60),
    ("受益人", 60),
    ("借款人", 60),
    ("承租人", 60),
    ("出租人", 60),
    ("户主", 60),
    ("车主", 60),
    ("业主", 60),
    ("乘客", 50),
    ("旅客", 55),
    ("患者", 60),
    ("病人", 50),
    ("客户", 50),
    ("用户", 45),
    ("会员", 45),
    ("学生", 45),
    ("家长", 45),
    ("教师", 40),
    ("老师", 35),
    ("医生", 40),
    ("护士", 40),
    ("民警", 45),
    ("干部", 35),
    ("科员", 45),
    ("主任", 40),
    ("局长", 45),
    ("处长", 45),
    ("科长", 45),
    ("县长", 45),
    ("市长", 45),
    ("书记", 40),
    ("院长", 40),
    ("校长", 40),
    ("经理", 40),
    ("同志", 40),
    ("居民", 40),
    ("村民", 50),
    ("市民", 45),
    ("职工", 40),
    ("员工", 45),
    ("司机", 45),
    ("驾驶员", 45),
    ("记者", 50),
    ("作者", 45),
    ("人员", 30),
    ("名叫", 65),
    ("叫做", 40),
    ("我叫", 70),
    ("我是", 50),
    ("叫", 30),
    ("联系", 40),
    ("转账到", 55),
    ("转账至", 55),
    ("转账给", 55),
    ("转到", 45),
    ("转给", 50),
    ("打给", 50),
    ("发给", 50),
    ("交接给", 50),
    ("给", 35),
    ("找", 35),
    ("帮", 35),
    ("加", 30),
    ("问了", 40),
    ("问一下", 40),
    ("问下", 35),
    ("通知", 35),
    ("就是", 35),
    ("是", 22),
    ("由", 22),
    ("与", 15),
    ("和", 15),
    ("及", 10),
    ("核实", 45),
    ("核对", 40),
    ("查询", 30),
    ("抄送", 45),
    ("cc一下", 45),
    ("一下", 30),
    ("妻子", 45),
    ("丈夫", 45),
    ("配偶", 55),
    ("父亲", 45),
    ("母亲", 45),
    ("儿子", 45),
    ("女儿", 45),
    ("哥哥", 40),
    ("弟弟", 40),
    ("姐姐", 40),
    ("妹妹", 40),
    ("信息", 20),
    ("汇总", 20),
    ("录入", 25),
    ("亲属", 35),
    ("邀请", 30),
    ("委托", 30),
    ("见", 10),
    ("向", 15),
    ("对", 8),
    ("将", 5),
    ("请", 12),
    ("存", 10),
];

/// Words that follow a name, with the evidence they give.
const AFTER: &[(&str, i32)] = &[
    ("先生", 60),
    ("女士", 60),
    ("小姐", 50),
    ("同志", 55),
    ("同学", 55),
    ("老师", 50),
    ("医生", 50),
    ("主任", 45),
    ("局长", 45),
    ("处长", 45),
    ("科长", 45),
    ("书记", 40),
    ("经理", 45),
    ("身份证", 55),
    ("手机", 45),
    ("电话", 45),
    ("微信", 45),
    ("邮箱", 45),
    ("银行卡", 50),
    ("卡号", 45),
    ("护照", 50),
    ("账户", 40),
    ("名下", 50),
    ("户籍", 45),
    ("住在", 45),
    ("家住", 45),
    ("居住", 40),
    ("住址", 45),
    ("地址", 40),
    ("联系", 35),
    ("申请", 35),
    ("男", 20),
    ("女", 20),
    ("，男", 55),
    ("，女", 55),
    (",男", 55),
    ("(男", 50),
    ("（男", 50),
    ("（女", 50),
    ("的电话", 52),
    ("的手机", 52),
    ("的身份证", 55),
    ("的银行卡", 55),
    ("的卡", 48),
    ("的微信", 50),
    ("的邮箱", 50),
    ("的地址", 48),
    ("的护照", 52),
    ("的证件", 52),
    ("的车", 38),
    ("的", 26),
    ("说", 30),
    ("表示", 35),
    ("告诉", 35),
    ("称", 20),
    ("来电", 40),
    ("在", 15),
    ("于", 12),
    ("出生", 35),
    ("因", 15),
    ("等人", 40),
    ("等", 15),
    ("和", 10),
    ("与", 10),
    ("同志", 50),
    ("今年", 30),
    ("完成", 20),
    ("办理", 25),
    ("提交", 25),
    ("报名", 25),
    ("身份", 40),
    ("生日", 45),
    ("的号", 45),
    ("证件", 40),
    ("contact", 30),
    ("phone", 35),
    ("email", 35),
    ("at ", 20),
    ("将", 12),
    ("，电话", 45),
    ("打", 18),
];

/// Finds names in a text in normal form.
pub(super) fn find(text: &str, header: Option<&str>, candidates: &mut Vec<Candidate>) {
    let announced = header.is_some_and(is_name_header);
    let mut span: Vec<(usize, char)> = Vec::new();
    for (at, c) in text.char_indices() {
        if is_name_character(c) {
            span.push((at, c));
        } else if !span.is_empty() {
            read_span(text, &span, announced, candidates);
            span.clear();
        }
    }
    read_span(text, &span, announced, candidates);
}

/// Whether a column or field holds names of persons.
fn is_name_header(header: &str) -> bool {
    const HEADERS: &[&str] = &[
        "姓名",
        "名字",
        "联系人",
        "收件人",
        "申请人",
        "负责人",
        "户主",
        "xm",
        "name",
        "full_name",
        "person_name",
        "lxr",
    ];
    let header = header.trim().to_ascii_lowercase();
    HEADERS.iter().any(|known| header == *known || (!known.is_ascii() && header.ends_with(known)))
}

fn is_name_character(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
        || matches!(c, '\u{b7}' | '\u{2022}' | '\u{30fb}' | '\u{2027}')
        || ('\u{3400}'..='\u{4dbf}').contains(&c)
}

fn read_span(text: &str, span: &[(usize, char)], announced: bool, candidates: &mut Vec<Candidate>) {
    if span.len() < 2 {
        return;
    }
    dotted::find(span, candidates);
    tibetan::find(text, span, announced, candidates);
    let mut scored = Vec::new();
    for index in 0..span.len() - 1 {
        scored.extend(best_at(text, span, index, announced));
    }
    // Names do not overlap: the strongest first.
    scored.sort_by_key(|scored| (std::cmp::Reverse(scored.score), scored.start));
    let mut taken = vec![false; span.len()];
    for name in scored {
        if !taken[name.first..name.last].iter().any(|taken| *taken) {
            taken[name.first..name.last].fill(true);
            candidates.push(name.into_candidate());
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Scored {
    first: usize,
    last: usize,
    start: usize,
    end: usize,
    score: i32,
    before: Option<&'static str>,
    after: Option<&'static str>,
}

impl Scored {
    fn into_candidate(self) -> Candidate {
        let confidence = u8::try_from((60 + (self.score - ACCEPT) / 3).clamp(60, 96)).unwrap_or(60);
        let why = match (self.before, self.after) {
            (Some(_), _) => "姓氏、名用字符合，前有称谓或标签",
            (None, Some(_)) => "姓氏、名用字符合，后有称谓或身份信息",
            (None, None) => "姓氏、名用字符合，独立成词",
        };
        let verdict = Verdict { positive: self.before.or(self.after), negative: None };
        Candidate { data_type: "person_name", start: self.start, end: self.end, confidence, why, verdict }
    }
}

/// The best name that begins at a character, if any is good enough.
fn best_at(text: &str, span: &[(usize, char)], index: usize, announced: bool) -> Option<Scored> {
    let (surname_length, surname) = MODEL.surname(span, index)?;
    (1..=2)
        .filter_map(|given| score(text, span, (index, surname_length, given), surname, announced))
        .max_by_key(|scored| scored.score)
}

fn score(
    text: &str,
    span: &[(usize, char)],
    (index, surname_length, given): (usize, usize, usize),
    surname: i32,
    announced: bool,
) -> Option<Scored> {
    let last = index + surname_length + given;
    let name = span.get(index..last)?;
    let start = span[index].0;
    let end = name.last().map(|(at, c)| at + c.len_utf8())?;
    let characters: Vec<char> = name.iter().map(|(_, c)| *c).collect();
    let own = surname + MODEL.given(&characters[surname_length..]) - MODEL.commonness(&characters);
    let (before_score, before) = left(text, span, index, start);
    let (after_score, after) = right(text, span, last, end);
    // 高水平: a word after a surname is a name only where something around it says so.
    let phrase = before.is_none() && after_score < 30 && MODEL.is_word(&characters[surname_length..]);
    let score = own + before_score + after_score + if announced { 80 } else { 0 } - if phrase { 25 } else { 0 };
    (score >= ACCEPT && own > 0).then_some(Scored { first: index, last, start, end, score, before, after })
}

fn left(text: &str, span: &[(usize, char)], index: usize, start: usize) -> (i32, Option<&'static str>) {
    let head = text.get(..start).unwrap_or_default();
    let separated = head.trim_end_matches(['：', ':', ' ', '“', '"', '(', '（', '-', '*', '　']);
    let word = BEFORE.iter().filter(|(word, _)| separated.ends_with(word)).max_by_key(|(word, _)| word.len());
    let direct = separated.len() == head.len();
    match word {
        // A one-character particle counts only when the name follows it directly and they form no word together.
        Some((word, evidence)) if word.len() > 3 || direct => (*evidence + if direct { 0 } else { 10 }, Some(word)),
        _ if index == 0 => (
            if head.is_empty() || head.ends_with(['\n', '，', '、', '；', '/', ',', '\t', '|', '“', '"']) {
                28
            } else {
                22
            },
            None,
        ),
        _ if MODEL.is_word(&[span[index - 1].1, span[index].1]) => (-60, None),
        // A word that is complete before the name leaves room for one.
        _ if index >= 2 && MODEL.is_word(&[span[index - 2].1, span[index - 1].1]) => (-10, None),
        _ => (-25, None),
    }
}

fn right(text: &str, span: &[(usize, char)], last: usize, end: usize) -> (i32, Option<&'static str>) {
    let tail = text.get(end..).unwrap_or_default();
    let word = AFTER.iter().filter(|(word, _)| tail.starts_with(word)).max_by_key(|(word, _)| word.len());
    if let Some((word, evidence)) = word {
        return (*evidence, Some(word));
    }
    let rest = tail.trim_start_matches([' ', '（', '(', '/', '，', ',', '：', ':', '\t', '|', '-']);
    match span.get(last) {
        None if rest.len() < tail.len()
            && AFTER.iter().any(|(word, evidence)| *evidence >= 40 && rest.starts_with(word)) =>
        {
            (42, None)
        }
        None if rest.starts_with(|c: char| c.is_ascii_digit() || c == '+') => (38, None),
        None => (20, None),
        Some((_, next)) if MODEL.is_word(&[span[last - 1].1, *next]) => (-45, None),
        Some(_) => (-15, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        let mut candidates = Vec::new();
        find(text, None, &mut candidates);
        candidates.sort_by_key(|candidate| candidate.start);
        candidates.iter().map(|candidate| &text[candidate.start..candidate.end]).collect()
    }

    #[test]
    fn names_with_evidence_are_found() {
        assert_eq!(names("联系人：王秀英，电话"), ["王秀英"]);
        assert_eq!(names("请转交欧阳文静女士"), ["欧阳文静"]);
        assert_eq!(names("李建国的身份证在这里"), ["李建国"]);
    }

    #[test]
    fn common_words_are_no_names() {
        for text in [
            "高质量发展",
            "安全管理和方法",
            "黄金周期间",
            "我们高兴地看到",
            "金融机构应当",
            "常见问题",
            "张掖市甘州区",
            "高水平",
            "成都市",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn names_of_minorities_are_found() {
        assert_eq!(names("姓名：扎西次仁"), ["扎西次仁"]);
        assert_eq!(names("联系人阿依古丽·买买提，电话"), ["阿依古丽·买买提"]);
        assert_eq!(names("学生：马哈麦"), ["马哈麦"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[王李张高的在是，。：姓名·a-c0-3\n ]{0,60}") {
            let _ = names(&text);
        }
    }
}
