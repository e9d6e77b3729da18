//! `dlp mask` and what belongs to it: `reveal`, `risk`, `register`.

use fengsui_dlp_gateway::table::Table;

use super::{Desk, people};

#[test]
fn every_form_is_masked_into_every_form_and_joins_survive() {
    let desk = Desk::new();
    desk.write("people.csv", &people(60));
    let plain = desk.table("people.csv");
    for form in ["jsonl", "xlsx", "parquet", "tsv"] {
        plain.write(&desk.path(&format!("people.{form}"))).expect("written");
    }
    desk.ends(0, "mask --policy share-standard people.csv masked.csv");
    let masked = desk.table("masked.csv");
    assert_eq!((&masked.columns, masked.rows.len()), (&plain.columns, 60));
    for (before, after) in plain.rows.iter().zip(&masked.rows) {
        assert!(before[1..4].iter().zip(&after[1..4]).all(|(plain, masked)| plain != masked), "{after:?}");
    }
    for (from, to) in [("jsonl", "xlsx"), ("xlsx", "parquet"), ("parquet", "jsonl"), ("tsv", "csv")] {
        let report = desk.ends(0, &format!("mask --policy share-standard people.{from} {from}-masked.{to}"));
        assert!(report.out.contains("已脱敏60行") && report.out.contains("cn_resident_id"), "{}", report.out);
        assert_eq!(
            desk.table(&format!("{from}-masked.{to}")).column(2),
            masked.column(2),
            "the same key, the same masks"
        );
    }
}

#[test]
fn every_sheet_is_masked_and_a_flat_file_takes_one_only() {
    let desk = Desk::new();
    workbook(&desk, "book.xlsx");
    let report = desk.ends(0, "mask --policy share-standard book.xlsx masked.xlsx");
    assert!(report.out.contains("人员：已脱敏40行") && report.out.contains("备查：已脱敏40行"), "{}", report.out);
    let sheets = Table::read_all(&desk.path("masked.xlsx")).expect("a workbook");
    assert_eq!(sheets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["人员", "备查"]);
    assert!(sheets.iter().all(|(_, table)| table.column(1).iter().all(|name| name.contains('*'))));
    for flat in ["masked.csv", "masked.jsonl", "masked.parquet"] {
        desk.fails(&format!("mask --policy share-standard book.xlsx {flat}"), &[flat, "one table only", ".xlsx"]);
    }
    assert_eq!(desk.files(), ["book.xlsx", "mask.key", "masked.xlsx"]);
}

/// Two sheets of people and the empty one that new workbooks come with.
pub(super) fn workbook(desk: &Desk, name: &str) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let text = people(40);
    for sheet in ["人员", "备查"] {
        let written = book.add_worksheet().set_name(sheet).expect("a name");
        for (row, line) in (0..).zip(text.lines()) {
            for (column, cell) in (0..).zip(line.split(',')) {
                written.write_string(row, column, cell).expect("written");
            }
        }
    }
    book.add_worksheet();
    book.save(desk.path(name)).expect("saved");
}

#[test]
fn what_exists_is_kept_unless_it_may_be_replaced() {
    let desk = Desk::new();
    desk.write("people.csv", &people(5));
    desk.write("masked.csv", "mine\n");
    desk.fails("mask --policy share-standard people.csv masked.csv", &["masked.csv", "exists", "--replace"]);
    assert_eq!(desk.read("masked.csv"), "mine\n");
    desk.ends(0, "mask --policy share-standard --replace people.csv masked.csv");
    assert_eq!(desk.table("masked.csv").rows.len(), 5);
    std::fs::hard_link(desk.path("people.csv"), desk.path("same.csv")).expect("linked");
    for same in ["people.csv", "./people.csv", "same.csv"] {
        desk.fails(&format!("mask --policy share-standard --replace people.csv {same}"), &["the same"]);
    }
    assert_eq!(desk.read("people.csv"), people(5));
}

#[test]
fn errors_say_what_where_and_what_to_do_and_leave_nothing() {
    let desk = Desk::new();
    desk.write("people.csv", &people(5));
    desk.write("bad.toml", "id='p'\ntitle='t'\nversion='1'\n[[rule]]\nmask='no_such_mask'\n");
    desk.write("broken.xlsx", "PK no workbook");
    desk.write("broken.parquet", "PAR1 no table");
    desk.write("broken.jsonl", "{\"a\":1}\nno object\n");
    desk.write("wide.csv", "a,b\n1,2,3\n");
    desk.write("empty.csv", "");
    std::fs::create_dir(desk.path("folder.csv")).expect("made");
    let before = desk.files();
    let cases: [(&str, &[&str]); 12] = [
        ("mask --policy no-such.toml people.csv out.csv", &["no-such.toml", "share-standard"]),
        ("mask --policy bad.toml people.csv out.csv", &["no_such_mask", "redact"]),
        ("mask --policy share-standard missing.csv out.csv", &["missing.csv", "check that it exists"]),
        ("mask --policy share-standard people.csv nowhere/out.csv", &["nowhere/out.csv", "check that it exists"]),
        ("mask --policy share-standard people.csv nowhere/out.xlsx", &["nowhere/out.xlsx"]),
        ("mask --policy share-standard people.csv out.docx", &["out.docx", ".xlsx"]),
        ("mask --policy share-standard --replace people.csv folder.csv", &["folder.csv"]),
        ("mask --policy share-standard broken.xlsx out.csv", &["broken.xlsx", "workbook"]),
        ("mask --policy share-standard broken.parquet out.csv", &["broken.parquet"]),
        ("mask --policy share-standard broken.jsonl out.csv", &["broken.jsonl", "line 2"]),
        ("mask --policy share-standard wide.csv out.csv", &["wide.csv", "line 2", "2 columns"]),
        ("mask --policy share-standard empty.csv out.csv", &["no columns"]),
    ];
    for (arguments, says) in cases {
        desk.fails(arguments, says);
        let left: Vec<String> = desk.files().into_iter().filter(|name| name != "mask.key").collect();
        assert_eq!(left, before, "{arguments}");
    }
}

/// `/dev/full` gives "no space left on device" as a full disk does; the report goes there.
#[test]
fn a_report_that_can_not_be_written_is_an_error() {
    let desk = Desk::new();
    desk.write("people.csv", &people(5));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("opens");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_fengsui"))
        .args(["dlp", "scan", "people.csv"])
        .current_dir(desk.0.path())
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("runs");
    assert_eq!(status.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&status.stderr).contains("No space left"), "{status:?}");
}

/// A limit on the size of files stands for a full disk: writing fails in the middle.
#[test]
fn a_full_disk_leaves_no_half_file() {
    let desk = Desk::new();
    desk.write("people.csv", &people(20_000));
    for form in ["csv", "jsonl", "xlsx", "parquet"] {
        let command = format!(
            "trap '' XFSZ; ulimit -f 100; exec '{}' dlp mask --policy share-standard people.csv out.{form}",
            env!("CARGO_BIN_EXE_fengsui")
        );
        let finished = std::process::Command::new("bash")
            .args(["-c", &command])
            .current_dir(desk.0.path())
            .output()
            .expect("runs");
        let err = String::from_utf8_lossy(&finished.stderr);
        assert_eq!(finished.status.code(), Some(2), "{form}: {err}");
        assert!(err.contains(&format!("out.{form}")) || err.contains("too large"), "{form}: {err}");
        assert_eq!(desk.files(), ["mask.key", "people.csv"], "{form}");
    }
}

#[test]
fn a_trial_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.write("people.csv", &people(30));
    let preview = desk.ends(0, "mask --policy share-standard --preview 2 people.csv");
    assert!(preview.out.contains("- 0 | ") && preview.out.contains("+ 0 | "), "{}", preview.out);
    let tried = desk.ends(0, "mask --policy share-standard --dry-run --vault vault.tsv people.csv");
    assert!(tried.out.contains("试运行，未写出30行"), "{}", tried.out);
    assert_eq!(desk.files(), ["people.csv"]);
}

#[test]
fn columns_a_policy_names_in_vain_are_told() {
    let desk = Desk::new();
    desk.write("people.csv", &people(30));
    let policy = "id='p'\ntitle='t'\nversion='1'\n[[rule]]\ncolumns=['手机号码']\nmask='redact'\n[[rule]]\ncolumns=['金额']\nmask='redact'\n";
    desk.write("p.toml", policy);
    let report = desk.ends(0, "mask --policy p.toml people.csv out.csv");
    assert!(report.out.contains("手机号码") && report.out.contains("不存在"), "{}", report.out);
    assert!(!report.out.contains("不存在：金额"), "{}", report.out);
}

#[test]
fn tokens_are_revealed_to_the_owner_of_the_vault_only() {
    let desk = Desk::new();
    desk.write("people.csv", &people(10));
    desk.write("p.toml", "id='p'\ntitle='t'\nversion='1'\notherwise='tokenise'\n");
    desk.ends(0, "mask --policy p.toml --vault vault.tsv people.csv out.csv");
    let (plain, masked) = (desk.table("people.csv"), desk.table("out.csv"));
    let token = &masked.rows[3][2];
    assert!(!desk.read("vault.tsv").contains(&plain.rows[3][2]), "the vault is sealed");
    let shown = desk.ends(0, &format!("reveal --vault vault.tsv {token}"));
    assert!(shown.out.contains(&plain.rows[3][2]), "{}", shown.out);
    desk.ends(1, "reveal --vault vault.tsv T000NOTHERE");
    desk.fails(&format!("reveal --vault missing.tsv {token}"), &["vault", "does not exist"]);
    std::fs::rename(desk.path("mask.key"), desk.path("old.key")).expect("moved");
    desk.ends(0, "mask --policy p.toml people.csv other.csv");
    desk.fails(&format!("reveal --vault vault.tsv {token}"), &["vault.tsv", "the key is another one"]);
}

#[test]
fn the_risk_of_a_table_is_measured() {
    let desk = Desk::new();
    let rows: String = (0..40).map(|row| format!("{},{},{}\n", 30 + row % 2 * 10, row % 4 / 2, row % 3)).collect();
    desk.write("t.csv", &format!("年龄段,性别,病种\n{rows}"));
    let good = desk.ends(0, "risk --quasi 年龄段 --quasi 性别 --sensitive 病种 --k 10 t.csv");
    assert!(good.out.contains("k = 10") && good.out.contains("l = 3"), "{}", good.out);
    let bad = desk.ends(1, "risk --quasi 年龄段 --quasi 性别 --k 11 --format json t.csv");
    assert!(serde_json::from_str::<serde_json::Value>(&bad.out).expect("JSON")["acceptable"] == false, "{}", bad.out);
    desk.fails("risk --quasi 年龄 t.csv", &["年龄", "年龄段, 性别, 病种"]);
    desk.fails("risk missing.csv", &["missing.csv"]);
}

#[test]
fn registered_values_are_recognised_without_being_kept() {
    let desk = Desk::new();
    desk.write("people.csv", &people(10));
    desk.ends(0, "register --column 编号 --name 档案号 --key exact.key people.csv people.exact");
    desk.fails("register --column 没有 --key exact.key people.csv other.exact", &["people.csv", "编号, 姓名"]);
    desk.fails("register --column 编号 --key people.exact people.csv nowhere/x.exact", &["nowhere/x.exact"]);
    assert_eq!(desk.files(), ["exact.key", "people.csv", "people.exact"]);
}
