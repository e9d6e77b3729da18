//! Names of persons: the likeliest reading of the characters as words and names, and what stands around them.

mod again;
mod dotted;
mod evidence;
mod lattice;
mod model;
mod table;
mod tibetan;

use super::column::said;
use super::context::Verdict;
use super::engine::Candidate;
use super::identifiers::PROVINCES;
use lattice::{Lattice, Name, Run};
use model::MODEL;
use table::Table;

/// Evidence that the header of a name column gives, in tenths of a bit.
const ANNOUNCED: i32 = 80;
/// Evidence that a long number in the neighbourhood gives, in tenths of a bit; how far that is; how long.
const NUMBERED: i32 = 35;
const NEIGHBOURHOOD: usize = 90;
const NUMBER_DIGITS: usize = 8;
/// What it adds that a name is all that stands in a field of such a column of a table in text.
const CELL: i32 = 70;
/// Evidence of a list whose first name is sure, and of a label that is followed by nothing else.
const LISTED: i32 = 65;
const LABELLED: i32 = 130;
/// Least evidence of such a label, and the longest name that is held to be all that follows.
const LABEL: (i32, usize) = (55, 4);
/// Labels of parcels, which say nothing without a colon behind them.
const SHORT_LABELS: [char; 2] = ['收', '寄'];
/// Evidence without which a chain of sounds is no name of a person, and how much likelier than words it is one without: it
/// may be a place or a make that the dictionary lacks.
const SOUNDS_EVIDENCE: i32 = 25;
const SOUNDS_ALONE: i32 = 140;
/// The evidence before it without which a chain of two sounds is none, and that behind one which is no word.
const SHORT_SOUNDS_EVIDENCE: i32 = 40;
const SHORT_SOUNDS_EVIDENCE_BEHIND: i32 = 35;

/// Finds names in a text in normal form.
pub(super) fn find(text: &str, header: Option<&str>, candidates: &mut Vec<Candidate>) {
    let announced = header.is_some_and(|header| said(header).person);
    let told = |table: &Table, start: usize, characters: &[char]| {
        let whole = table.names_at(text, start, start + 3 * characters.len());
        let cell = whole == Some(true) && characters.len() <= LABEL.1;
        let named = if announced || whole.is_some() { ANNOUNCED } else { 0 };
        named + if cell { CELL } else { 0 }
    };
    let known = candidates.len();
    let mut lattice = Lattice::default();
    let mut characters: Vec<char> = Vec::new();
    let mut start = 0;
    let mut dots = false;
    let mut before = None;
    let mut list = None;
    let numbers = long_numbers(text.as_bytes());
    let mut table = Table::default();
    let mut line = 0;
    for (at, c) in text.char_indices() {
        if at == line {
            let rest = &text[at..];
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            table.line(at, &rest[..length]);
            line = at + length + 1;
        }
        if is_han(c) {
            if characters.is_empty() {
                start = at;
            }
            characters.push(c);
            continue;
        }
        dots |= dotted::is_dot(c);
        if characters.is_empty() {
            continue;
        }
        let run = Run { text, start, characters: &characters, announced: told(&table, start, &characters) };
        before = read_listed(&mut lattice, (run, &numbers), before, &mut list, candidates);
        characters.clear();
    }
    let run = Run { text, start, characters: &characters, announced: told(&table, start, &characters) };
    read_listed(&mut lattice, (run, &numbers), before, &mut list, candidates);
    if dots {
        dotted::find(text, candidates);
    }
    again::find(text, known, candidates);
}

/// Whether a whole value is a name of a person, as in a column of names.
pub(super) fn is_name(value: &str) -> bool {
    let length = value.chars().count();
    let mut candidates = Vec::new();
    if (2..=24).contains(&length) && value.chars().all(|c| is_han(c) || dotted::is_dot(c) || c == ' ') {
        find(value, Some("姓名"), &mut candidates);
    }
    let word: Vec<char> = value.chars().collect();
    let whole = candidates.iter().any(|found| found.start == 0 && found.end == value.len());
    whole && !(word.len() == 2 && MODEL.is_word(&word) && !MODEL.is_likely(&word))
}

/// Characters names are written with; all of them take three bytes.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{3400}'..='\u{4dbf}').contains(&c)
}

/// Reads one run; where a list of names goes on is kept, so that what is listed with a sure name is likelier one.
fn read_listed(
    lattice: &mut Lattice,
    (run, numbers): (Run<'_>, &[usize]),
    before: Option<(usize, char)>,
    list: &mut Option<usize>,
    candidates: &mut Vec<Candidate>,
) -> Option<(usize, char)> {
    if run.characters.is_empty() {
        return before;
    }
    let listed = *list == Some(run.start);
    let labelled = labelled(run);
    let known = candidates.len();
    let announced = run.announced + if listed { LISTED } else { 0 } + if labelled { LABELLED } else { 0 };
    let before = read_run(lattice, (Run { announced, ..run }, numbers), before, candidates);
    let end = run.offset(run.characters.len());
    let sure = |found: &Candidate| found.verdict.positive.is_some() || found.confidence >= tibetan::SURE || listed;
    // Whom the model does not know is passed over, and the list goes on behind.
    let passed = (listed || labelled) && run.characters.len() <= LABEL.1;
    if passed || candidates[known..].iter().any(|found| found.end == end && sure(found)) {
        *list = list_after(run.text, end);
    }
    before
}

/// Where the next name of a list begins: behind 、, with a remark in brackets before it.
fn list_after(text: &str, end: usize) -> Option<usize> {
    const REMARK: usize = 60;
    let rest = text.get(end..)?;
    let remark = rest.starts_with(['（', '(']).then(|| rest.find(['）', ')']).filter(|at| *at <= REMARK)).flatten();
    let after = remark.map_or(rest, |at| rest[at..].trim_start_matches(['）', ')']));
    after.strip_prefix('、').map(|next| text.len() - next.trim_start_matches(' ').len())
}

/// Whether a run is all that stands behind the label of a person: `车主：蒲城`.
fn labelled(run: Run<'_>) -> bool {
    let (least, longest) = LABEL;
    let head = run.text.get(..run.start).unwrap_or_default();
    let label = head.trim_end_matches([':', '：', ' ']);
    run.characters.len() <= longest
        && label.len() < head.trim_end_matches(' ').len()
        && (label.ends_with(SHORT_LABELS) || MODEL.before(label).is_some_and(|(_, evidence)| evidence >= least))
}

/// Reads one run of characters and remembers it if it is a lone one: 王 强 is written with a space in forms.
fn read_run(
    lattice: &mut Lattice,
    (run, numbers): (Run<'_>, &[usize]),
    before: Option<(usize, char)>,
    candidates: &mut Vec<Candidate>,
) -> Option<(usize, char)> {
    match run.characters {
        [] => return before,
        [only] => {
            candidates.extend(before.and_then(|before| spaced(run, before)));
            return Some((run.start, *only));
        }
        _ => {}
    }
    tibetan::find(run.text, run.start, run.characters, run.announced > 0, candidates);
    let last = run.characters.len() - 1;
    let possible = run.announced > 0 || run.characters[..last].iter().any(|c| MODEL.begins_surname(*c));
    if possible || run.characters.len() >= 3 {
        let end = run.offset(run.characters.len());
        let numbered = if beside_number(numbers, run.start, end) { NUMBERED } else { 0 };
        let run = Run { announced: run.announced + numbered, ..run };
        lattice.read(run, |name| candidates.extend(candidate(run, name)));
    }
    None
}

/// A surname and a given name of one character each with spaces between, behind a label.
fn spaced(run: Run<'_>, (first, surname): (usize, char)) -> Option<Candidate> {
    let between = run.text.get(first + 3..run.start)?;
    let fits = !between.is_empty() && between.len() <= 4 && between.bytes().all(|byte| byte == b' ');
    let head = run.text.get(..first)?.trim_end_matches(['：', ':', ' ', '\t', '|']);
    let labelled = run.announced > 0 || MODEL.before(head).is_some_and(|(_, evidence)| evidence >= 40);
    let (start, end) = (first, run.start + 3);
    (fits && labelled && MODEL.begins_surname(surname)).then(|| Candidate {
        data_type: "person_name",
        start,
        end,
        confidence: 80,
        why: "姓与名之间有空格，前有标签",
        verdict: Verdict::default(),
    })
}

/// Where numbers long enough to be a person's reach that length.
fn long_numbers(text: &[u8]) -> Vec<usize> {
    let mut digits = 0;
    let mut ends = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' => continue,
            _ => digits = 0,
        }
        if digits == NUMBER_DIGITS {
            ends.push(at);
        }
    }
    ends
}

/// Whether such a number stands in the neighbourhood: where numbers are, names are not far.
fn beside_number(numbers: &[usize], start: usize, end: usize) -> bool {
    let first = numbers.partition_point(|at| *at < start.saturating_sub(NEIGHBOURHOOD - NUMBER_DIGITS));
    numbers.get(first).is_some_and(|at| *at < end + NEIGHBOURHOOD)
}

/// A part of a dotted name is found with the whole.
fn beside_dot(run: Run<'_>, name: Name) -> bool {
    let (start, end) = (run.offset(name.first), run.offset(name.last));
    run.text.get(..start).is_some_and(|head| head.ends_with(dotted::is_dot))
        || run.text.get(end..).is_some_and(|tail| tail.starts_with(dotted::is_dot))
}

/// 郭城驿镇, 杜家嘴社: what looks like a name and two or one more characters are the name of a place.
fn within_place(run: Run<'_>, name: Name) -> bool {
    const ENDS: [char; 8] = ['镇', '乡', '村', '社', '庄', '屯', '寨', '堡'];
    run.characters.get(name.last..).is_some_and(|rest| rest.iter().take(2).any(|c| ENDS.contains(c)))
}

/// 李总, 王姐, 朱师傅: called by the surname, which names nobody.
fn is_address_form(run: Run<'_>, name: Name) -> bool {
    const FORMS: &str = "总工姐哥叔婶姨嫂爷局董氏老";
    const LONG_FORMS: &[&str] = &[
        "先生", "女士", "小姐", "太太", "夫人", "师傅", "老师", "大夫", "医生", "护士", "教授", "大爷", "大娘", "大妈",
        "大姐", "大哥", "大叔", "大婶", "大嫂", "大伯", "老汉", "老太", "老头", "老总", "奶奶", "爷爷", "妈妈", "爸爸",
        "伯伯", "叔叔", "阿姨", "兄弟", "书记", "主任", "主席", "司令", "将军", "总统", "总理", "大使", "部长", "局长",
        "处长", "科长", "县长", "市长", "镇长", "乡长", "村长", "校长", "院长", "所长", "站长", "队长", "班长", "组长",
        "会长", "社长", "厂长", "经理", "老板", "同志", "同学", "警官", "法官", "律师", "公子",
    ];
    match run.characters.get(name.first..name.last) {
        Some([_, form]) => FORMS.contains(*form),
        Some([_, _, _]) => run
            .text
            .get(run.offset(name.first + 1)..run.offset(name.last))
            .is_some_and(|form| LONG_FORMS.contains(&form)),
        _ => false,
    }
}

/// 这张卡: a surname that counts things is none behind a number or a pointing word.
fn is_counted(run: Run<'_>, name: Name) -> bool {
    let before = name.first.checked_sub(1).and_then(|at| run.characters.get(at));
    let counts = run.characters.get(name.first).is_some_and(|c| "张支段层方章门".contains(*c));
    counts && before.is_some_and(|c| "这那哪每该几半两一二三四五六七八九十百".contains(*c))
}

/// 西峰区董志镇: what follows a division and ends as one does is a place.
fn is_place(run: Run<'_>, name: Name) -> bool {
    let ends = |at: usize, kinds: &str| run.characters.get(at).is_some_and(|c| kinds.contains(*c));
    name.first > 0 && ends(name.first - 1, "省市区县州旗镇乡村") && ends(name.last - 1, "镇乡村街巷路社庄寨堡")
}

/// Whether a chain of sounds is a person's name: what stands beside it says so, or it is far likelier than words.
fn is_foreign_name(run: Run<'_>, name: Name) -> bool {
    if name.last - name.first == 2 {
        let announced = name.evidence.before.is_some() && name.evidence.total >= SHORT_SOUNDS_EVIDENCE;
        let acts = name.evidence.after.is_some() && name.evidence.total >= SHORT_SOUNDS_EVIDENCE_BEHIND;
        return announced || acts && run.characters.get(name.first..name.last).is_some_and(|word| !MODEL.is_word(word));
    }
    let told = name.evidence.before.or(name.evidence.after).is_some() && name.evidence.total >= SOUNDS_EVIDENCE;
    told || name.score > SOUNDS_ALONE
}

/// 甘政办发〔2024〕38号, 警车甘A1234警: what begins the number of a document or ends before that of a plate names nobody.
fn is_numbered(run: Run<'_>, name: Name) -> bool {
    const DOCUMENT: usize = 5;
    let tail = run.text.get(run.offset(name.last)..).unwrap_or_default();
    let document = tail.chars().take(DOCUMENT).any(|c| matches!(c, '〔' | '﹝'));
    let plate = run.characters.get(name.last - 1).is_some_and(|c| PROVINCES.contains(c))
        && tail.starts_with(|c: char| c.is_ascii_uppercase());
    document || plate
}

fn candidate(run: Run<'_>, name: Name) -> Option<Candidate> {
    if is_address_form(run, name) || is_place(run, name) || is_counted(run, name) || is_numbered(run, name) {
        return None;
    }
    if name.sounds && (!is_foreign_name(run, name) || beside_dot(run, name)) {
        return None;
    }
    if name.evidence.before.is_none() && within_place(run, name) {
        return None;
    }
    let confidence = u8::try_from((60 + name.score / 3).clamp(60, 96)).unwrap_or(60);
    let why = match (name.sounds, name.evidence.before, name.evidence.after) {
        (true, None, None) => "音译姓名用字，比按普通词语切分更可能",
        (true, _, _) => "音译姓名用字，上下文有称谓或标签",
        (_, Some(_), _) => "姓氏、名用字符合，前有称谓或标签",
        (_, None, Some(_)) => "姓氏、名用字符合，后有称谓或身份信息",
        (_, None, None) => "姓氏、名用字符合，比按普通词语切分更可能",
    };
    let verdict = Verdict { positive: name.evidence.before.or(name.evidence.after), negative: None };
    let (start, end) = (run.offset(name.first), run.offset(name.last));
    Some(Candidate { data_type: "person_name", start, end, confidence, why, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        let mut candidates = Vec::new();
        find(text, None, &mut candidates);
        let mut found = Vec::new();
        crate::classify::resolve::resolve(&mut candidates, |known| found.push(&text[known.start..known.end]));
        found
    }

    #[test]
    fn names_with_evidence_are_found() {
        assert_eq!(names("联系人：王秀英，电话"), ["王秀英"]);
        assert_eq!(names("请转交欧阳文静女士"), ["欧阳文静"]);
        assert_eq!(names("李建国的身份证在这里"), ["李建国"]);
    }

    #[test]
    fn lists_and_labels_make_names_likelier() {
        assert_eq!(names("参会：王秀英、党建国、马小东（线上）、展昭。"), ["王秀英", "党建国", "马小东", "展昭"]);
        assert_eq!(names("同行人：白玛央金、德吉、索南多杰"), ["白玛央金", "德吉", "索南多杰"]);
        assert_eq!(names("车主：蒲城　号牌"), ["蒲城"]);
        assert_eq!(names("参会人员：竺可欣、丌丌、和晓梅、马文忠"), ["竺可欣", "和晓梅", "马文忠"]);
        for text in ["老板转账转这张卡 622848", "合同你跟李总对一下", "王姐那边我来说", "庆阳市西峰区董志镇罗杭村"]
        {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
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
            "郭城驿镇红堡子村",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn names_in_tables_of_text_are_found() {
        assert_eq!(names("姓名|性别|备注\n花蕊|女|已签约\n成龙|男|待回访"), ["花蕊", "成龙"]);
        assert_eq!(names("序号 家长姓名 学生姓名\n1 巩向东 付豪"), ["巩向东", "付豪"]);
    }

    #[test]
    fn names_end_where_the_sentence_goes_on() {
        assert_eq!(names("借款人阎维于2021年在我行贷款，担保人阎维之妻"), ["阎维", "阎维"]);
        assert_eq!(names("群主把卢昊踢了吧"), ["卢昊"]);
        assert_eq!(names("由其母石慧代诉"), ["石慧"]);
        assert_eq!(names("由丈夫多杰送入院待产"), ["多杰"]);
        assert_eq!(names("联邦议会议长路德维希·毕林格出席"), ["路德维希·毕林格"]);
        assert_eq!(names("副委员长铁木尔·达瓦买提说"), ["铁木尔·达瓦买提"]);
        assert_eq!(names("主办人托尼·巴伯所说"), ["托尼·巴伯"]);
        assert_eq!(names("委员司马义·艾买提说"), ["司马义·艾买提"]);
    }

    #[test]
    fn names_of_minorities_are_found() {
        assert_eq!(names("姓名：扎西次仁"), ["扎西次仁"]);
        assert_eq!(names("联系人阿依古丽·买买提，电话"), ["阿依古丽·买买提"]);
        assert_eq!(names("学生：马哈麦"), ["马哈麦"]);
        assert_eq!(names("专家汉斯·穆勒和学者"), ["汉斯·穆勒"]);
        assert_eq!(names("学者让·雅克·勒克参加"), ["让·雅克·勒克"]);
    }

    #[test]
    fn foreign_names_are_found_by_either_side_and_places_are_none() {
        assert_eq!(names("外长拉扎罗夫在会上"), ["拉扎罗夫"]);
        assert_eq!(names("据报道，纳扎罗娃表示"), ["纳扎罗娃"]);
        assert_eq!(names("经理科恩签字"), ["科恩"]);
        for text in
            ["从马德里飞往莫斯科", "向乌克兰、卢旺达和马里派出", "乌兹别克斯坦代表团", "采购西门子和施耐德的设备"]
        {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn idioms_and_forms_of_address_are_no_names() {
        for text in [
            "甘政办发〔2024〕38号",
            "教练车甘B5678学",
            "顾名思义",
            "万紫千红的花",
            "朱师傅来了",
            "雷先生在家",
            "韦大夫查房",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[王李张高的在是，。：姓名·a-c0-3\n ]{0,60}") {
            let _ = names(&text);
        }
    }
}
