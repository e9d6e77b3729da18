//! Postal addresses: a division of the GB/T 2260 tree or a label, then roads, communities, buildings and rooms.

use std::collections::HashMap;
use std::sync::LazyLock;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};

use super::column::said;
use super::context::Verdict;
use super::engine::Candidate;
use super::regions::divisions;

/// Words after which an address begins even when no division is named.
const LABELS: &[&str] = &[
    "地址",
    "住址",
    "住所地",
    "居住地",
    "住在",
    "家住",
    "位于",
    "送到",
    "寄到",
    "送至",
    "寄往",
    "户籍地",
    "现住",
    "地点",
    "坐落",
    "户籍",
    "现居",
    "经营场所",
    "注册地",
    "取货",
    "送货",
    "店在",
    "address",
];

/// What ends the name of a road, place or community.
const PLACES: &[&str] = &[
    "大街",
    "街道",
    "大道",
    "胡同",
    "社区",
    "小区",
    "新村",
    "花园",
    "公寓",
    "大厦",
    "广场",
    "工业园",
    "产业园",
    "园区",
    "家属院",
    "家属楼",
    "家园",
    "工业区",
    "大楼",
    "夜市",
    "开发区",
    "新区",
    "公路",
    "中心",
    "校区",
    "市场",
    "商城",
    "商贸城",
    "新城",
    "名城",
    "公馆",
    "宿舍",
    "学校",
    "中学",
    "小学",
    "大学",
    "酒店",
    "宾馆",
    "商场",
    "车站",
    "路",
    "街",
    "巷",
    "道",
    "弄",
    "村",
    "屯",
    "庄",
    "镇",
    "乡",
    "苑",
    "里",
    "坊",
    "湾",
    "寨",
    "堡",
    "园",
    "府",
    "庭",
    "院",
    "县",
    "区",
    "市",
    "旗",
    "楼",
];

/// What ends the name of a road.
const ROADS: &[&str] =
    &["大街", "大道", "东路", "西路", "南路", "北路", "中路", "东街", "西街", "南街", "北街", "路", "街", "巷", "弄"];

/// What else bears the name of a division.
const VILLAGES: &[&str] = &["村", "镇", "乡", "社区", "小区", "新村", "家园", "花园", "大厦", "广场", "新区"];

/// What follows a number in an address.
const UNITS: &[&str] = &[
    "号楼", "号院", "号铺", "号", "栋", "幢", "座", "单元", "层", "楼", "室", "户", "房", "弄", "组", "队", "社", "门",
    "排", "#", "院", "区", "期",
];

/// Characters that no name of a road or place holds: the text has gone on.
const BREAKS: &str = "的了在是和我你他她有等与及或请为被把让对就也都还向从要会能说这那其于至并后前电手身邮编收联系";

/// Longest name of a road or place, in characters.
const NAME_CHARACTERS: usize = 12;
/// Most parts of one address.
const PARTS: usize = 14;
/// Longest name of a division, in characters.
const DIVISION_CHARACTERS: usize = 15;

static DIVISIONS: LazyLock<Divisions> = LazyLock::new(Divisions::load);

struct Divisions {
    names: HashMap<String, ()>,
    automaton: Option<CharwiseDoubleArrayAhoCorasick<u32>>,
}

impl Divisions {
    fn load() -> Self {
        let mut names = HashMap::new();
        for (_, name) in divisions() {
            if *name != "市辖区" && *name != "县" && name.chars().count() >= 2 {
                names.insert((*name).to_owned(), ());
                names.insert(short(name).to_owned(), ());
                names.extend(common(name).map(|name| (name, ())));
            }
        }
        let mut patterns: Vec<&str> = names.keys().map(String::as_str).collect();
        patterns.sort_unstable();
        let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
        let automaton = builder.build(patterns).ok();
        Self { automaton, names }
    }

    /// Length of the longest division at the beginning of a text.
    fn at(&self, rest: &str) -> Option<usize> {
        let ends = rest.char_indices().skip(2).map(|(at, _)| at).chain([rest.len()]).take(DIVISION_CHARACTERS);
        ends.filter(|end| rest.get(..*end).is_some_and(|head| self.names.contains_key(head))).max()
    }
}

/// What an autonomous division is called in common: 临夏州 for 临夏回族自治州, 东乡县 for 东乡族自治县.
fn common(name: &'static str) -> Option<String> {
    let kind = ["自治州", "自治县", "自治旗"].into_iter().find(|kind| name.ends_with(kind))?;
    Some(format!("{}{}", short(name), &kind["自治".len()..]))
}

/// A division's name without its kind, if two characters remain: 张掖 of 张掖市.
pub(super) fn short(name: &'static str) -> &'static str {
    const PEOPLES: [&str; 12] = [
        "回族",
        "藏族",
        "东乡族",
        "保安族",
        "撒拉族",
        "裕固族",
        "哈萨克族",
        "蒙古族",
        "蒙古",
        "维吾尔",
        "壮族",
        "土家族",
    ];
    let kinds = [
        "特别行政区",
        "自治区",
        "自治州",
        "自治县",
        "新区",
        "地区",
        "林区",
        "矿区",
        "市",
        "区",
        "县",
        "省",
        "州",
        "盟",
        "旗",
    ];
    let mut stripped = kinds.iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name);
    while let Some(head) = PEOPLES.iter().find_map(|people| stripped.strip_suffix(people)) {
        stripped = head;
    }
    if stripped.chars().count() >= 2 { stripped } else { name }
}

/// Finds addresses in a text in normal form.
pub(super) fn find(text: &str, header: Option<&str>, candidates: &mut Vec<Candidate>) {
    if header.is_some_and(|header| said(header).address) {
        candidates.extend(parse(text, 0, true));
    }
    let mut end = 0;
    if let Some(automaton) = &DIVISIONS.automaton {
        for hit in automaton.leftmost_find_iter(text) {
            if hit.start() < end {
                continue;
            }
            if let Some(found) = parse(text, hit.start(), labelled(text, hit.start())) {
                end = found.end;
                candidates.push(found);
            }
        }
    }
    for label in LABELS {
        for at in memchr::memmem::find_iter(text.as_bytes(), label.as_bytes()) {
            let rest = &text[at + label.len()..];
            let start = at + label.len() + rest.len()
                - rest.trim_start_matches(['：', ':', '为', '是', ' ', '"', '=', '在']).len();
            candidates.extend(parse(text, start, true));
        }
    }
}

/// Whether a whole value is an address, as in a column of addresses: divisions alone do not count.
pub(super) fn is_address(value: &str) -> bool {
    parse(value, 0, true).is_some_and(|found| found.end * 10 >= value.len() * 7)
}

/// 住, 现住, 家住, behind which an address begins; 居住 and 入住 go on otherwise.
fn lives(head: &str) -> bool {
    let before = head.strip_suffix('住');
    before.is_some_and(|before| {
        !before.ends_with(|c: char| is_han(c)) || before.ends_with(['现', '家', '原', '暂', '常'])
    })
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn labelled(text: &str, start: usize) -> bool {
    let head = text.get(..start).unwrap_or_default().trim_end_matches(['：', ':', '为', '是', ' ', '"', '=', '在']);
    LABELS.iter().any(|label| head.ends_with(label)) || lives(head)
}

#[derive(Debug, Default, Clone, Copy)]
struct Parts {
    divisions: usize,
    places: usize,
    numbers: usize,
}

enum Part {
    Division,
    Place,
    Number,
}

/// Reads an address at a place as far as it goes.
fn parse(text: &str, start: usize, labelled: bool) -> Option<Candidate> {
    let mut parts = Parts::default();
    let mut end = start;
    let mut solid = start;
    for _ in 0..PARTS {
        let rest = text.get(end..)?;
        // Who lives in a hamlet is found there, as behind the number of a house.
        let hamlet = hamlet(text, end).map(|length| (length, Part::Number));
        let Some((length, part)) = hamlet.or_else(|| next_part(rest, parts)) else { break };
        end += length;
        match part {
            Part::Division => parts.divisions += 1,
            Part::Place => parts.places += 1,
            Part::Number => parts.numbers += 1,
        }
        solid = end;
    }
    if parts.numbers == 0 {
        solid += text.get(solid..).map_or(0, |rest| beside(text, solid, rest));
    }
    let confidence = confidence(parts, labelled)?;
    let why = match parts.divisions {
        0 => "地址标签后的道路和门牌",
        1 => "行政区划加道路、门牌",
        _ => "多级行政区划加道路、门牌",
    };
    let verdict = Verdict::default();
    Some(Candidate { data_type: "address", start, end: solid, confidence, why, verdict })
}

/// A hamlet of a village: 杜家嘴社, 上湾组.
fn hamlet(text: &str, at: usize) -> Option<usize> {
    text.get(..at)?.ends_with('村').then_some(())?;
    let whole = text.get(at..)?;
    let rest = ["民委员会", "委会"].into_iter().find_map(|board| whole.strip_prefix(board)).unwrap_or(whole);
    hamlet_name(rest).map(|length| whole.len() - rest.len() + length)
}

/// Length of the name of a hamlet that begins a text.
fn hamlet_name(rest: &str) -> Option<usize> {
    for (count, (offset, c)) in rest.char_indices().take(6).enumerate() {
        let end = offset + c.len_utf8();
        // 村社区 is a community, 村社会 no place.
        if count >= 1 && matches!(c, '社' | '组') && !rest[end..].starts_with(['区', '会', '织', '员', '长', '保'])
        {
            return Some(end);
        }
        if !('\u{4e00}'..='\u{9fff}').contains(&c) || BREAKS.contains(c) {
            return None;
        }
    }
    None
}

/// 后寨子村, 马家堡镇: what could end a name is in the middle of that of a village or town.
fn goes_on_as_village(ending: &str, rest: &str) -> bool {
    const MIDDLE: &str = "寨湾堡屯庄里坊";
    let village = rest.chars().take(2).position(|c| "村镇乡".contains(c));
    let plain = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) && ending_at(c.encode_utf8(&mut [0; 4])).is_none();
    MIDDLE.contains(ending) && village.is_some_and(|at| rest.chars().take(at).all(plain))
}

/// Length of what says where at a road: 路口东侧 has 口东侧 after 路.
fn beside(text: &str, at: usize, rest: &str) -> usize {
    if !text.get(..at).is_some_and(|head| ROADS.iter().any(|road| head.ends_with(road))) {
        return 0;
    }
    if let Some(crossing) = crossing(rest) {
        return crossing;
    }
    let corner = rest.strip_prefix("交叉口").or_else(|| rest.strip_prefix('口')).unwrap_or(rest);
    let mut characters = corner.chars();
    let side = characters.next().is_some_and(|c| "东西南北".contains(c))
        && characters.find(|c| !"东西南北".contains(*c)).is_some_and(|c| "侧角边".contains(c));
    let sides = corner.chars().take_while(|c| "东西南北".contains(*c)).count() + 1;
    rest.len() - corner.len() + if side { sides * 3 } else { 0 }
}

/// Length of 与新华路交叉口.
fn crossing(rest: &str) -> Option<usize> {
    let other = rest.strip_prefix(['与', '和'])?;
    let (at, word) = ["交叉口", "交汇处", "十字"]
        .into_iter()
        .filter_map(|word| Some((other.find(word).filter(|at| *at <= NAME_CHARACTERS * 3)?, word)))
        .min()?;
    let is_road = ROADS.iter().any(|road| other[..at].ends_with(road));
    is_road.then_some(rest.len() - other.len() + at + word.len())
}

/// Enough to find a door, or a labelled street: a mere mention of a place is no address.
fn confidence(parts: Parts, labelled: bool) -> Option<u8> {
    Some(match (parts.divisions, parts.places, parts.numbers) {
        (2.., 1.., 1..) => 93,
        (1, 1.., 2..) => 90,
        (1, 1.., 1) => 84,
        (2.., 0, 1..) if labelled => 78,
        (2.., 1.., 0) if labelled => 76,
        // A county, a town and a village.
        (1, 2.., 0) if labelled => 76,
        (0, 1.., 1..) if labelled => 78,
        _ => return None,
    })
}

fn next_part(rest: &str, parts: Parts) -> Option<(usize, Part)> {
    if parts.numbers == 0
        && let Some(length) = DIVISIONS.at(rest)
    {
        if rest[length..].strip_prefix('里').is_some_and(numbers_house) {
            return Some((length + '里'.len_utf8(), Part::Place));
        }
        // Many roads bear the name of a city, and villages that of a district: 南京路, 双城村.
        let named = ROADS.iter().chain(VILLAGES).filter(|kind| rest[length..].starts_with(**kind));
        let kind = named.map(|kind| kind.len()).max();
        return Some(
            kind.map_or((length, Part::Division), |kind| {
                (length + kind + stretch(&rest[length + kind..]), Part::Place)
            }),
        );
    }
    if let Some(length) = number_part(rest, parts) {
        return Some((length, Part::Number));
    }
    place_part(rest, parts.numbers > 0).map(|length| (length, Part::Place))
}

/// A number with its unit: `224号`, `8栋`, `2-1单元`, `A座`, `三单元`; a bare number or `3-2-501` after one is a room.
fn number_part(rest: &str, parts: Parts) -> Option<usize> {
    let rest_from = rest.strip_prefix([' ', '东', '西', '南', '北', '甲', '乙', '附', '第', '负']).unwrap_or(rest);
    let skipped = rest.len() - rest_from.len();
    let is_number = |c: char| c.is_ascii_alphanumeric() || c == '-' || "一二三四五六七八九十百".contains(c);
    let digits: usize = rest_from.chars().take(10).take_while(|c| is_number(*c)).map(char::len_utf8).sum();
    let number = &rest_from[..digits];
    let after = &rest_from[digits..];
    if digits == 0 {
        return None;
    }
    // 1801门口: in front of the door.
    let is_unit = |unit: &&&str| after.starts_with(**unit) && !(**unit == "门" && after.starts_with("门口"));
    if let Some(unit) = UNITS.iter().filter(is_unit).max_by_key(|unit| unit.len()) {
        return Some(skipped + digits + unit.len());
    }
    let room = parts.numbers + parts.places > 0
        && number.as_bytes()[0].is_ascii_digit()
        && (number.len() <= 8 || number.matches('-').count() == 2)
        && skipped == 0;
    let ends = after.starts_with("门口")
        || !after.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) || c.is_ascii_alphanumeric());
    let trimmed = number.trim_end_matches('-').len();
    // 锦绣花园7-2-301: house, entrance and room behind a name.
    let whole = number[..trimmed].split('-').filter(|part| (1..=4).contains(&part.len())).count() == 3;
    (room && ends && (parts.numbers > 0 || whole)).then_some(trimmed)
}

/// A name of at most twelve characters with the nearest ending of a place; a second ending belongs to it.
fn place_part(rest: &str, after_number: bool) -> Option<usize> {
    let most = if after_number { 8 } else { NAME_CHARACTERS };
    // 88号上幼儿园, 23栋下水道: the text has gone on.
    const GOES_ON: [&str; 12] =
        ["下水", "楼下", "楼上", "楼道", "对面", "旁边", "附近", "院内", "院里", "里面", "后面", "前面"];
    let goes_on = || rest.starts_with(['上', '去', '到']) && !rest.starts_with("上海");
    if after_number && (goes_on() || GOES_ON.iter().any(|word| rest.starts_with(word))) {
        return None;
    }
    for (count, (at, c)) in rest.char_indices().enumerate() {
        // 银河国际11栋: what stands before the number of a building is its name, whatever it ends in.
        let lane = || rest[..at].ends_with('里') && numbers_house(&rest[at..]);
        if (2..=8).contains(&count) && c.is_ascii_digit() && (numbers_building(&rest[at..]) || lane()) {
            return Some(at);
        }
        if count > 0
            && let Some(ending) = ending_at(&rest[at..])
            && !goes_on_as_village(&rest[at..at + ending], &rest[at + ending..])
        {
            let end = at + ending;
            let hamlet = c == '村' && hamlet_name(&rest[end..]).is_some();
            let second = ending_at(&rest[end..]).filter(|_| !after_number && !hamlet).unwrap_or(0);
            return Some(end + second + if second == 0 { stretch(&rest[end..]) } else { 0 });
        }
        let name = ('\u{4e00}'..='\u{9fff}').contains(&c) || c.is_ascii_alphanumeric();
        // 乐从镇: the text does not go on before what a town is called by.
        let breaks = count > 0 && BREAKS.contains(c) && !rest[at + c.len_utf8()..].starts_with(['镇', '乡']);
        if !name || count >= most || breaks {
            return None;
        }
    }
    None
}

/// Length of 东段 behind a road.
fn stretch(rest: &str) -> usize {
    let side = rest.strip_prefix(['东', '西', '南', '北', '中']);
    side.and_then(|rest| rest.strip_prefix('段')).map_or(0, |after| rest.len() - after.len())
}

/// `11栋`, `3号楼`, `2幢`, `11层`.
fn numbers_building(rest: &str) -> bool {
    let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.len() - unit.len();
    (1..=4).contains(&digits)
        && ["栋", "幢", "号楼", "座", "单元", "层", "室"].iter().any(|known| unit.starts_with(known))
}

/// 祁连里12号: the number of a house.
fn numbers_house(rest: &str) -> bool {
    let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    (1..=5).contains(&(rest.len() - unit.len())) && unit.starts_with('号')
}

/// The endings of places by their first character, the longest first.
static ENDINGS: LazyLock<HashMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let mut endings: HashMap<char, Vec<&'static str>> = HashMap::new();
    for place in PLACES {
        endings.entry(place.chars().next().unwrap_or_default()).or_default().push(place);
    }
    endings.values_mut().for_each(|places| places.sort_by_key(|place| std::cmp::Reverse(place.len())));
    endings
});

fn ending_at(rest: &str) -> Option<usize> {
    let places = ENDINGS.get(&rest.chars().next()?)?;
    places.iter().find(|place| rest.starts_with(**place)).map(|place| place.len())
}

#[cfg(test)]
mod tests {
    #[test]
    fn roads_that_bear_the_name_of_a_division() {
        assert_eq!(addresses("地址山东省济南市历城区南京路176号2栋2477室"), ["山东省济南市历城区南京路176号2栋2477室"]);
    }

    use super::*;

    fn addresses(text: &str) -> Vec<&str> {
        let mut candidates = Vec::new();
        find(text, None, &mut candidates);
        let mut all: Vec<_> = candidates.iter().map(|found| &text[found.start..found.end]).collect();
        all.dedup();
        all
    }

    #[test]
    fn whole_addresses_are_found() {
        assert_eq!(
            addresses("住在甘肃省兰州市城关区东岗西路199号3栋2单元501室，电话"),
            ["甘肃省兰州市城关区东岗西路199号3栋2单元501室"]
        );
        assert_eq!(addresses("家住白银市会宁县郭城驿镇红堡子村杜家嘴社，"), ["白银市会宁县郭城驿镇红堡子村杜家嘴社"]);
        assert_eq!(addresses("住在金昌市金川区北京路与新华路交叉口了"), ["金昌市金川区北京路与新华路交叉口"]);
        assert_eq!(addresses("在兰州市安宁区枣林西路88号上幼儿园"), ["兰州市安宁区枣林西路88号"]);
        assert_eq!(addresses("住在临夏州积石山县大河家镇大墩村。"), ["临夏州积石山县大河家镇大墩村"]);
        assert_eq!(addresses("住所地庆阳市西峰区南大街朔州路口东侧"), ["庆阳市西峰区南大街朔州路口东侧"]);
        assert_eq!(addresses("放天水市秦州区藉河北路3号楼2单元1801门口就行"), ["天水市秦州区藉河北路3号楼2单元1801"]);
        assert_eq!(addresses("寄到城关中山路56号 收"), ["城关中山路56号"]);
        assert_eq!(addresses("地址：幸福里小区8号楼1201室"), ["幸福里小区8号楼1201室"]);
        assert_eq!(addresses("住甘肃省武威市凉州区东大街街道祁连里12号。"), ["甘肃省武威市凉州区东大街街道祁连里12号"]);
        assert_eq!(addresses("在安宁区桃海路199号安宁庭院23栋下水道堵"), ["安宁区桃海路199号安宁庭院23栋"]);
    }

    #[test]
    fn villages_stretches_and_houses_with_names_are_read() {
        for address in [
            "庆阳市西峰区董志镇罗杭村庙头组",
            "平凉市崆峒区柳湖镇天门村下社33号",
            "临夏县韩集镇双城村三社",
            "兰州市永登县中川镇纬七路东段1688号瑞岭雅苑11-2-903",
            "兰州市七里河区西津西路588号兰石豪布斯卡11层1107室",
            "佛山市顺德区乐从镇新隆工业区三期12栋4楼",
            "临夏州和政县城关镇后寨子村寨子社",
            "碌曲县西仓镇新寺村",
            "延安市宝塔区枣园街道慧泽路鲁艺公馆12-3-1802",
        ] {
            assert_eq!(addresses(&format!("现居{address}，电话")), [address]);
        }
        assert_eq!(addresses("取货 张苏滩蔬菜市场B区18排6号，送"), ["张苏滩蔬菜市场B区18排6号"]);
    }

    #[test]
    fn mentions_of_places_are_none() {
        for text in [
            "甘肃省兰州市的发展",
            "入住甘肃省兰州市城关区张掖路街道",
            "在北京市召开会议",
            "城关区人民政府办公室",
            "全省14个市州",
            "兰州市2023年第3号文件",
        ] {
            assert_eq!(addresses(text), Vec::<&str>::new(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[甘肃省兰州市城关区路号0-9a-c地址：，一二 ]{0,60}") {
            let _ = addresses(&text);
        }
    }
}
