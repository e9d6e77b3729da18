//! Files of every form through a policy.

use super::*;
use crate::table::Table;

const ROWS: &str = "姓名,身份证号,手机,备注\n马文忠,11010519491231002X,13800138000,请回电13900139000\n王秀英,440524188001010014,13700137000,无\n马文忠,11010519491231002X,13800138000,无\n";

fn options(folder: &Path, input: &str, output: &str) -> MaskOptions {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    MaskOptions {
        policy: "share-standard".to_owned(),
        key: folder.join("key"),
        input: path(input),
        output: path(output),
        ..MaskOptions::default()
    }
}

fn masked(options: &MaskOptions) -> String {
    let mut out = Vec::new();
    run(options, &mut out).expect("masks");
    String::from_utf8(out).expect("is text")
}

#[test]
fn a_table_is_masked_and_joins_survive() {
    let folder = tempfile::tempdir().expect("makes a folder");
    std::fs::write(folder.path().join("in.csv"), ROWS).expect("writes");
    masked(&options(folder.path(), "in.csv", "out.csv"));
    let table = Table::read(&folder.path().join("out.csv")).expect("reads");
    let text = std::fs::read_to_string(folder.path().join("out.csv")).expect("reads");
    for plain in ["马文忠", "11010519491231002X", "13800138000", "13900139000", "王秀英"] {
        assert!(!text.contains(plain), "{plain} in {text}");
    }
    assert_eq!(table.rows[0][1], table.rows[2][1]);
    assert_ne!(table.rows[0][1], table.rows[1][1]);
}

#[test]
fn no_key_is_an_orphan_in_another_table() {
    let folder = tempfile::tempdir().expect("makes a folder");
    std::fs::write(folder.path().join("people.csv"), ROWS).expect("writes");
    let visits =
        "就诊号,患者身份证,科室\n1,440524188001010014,内科\n2,11010519491231002X,外科\n3,11010519491231002X,内科\n";
    std::fs::write(folder.path().join("visits.csv"), visits).expect("writes");
    masked(&options(folder.path(), "people.csv", "people-out.csv"));
    masked(&options(folder.path(), "visits.csv", "visits-out.jsonl"));
    let people = Table::read(&folder.path().join("people-out.csv")).expect("reads");
    let visits = Table::read(&folder.path().join("visits-out.jsonl")).expect("reads");
    let keys: Vec<&str> = people.column(1);
    assert!(visits.column(1).iter().all(|key| keys.contains(key)), "{keys:?} {:?}", visits.column(1));
}

#[test]
fn types_are_kept_in_json_lines() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let lines = "{\"手机号\":13800138000,\"余额\":12.5,\"有效\":true,\"空\":null,\"其他\":{\"身份证号\":\"11010519491231002X\",\"n\":[1,2]}}\n{\"手机号\":13900139000,\"余额\":3,\"late\":\"x\"}\n";
    std::fs::write(folder.path().join("in.jsonl"), lines).expect("writes");
    masked(&options(folder.path(), "in.jsonl", "out.jsonl"));
    let text = std::fs::read_to_string(folder.path().join("out.jsonl")).expect("reads");
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert!(rows[0]["手机号"].is_u64() && rows[0]["手机号"] != 13_800_138_000_u64, "{text}");
    assert_eq!(
        (&rows[0]["余额"], &rows[0]["有效"], rows[1]["余额"].as_i64()),
        (&serde_json::json!(12.5), &serde_json::json!(true), Some(3))
    );
    assert!(rows[0]["空"].is_null() && rows[0].get("空").is_some() && rows[1].get("空").is_none());
    assert_eq!((rows[0]["其他"]["n"].to_string(), rows[1]["late"].as_str()), ("[1,2]".to_owned(), Some("x")));
    assert!(!text.contains("11010519491231002X"), "{text}");
}

#[test]
fn types_are_kept_in_workbooks_and_parquet() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for (name, first) in [("人员", 13_800_138_000.0), ("其他", 13_700_137_000.0)] {
        let sheet = workbook.add_worksheet().set_name(name).expect("names");
        for (column, header) in ["手机号", "人数", "办理日期", "是否在职"].iter().enumerate() {
            sheet.write_string(0, column as u16, *header).expect("writes");
        }
        let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 1, 2).expect("is a day");
        for row in 1..30_u32 {
            sheet.write_number(row, 0, first + f64::from(row)).expect("writes");
            sheet.write_number(row, 1, f64::from(row)).expect("writes");
            sheet.write_datetime_with_format(row, 2, &day, &date).expect("writes");
            sheet.write_boolean(row, 3, row.is_multiple_of(2)).expect("writes");
        }
    }
    workbook.save(folder.path().join("in.xlsx")).expect("saves");
    let report = masked(&options(folder.path(), "in.xlsx", "out.xlsx"));
    assert!(report.contains("人员") && report.contains("其他"), "{report}");
    let bytes = std::fs::read(folder.path().join("out.xlsx")).expect("reads");
    let mut read: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("opens");
    use calamine::Reader;
    let range = read.worksheet_range("其他").expect("is there");
    let row: Vec<_> = range.rows().nth(1).expect("has rows").to_vec();
    assert!(
        matches!(row[0], calamine::Data::Float(number) if number != 13_700_137_001.0 && number >= 1.3e10),
        "{row:?}"
    );
    assert!(
        matches!(
            (&row[1], &row[2], &row[3]),
            (calamine::Data::Float(_), calamine::Data::DateTime(_), calamine::Data::Bool(false))
        ),
        "{row:?}"
    );
}

#[test]
fn parquet_comes_and_goes() {
    let folder = tempfile::tempdir().expect("makes a folder");
    std::fs::write(folder.path().join("in.csv"), ROWS).expect("writes");
    masked(&options(folder.path(), "in.csv", "middle.parquet"));
    let middle = Table::read(&folder.path().join("middle.parquet")).expect("reads");
    assert_eq!((middle.columns.len(), middle.rows.len()), (4, 3));
    masked(&options(folder.path(), "middle.parquet", "out.parquet"));
    let out = Table::read(&folder.path().join("out.parquet")).expect("reads");
    assert_eq!((out.columns, out.rows.len()), (middle.columns, 3));
}

#[test]
fn a_dry_run_and_a_failure_write_nothing() {
    let folder = tempfile::tempdir().expect("makes a folder");
    std::fs::write(folder.path().join("in.csv"), ROWS).expect("writes");
    let dry = MaskOptions { dry_run: true, ..options(folder.path(), "in.csv", "out.csv") };
    assert!(masked(&dry).contains("3行"));
    std::fs::write(folder.path().join("bad.csv"), format!("{ROWS}一,二,三,四,五\n")).expect("writes");
    let error =
        run(&options(folder.path(), "bad.csv", "out.csv"), &mut Vec::new()).expect_err("is refused").to_string();
    assert!(error.contains("line 5"), "{error}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("lists").map(|entry| entry.expect("is one").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("out")), "{left:?}");
}

#[test]
fn tokens_come_back_from_the_vault_only() {
    let folder = tempfile::tempdir().expect("makes a folder");
    std::fs::write(folder.path().join("in.csv"), ROWS).expect("writes");
    std::fs::write(folder.path().join("p.toml"), "id='p'\ntitle='t'\nversion='1'\notherwise='tokenise'")
        .expect("writes");
    let vault = folder.path().join("vault.jsonl");
    let policy = folder.path().join("p.toml").to_string_lossy().into_owned();
    let options = MaskOptions { policy, vault: Some(vault.clone()), ..options(folder.path(), "in.csv", "out.csv") };
    masked(&options);
    masked(&MaskOptions { replace: true, ..options });
    let table = Table::read(&folder.path().join("out.csv")).expect("reads");
    let kept = std::fs::read_to_string(&vault).expect("reads");
    assert!(!kept.contains("13800138000") && kept.lines().count() == 6, "{kept}");
    let key = key(&folder.path().join("key")).expect("is there");
    let opened = Vault::open(&vault, &key).expect("opens");
    assert_eq!(opened.reveal(&table.rows[0][2]).expect("opens").as_deref(), Some("13800138000"));
    assert_eq!(opened.reveal("T0000").expect("looks"), None);
    let wrong = Vault::open(&vault, &MaskKey::new([1; 32])).expect("opens");
    assert!(wrong.reveal(&table.rows[0][2]).is_err());
}
