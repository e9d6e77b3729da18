//! `dlp release`, `trace`, `mark`, `ledger list`: whose copy it is.

use fengsui_dlp_gateway::table::Table;

use super::masked::workbook;
use super::{Desk, people};

const TO: &str = "release --policy share-standard --ledger ledger --recipient";

fn released(form: &str) -> Desk {
    let desk = Desk::new();
    desk.write("people.csv", &people(600));
    desk.table("people.csv").write(&desk.path(&format!("in.{form}"))).expect("written");
    for recipient in ["民政局", "人社局", "卫健委"] {
        desk.ends(0, &format!("{TO} {recipient} in.{form} {recipient}.{form}"));
    }
    desk
}

/// The exit code of `crypto verify` of a file against the signature of the evidence and the key that the ledger shows.
fn checked(desk: &Desk, name: &str) -> Option<i32> {
    let input = std::fs::File::open(desk.path(name)).expect("is there");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fengsui"));
    command.args(["crypto", "verify", "--public", "ledger/signing.pub.pem", "--signature", "e.json.sig"]);
    command.current_dir(desk.path("")).stdin(input).output().expect("starts").status.code()
}

#[test]
fn a_copy_of_any_form_is_traced_to_its_recipient() {
    for form in ["csv", "jsonl", "xlsx", "parquet"] {
        let desk = released(form);
        let copy = desk.table(&format!("人社局.{form}"));
        Table { rows: copy.rows.into_iter().step_by(3).collect(), ..copy }
            .write(&desk.path("leak.csv"))
            .expect("written");
        let named = desk.ends(1, "trace --ledger ledger --evidence e.json leak.csv");
        assert!(named.out.contains("泄露来源：人社局 ") && named.out.matches("泄露来源").count() == 1, "{}", named.out);
        assert!(desk.read("e.json").contains("人社局"));
        assert_eq!(checked(&desk, "e.json"), Some(0), "anybody can check the evidence");
        desk.write("changed.json", &desk.read("e.json").replace("人社局", "教育局"));
        assert_eq!(checked(&desk, "changed.json"), Some(1), "and sees that it was changed");
        let original = desk.ends(1, &format!("trace --ledger ledger --original in.{form} leak.csv"));
        assert!(original.out.contains("泄露来源：人社局 "), "{}", original.out);
    }
}

#[test]
fn every_sheet_of_a_workbook_is_marked_recorded_and_traced() {
    let desk = Desk::new();
    workbook(&desk, "book.xlsx");
    for recipient in ["民政局", "人社局"] {
        let report = desk.ends(0, &format!("{TO} {recipient} book.xlsx {recipient}.xlsx"));
        assert!(report.out.contains("book.xlsx#人员") && report.out.contains("book.xlsx#备查"), "{}", report.out);
    }
    let list = desk.ends(0, "ledger list --ledger ledger --format jsonl");
    assert_eq!(list.out.lines().count(), 4, "{}", list.out);
    let named = desk.ends(1, "trace --ledger ledger 民政局.xlsx");
    assert!(named.out.contains("民政局") && !named.out.contains("泄露来源：人社局"), "{}", named.out);
    let sheets = Table::read_all(&desk.path("人社局.xlsx")).expect("a workbook");
    sheets[1].1.write(&desk.path("second.csv")).expect("written");
    let named = desk.ends(1, "trace --ledger ledger second.csv");
    assert!(named.out.contains("泄露来源：人社局"), "{}", named.out);
    desk.ends(1, "trace --ledger ledger --original book.xlsx second.csv");
}

#[test]
fn what_is_nobodys_names_nobody() {
    let desk = released("csv");
    let finished = desk.ends(0, "trace --ledger ledger people.csv");
    assert!(finished.out.contains("没有接收方达到认定门槛"), "{}", finished.out);
}

#[test]
fn the_ledger_is_listed_and_tampering_is_noticed() {
    let desk = released("csv");
    let table = desk.ends(0, "ledger list --ledger ledger");
    assert!(table.out.lines().count() == 3 && table.out.contains("卫健委"), "{}", table.out);
    let json = desk.ends(0, "ledger list --ledger ledger --format jsonl");
    for line in json.out.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!((entry["rows"].as_u64(), entry["source"].as_str()), (Some(600), Some("in.csv")));
    }
    let text = desk.read("ledger/ledger.jsonl");
    desk.write("ledger/ledger.jsonl", &text.replace("卫健委", "教育局"));
    let commands =
        ["ledger list --ledger ledger", "trace --ledger ledger 卫健委.csv", &format!("{TO} 教育局 in.csv x.csv")];
    for command in commands {
        desk.fails(command, &["ledger.jsonl", "entry 3", "backup"]);
    }
    desk.write("ledger/ledger.jsonl", text.lines().next().expect("an entry"));
    desk.fails("ledger list --ledger ledger", &["entry 2", "cut off", "backup"]);
    assert!(!desk.path("x.csv").exists(), "a broken ledger releases nothing");
}

#[test]
fn a_mistyped_ledger_is_no_empty_one() {
    let desk = released("csv");
    for command in ["ledger list --ledger leger", "trace --ledger leger 卫健委.csv"] {
        desk.fails(command, &["leger", "no share ledger"]);
    }
    assert!(!desk.path("leger").exists());
}

#[test]
fn a_copy_is_replaced_only_when_asked_and_never_made_of_nothing() {
    let desk = released("csv");
    desk.fails(&format!("{TO} 教育局 in.csv 民政局.csv"), &["民政局.csv", "exists", "--replace"]);
    desk.ends(0, &format!("{TO} 教育局 --replace in.csv 民政局.csv"));
    desk.fails(&format!("{TO} 教育局 --replace in.csv ./in.csv"), &["the same"]);
    desk.write("head.csv", "姓名,手机号\n");
    desk.fails(&format!("{TO} 教育局 head.csv none.csv"), &["no rows"]);
    desk.fails(&format!("{TO} 教育局 missing.csv none.csv"), &["missing.csv"]);
    desk.fails(&format!("{TO} 教育局 in.csv nowhere/none.csv"), &["nowhere/none.csv"]);
    desk.write("keep.toml", "id='k'\ntitle='t'\nversion='1'\n[[rule]]\nmask='keep'\n");
    desk.write("plain.csv", "甲,乙\n1,2\n");
    desk.fails("release --policy keep.toml --ledger ledger --recipient 教育局 plain.csv none.csv", &["marked", "ff1"]);
    assert!(!desk.files().iter().any(|name| name.contains("none") || name.contains("partial")), "{:?}", desk.files());
    let list = desk.ends(0, "ledger list --ledger ledger");
    assert_eq!(list.out.lines().count(), 4, "failed releases are not entered: {}", list.out);
}

#[test]
fn documents_are_marked_weakly() {
    let desk = Desk::new();
    let text = "各有关单位：请于本周五前报送材料。联系人另行通知。\n".repeat(30);
    desk.write("notice.txt", &text);
    desk.ends(0, "mark --recipient 档案馆 --ledger ledger notice.txt copy.txt");
    let hint = desk.ends(1, "trace --ledger ledger copy.txt");
    assert!(hint.out.contains("档案馆") && hint.out.contains("不作认定"), "{}", hint.out);
    desk.ends(0, "trace --ledger ledger notice.txt");
    desk.fails("mark --recipient 档案馆 --ledger ledger missing.txt other.txt", &["missing.txt"]);
    desk.fails("mark --recipient 档案馆 --ledger ledger notice.txt copy.txt", &["copy.txt", "exists"]);
}
