//! A table is released to several, a part of a copy is leaked, and the one it was made for is named.

use std::path::Path;

use super::*;
use crate::sharing::{ReleaseRequest, release};
use crate::table::Table;
use fengsui_dlp_engine::EngineSettings;

/// Rows that are nobody's, with valid check characters.
fn original(rows: u32) -> String {
    let mut text = "编号,姓名,证件号,手机号,邮箱,住址,金额\n".to_owned();
    let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    for row in 0..rows {
        let body = format!("620102{}{:02}{:02}{:03}", 1950 + row % 50, row % 12 + 1, row % 28 + 1, row / 7 % 1000);
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = char::from(b"10X98765432"[(sum % 11) as usize]);
        let mixed = row.wrapping_mul(2_654_435_761);
        let name = ["王秀英", "马文忠", "李强", "张敏", "刘洋"][(mixed >> 8) as usize % 5];
        text.push_str(&format!(
            "{row},{name},{body}{check},138{:08},person{:05}@example.com,甘肃省兰州市城关区东岗西路{}号{}栋501室,{}.{:02}\n",
            mixed % 100_000_000, row, mixed % 997, mixed % 31, mixed % 10_007, mixed % 100
        ));
    }
    text
}

const RECIPIENTS: [&str; 5] = ["民政局", "人社局", "卫健委", "教育局", "公安局"];

fn releases(folder: &Path, policy: &str) {
    std::fs::write(folder.join("in.csv"), original(1500)).expect("writes");
    for recipient in RECIPIENTS {
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let request = ReleaseRequest {
            policy: policy.to_owned(),
            recipient: recipient.to_owned(),
            role: String::new(),
            purpose: String::new(),
            ledger: folder.join("ledger"),
            input: path("in.csv").into(),
            output: path(&format!("{recipient}.csv")).into(),
            replace: false,
            time: Timestamp::from_nanos(0),
            engine: EngineSettings::default(),
        };
        release(&request).expect("releases");
    }
}

/// Keeps some columns of every third row, in another order.
fn leak(folder: &Path, from: &str, keep: &[&str]) -> Table {
    let copy = Table::read(&folder.join(format!("{from}.csv"))).expect("reads");
    let places: Vec<usize> =
        keep.iter().map(|name| copy.columns.iter().position(|known| known == name).expect("is there")).collect();
    let mut rows: Vec<Vec<String>> =
        copy.rows.iter().step_by(3).map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect();
    rows.reverse();
    Table { columns: keep.iter().map(|name| (*name).to_owned()).collect(), rows }
}

fn traced(folder: &Path, leak: &Table, original: bool) -> (u8, String) {
    leak.write(&folder.join("leak.csv")).expect("writes");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let request = TraceRequest {
        ledger: folder.join("ledger"),
        leaked: path("leak.csv").into(),
        original: original.then(|| path("in.csv").into()),
        ..TraceRequest::default()
    };
    let options = TraceOptions { request, evidence: Some(folder.join("evidence.json")), ..TraceOptions::default() };
    let mut out = Vec::new();
    let status = run(&options, &mut out).expect("traces");
    (status, String::from_utf8(out).expect("is text"))
}

fn assert_named(found: &(u8, String), recipient: &str) {
    let (status, text) = found;
    assert!(
        *status == 1 && text.contains(&format!("泄露来源：{recipient} ")) && text.matches("泄露来源").count() == 1,
        "{text}"
    );
}

#[test]
fn the_recipient_of_a_part_of_a_copy_is_named_by_encrypted_values_and_by_marks_alone() {
    let folder = tempfile::tempdir().expect("makes a folder");
    releases(folder.path(), "share-standard");
    let all = ["编号", "姓名", "证件号", "手机号", "邮箱", "住址", "金额"];
    assert_named(&traced(folder.path(), &leak(folder.path(), "人社局", &all), false), "人社局");
    let without_keys = ["住址", "邮箱", "金额", "姓名"];
    for original in [false, true] {
        let found = traced(folder.path(), &leak(folder.path(), "卫健委", &without_keys), original);
        assert_named(&found, "卫健委");
        assert!(!found.1.contains("专属密文"), "{}", found.1);
    }
    let mut one_row = leak(folder.path(), "教育局", &all);
    one_row.rows.truncate(1);
    assert_named(&traced(folder.path(), &one_row, false), "教育局");
    let mut renamed = leak(folder.path(), "公安局", &without_keys);
    renamed.columns = vec!["c1".to_owned(), "c2".to_owned(), "c3".to_owned(), "c4".to_owned()];
    assert_named(&traced(folder.path(), &renamed, false), "公安局");
    let plain = Table::read(&folder.path().join("in.csv")).expect("reads");
    let (status, text) = traced(folder.path(), &plain, false);
    assert!(status == 0 && text.contains("没有接收方达到认定门槛"), "{text}");
}

#[test]
fn made_up_rows_name_the_recipient_of_a_copy_without_marks() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let policy = folder.path().join("p.toml");
    let text = "id='p'\ntitle='t'\nversion='1'\notherwise='keep'\n[marks]\nrecipient_keys=false\ncanaries=0.02\nwithout=['住址','姓名','邮箱']\n[[rule]]\ntypes=['cn_resident_id','cn_mobile']\nmask='ff1'";
    std::fs::write(&policy, text).expect("writes");
    releases(folder.path(), &policy.to_string_lossy());
    let copy = Table::read(&folder.path().join("民政局.csv")).expect("reads");
    assert_eq!(copy.rows.len(), 1530);
    assert_named(&traced(folder.path(), &copy, false), "民政局");
}

#[test]
fn evidence_is_signed_so_that_others_can_check_it() {
    let folder = tempfile::tempdir().expect("makes a folder");
    releases(folder.path(), "share-standard");
    traced(folder.path(), &leak(folder.path(), "民政局", &["证件号", "住址"]), false);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("is there");
    let key = String::from_utf8(read("ledger/signing.pub.pem")).expect("is text");
    let key = fengsui_crypto::PublicKey::from_pem(&key).expect("is a key");
    let signature = fengsui_crypto::Signature::from_der(&read("evidence.json.sig")).expect("is a signature");
    let mut text = read("evidence.json");
    key.verify(&text, &signature).expect("fits");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("is JSON");
    assert_eq!(
        (report["report"]["named"][0].as_str(), report["releases"].as_array().map(Vec::len)),
        (Some("民政局"), Some(5))
    );
    text[100] ^= 1;
    assert!(key.verify(&text, &signature).is_err());
}
