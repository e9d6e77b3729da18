//! YARA rules that want too much: written for this test, each to hurt in another way.

use std::fmt::Write;

/// A file that gives them work: runs, repetitions and nested beginnings, 4 MiB.
pub(crate) fn file() -> Vec<u8> {
    let mut bytes = vec![b'a'; 1 << 20];
    bytes.extend(b"abababab".repeat(1 << 16));
    bytes.extend((0..1_u32 << 18).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()));
    bytes.extend(b"MZ\x90\0PE\0\0%PDF-1.7 \x7fELF".repeat(1 << 16));
    bytes.truncate(4 << 20);
    bytes
}

/// Names and texts.
pub(crate) fn rules() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: String| all.push((format!("{name}.yar"), text));
    for (name, condition) in LOOPS {
        add(name, format!("rule r {{ condition: {condition} }}"));
    }
    for (name, pattern) in PATTERNS {
        add(name, format!("rule r {{ strings: $a = {pattern} condition: $a }}"));
    }
    for (name, pattern, condition) in COUNTED {
        add(name, format!("rule r {{ strings: $a = {pattern} condition: {condition} }}"));
    }
    add("include_absolute", "include \"/etc/passwd\"".to_owned());
    add("include_upwards", "include \"../../../../etc/shadow\"".to_owned());
    add("import_unknown", "import \"../../etc/passwd\" rule r { condition: true }".to_owned());
    add(
        "module_console",
        "import \"console\" rule r { condition: for all i in (0..100000000) : (console.log(i)) }".to_owned(),
    );
    add(
        "many_rules",
        (0..60_000).fold(String::new(), |mut text, number| {
            let _ = writeln!(text, "rule r{number} {{ strings: $a = \"p{number}x\" condition: $a }}");
            text
        }),
    );
    add(
        "many_patterns",
        format!("rule r {{ strings: {} condition: any of them }}", numbered(80_000, "$p# = \"text number #\" ")),
    );
    add(
        "many_regexes",
        format!("rule r {{ strings: {} condition: any of them }}", numbered(4_000, "$p# = /a[b-y]{1,20}#z{2,9}/ ")),
    );
    add("many_alternatives", format!("rule r {{ strings: $a = /({}x)/ condition: $a }}", numbered(20_000, "word#|")));
    add(
        "many_hex_alternatives",
        format!("rule r {{ strings: $a = {{ ({} 00) }} condition: $a }}", "01 02 03 |".repeat(20_000)),
    );
    add("deep_brackets", format!("rule r {{ condition: {}true{} }}", "(".repeat(100_000), ")".repeat(100_000)));
    add(
        "deep_groups",
        format!("rule r {{ strings: $a = /{}a{}/ condition: $a }}", "(".repeat(20_000), ")".repeat(20_000)),
    );
    add("deep_nots", format!("rule r {{ condition: {}true }}", "not ".repeat(100_000)));
    add(
        "deep_loops",
        format!(
            "rule r {{ condition: {}true{} }}",
            (0..60).map(|n| format!("for all i{n} in (0..9) : (")).collect::<String>(),
            ")".repeat(60)
        ),
    );
    add("long_sum", format!("rule r {{ condition: {}1 == 0 }}", "1+".repeat(200_000)));
    add("long_and", format!("rule r {{ condition: {}true }}", "filesize > 1 and ".repeat(100_000)));
    add("long_text", format!("rule r {{ strings: $a = \"{}\" condition: $a }}", "ab".repeat(2_000_000)));
    add("long_hex", format!("rule r {{ strings: $a = {{ {} }} condition: $a }}", "61 ".repeat(1_000_000)));
    add(
        "rules_of_rules",
        (0..5_000).fold("rule r0 { condition: true }\n".to_owned(), |mut text, number| {
            let _ = writeln!(text, "rule r{} {{ condition: r{number} and r{number} }}", number + 1);
            text
        }),
    );
    add("long_identifier", format!("rule {} {{ condition: true }}", "r".repeat(1_000_000)));
    add("no_end", format!("rule r {{ strings: $a = \"{}", "x".repeat(1_000_000)));
    add("nul_bytes", format!("rule r {{ condition: true }}{}", "\0".repeat(1_000_000)));
    add(
        "big_meta",
        format!(
            "rule r {{ meta: {} condition: true }}",
            numbered(100_000, "m# = \"a value that is kept for each match\" ")
        ),
    );
    all
}

fn numbered(count: usize, pattern: &str) -> String {
    (0..count).map(|number| pattern.replace('#', &number.to_string())).collect()
}

/// Conditions that go on and on.
const LOOPS: &[(&str, &str)] = &[
    ("loop_over_file", "for all i in (0..filesize) : (uint8(i) == 0x61 or true)"),
    ("loop_in_loop", "for any i in (0..100000) : (for any j in (0..100000) : (i * j == 0x7fffffffffff))"),
    (
        "loop_of_three",
        "for all i in (0..5000) : (for all j in (0..5000) : (for all k in (0..5000) : (i + j + k >= 0)))",
    ),
    ("loop_huge_range", "for all i in (0..9223372036854775806) : (i >= 0)"),
    ("loop_hashes", "for any i in (0..100000) : (uint32(i) ^ uint32(i + 1) == 0xdeadbeef and uint32be(i) == 7)"),
    ("loop_to_count", "for any i in (1..0x7fffffff) : (uint8(i % filesize) == 256)"),
    ("loop_with_text", "for any s in (\"a\", \"b\") : (for all i in (0..500000000) : (s != \"c\" and i >= 0))"),
    ("division", "for all i in (1..2000000000) : (0x7fffffffffffffff \\ i >= 0)"),
];

/// Patterns that match in too many ways.
const PATTERNS: &[(&str, &str)] = &[
    ("regex_nested_plus", "/(a+)+b/"),
    ("regex_nested_star", "/((a*)*)*b/"),
    ("regex_two_stars", "/.*.*.*.*=.*/s"),
    ("regex_alternatives", "/(a|aa|aaa)+c/"),
    ("regex_counted", "/(a{1,200}){1,200}b/"),
    ("regex_counted_deep", "/((a{1,60}){1,60}){1,60}b/"),
    ("regex_any_counted", "/.{0,32000}.{0,32000}x/s"),
    ("regex_one_byte", "/a/"),
    ("regex_empty", "/a*/"),
    ("regex_classes", "/[^b]{1,1000}[^c]{1,1000}[^d]{1,1000}z/s"),
    ("hex_jump", "{ 61 [0-2000000000] 62 [0-2000000000] 63 }"),
    ("hex_open_jumps", "{ 61 [-] 61 [-] 61 [-] 61 [-] 7a }"),
    ("hex_wild", "{ ?? ?? ?? ?? }"),
    ("hex_nibbles", "{ 6? [1-9] ?1 [1-9] 6? }"),
    ("hex_alternative_wild", "{ ( ?? | ?? ?? | ?? ?? ?? ) [0-100] 61 }"),
    ("text_xor", "\"ab\" xor wide ascii"),
    ("text_base64", "\"aaa\" base64 base64wide"),
    ("text_nocase", "\"aaaaaaaaaaaaaaaaaaaa\" nocase wide ascii"),
    ("text_one", "\"a\""),
];

/// Conditions over every match of a pattern that matches everywhere.
const COUNTED: &[(&str, &str, &str)] = &[
    ("count_matches", "\"aa\"", "#a > 0x7fffffff"),
    ("loop_over_matches", "\"aa\"", "for all i in (1..#a) : (for all j in (1..#a) : (@a[i] + @a[j] >= 0))"),
    ("lengths", "/a{2,4000}/", "for all i in (1..#a) : (!a[i] > 1)"),
    ("at_every_place", "\"aa\"", "for any i in (0..filesize) : ($a at i and $a at filesize - i and i > filesize)"),
    ("in_every_range", "\"zz\"", "for any i in (0..filesize) : ($a in (i..filesize))"),
];
