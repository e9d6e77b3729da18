//! Names of persons: the likeliest reading of the characters as words and names, and what stands around them.

mod dotted;
mod evidence;
mod lattice;
mod model;
mod tibetan;

use super::context::Verdict;
use super::engine::Candidate;
use lattice::{Lattice, Name, Run};
use model::MODEL;

/// Evidence that the header of a name column gives, in tenths of a bit.
const ANNOUNCED: i32 = 80;
/// Evidence that a long number in the neighbourhood gives, in tenths of a bit; how far that is; how long.
const NUMBERED: i32 = 35;
const NEIGHBOURHOOD: usize = 90;
const NUMBER_DIGITS: usize = 8;
/// Evidence without which a chain of sounds is no name of a person: it may be a place.
const SOUNDS_EVIDENCE: i32 = 50;

/// Finds names in a text in normal form.
pub(super) fn find(text: &str, header: Option<&str>, candidates: &mut Vec<Candidate>) {
    let announced = if header.is_some_and(is_name_header) { ANNOUNCED } else { 0 };
    let mut lattice = Lattice::default();
    let mut characters: Vec<char> = Vec::new();
    let mut start = 0;
    let mut dots = false;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if is_han(c) {
            if characters.is_empty() {
                start = at;
            }
            characters.push(c);
            continue;
        }
        dots |= dotted::is_dot(c);
        before = read_run(&mut lattice, Run { text, start, characters: &characters, announced }, before, candidates);
        characters.clear();
    }
    read_run(&mut lattice, Run { text, start, characters: &characters, announced }, before, candidates);
    if dots {
        dotted::find(text, candidates);
    }
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

/// Characters names are written with; all of them take three bytes.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{3400}'..='\u{4dbf}').contains(&c)
}

/// Reads one run of characters and remembers it if it is a lone one: 王 强 is written with a space in forms.
fn read_run(
    lattice: &mut Lattice,
    run: Run<'_>,
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
        let numbered = if beside_number(run.text, run.start, end) { NUMBERED } else { 0 };
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

/// Whether a number long enough to be a person's stands in the neighbourhood: where numbers are, names are not far.
fn beside_number(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let window = &bytes[start.saturating_sub(NEIGHBOURHOOD)..(end + NEIGHBOURHOOD).min(bytes.len())];
    let mut digits = 0;
    window.iter().any(|byte| {
        digits = match byte {
            b'0'..=b'9' => digits + 1,
            b' ' | b'-' => digits,
            _ => 0,
        };
        digits >= NUMBER_DIGITS
    })
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

fn candidate(run: Run<'_>, name: Name) -> Option<Candidate> {
    if name.sounds && (name.evidence.total < SOUNDS_EVIDENCE || name.evidence.before.is_none() || beside_dot(run, name))
    {
        return None;
    }
    if name.evidence.before.is_none() && within_place(run, name) {
        return None;
    }
    let confidence = u8::try_from((60 + name.score / 3).clamp(60, 96)).unwrap_or(60);
    let why = match (name.sounds, name.evidence.before, name.evidence.after) {
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
            "郭城驿镇红堡子村",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn names_of_minorities_are_found() {
        assert_eq!(names("姓名：扎西次仁"), ["扎西次仁"]);
        assert_eq!(names("联系人阿依古丽·买买提，电话"), ["阿依古丽·买买提"]);
        assert_eq!(names("学生：马哈麦"), ["马哈麦"]);
        assert_eq!(names("专家汉斯·穆勒和学者"), ["汉斯·穆勒"]);
        assert_eq!(names("学者让·雅克·勒克参加"), ["让·雅克·勒克"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[王李张高的在是，。：姓名·a-c0-3\n ]{0,60}") {
            let _ = names(&text);
        }
    }
}
