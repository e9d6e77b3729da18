//! PostgreSQL and MariaDB as Debian packages them, started here on loopback with a folder that is thrown away.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod server;
mod tls;

use std::path::Path;

use fengsui_dlp_gateway::command::{Format, classify, mask, scan};
use fengsui_dlp_gateway::sharing::{ReleaseRequest, TraceRequest, release, trace};
use server::{Server, mariadb, postgres};

fn identity(row: u32) -> String {
    let body = format!("620102{}{:02}{:02}{:03}", 1950 + row % 50, row % 12 + 1, row % 28 + 1, row % 1000);
    let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Rows as SQL values: number, identity number, name, mobile, note, amount, day, flag, bytes.
fn values(rows: u32, bytes: &str) -> String {
    let row = |row: u32| {
        let note = if row.is_multiple_of(7) {
            "NULL".to_owned()
        } else {
            format!("'请联系139{:08}\\\\\t办理''{row}'", row)
        };
        format!(
            "({row}, '{}', '马文忠', '138{:08}', {note}, {row}.25, '2026-01-{:02}', {}, {bytes})",
            identity(row),
            row * 7919 % 100_000_000,
            row % 28 + 1,
            row.is_multiple_of(2)
        )
    };
    (1..=rows).map(row).collect::<Vec<_>>().join(",")
}

fn masked(input: String, output: String, key: &Path) -> Result<String, String> {
    let options = mask::MaskOptions {
        policy: "share-standard".to_owned(),
        key: key.to_owned(),
        input,
        output,
        ..mask::MaskOptions::default()
    };
    let mut out = Vec::new();
    mask::run(&options, &mut out).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).expect("is text"))
}

fn scanned(target: String) -> (u8, String) {
    let options =
        scan::ScanOptions { targets: vec![target], format: Format::JsonLines, ..scan::ScanOptions::default() };
    let mut out = Vec::new();
    let status = scan::run(&options, &mut out).expect("scans");
    (status, String::from_utf8(out).expect("is text"))
}

fn classified(target: String, report: &Path) -> String {
    let options =
        classify::ClassifyOptions { target, output: report.to_owned(), ..classify::ClassifyOptions::default() };
    let mut out = Vec::new();
    assert_eq!(classify::run(&options, &mut out).expect("classifies"), 1);
    String::from_utf8(out).expect("is text")
}

#[test]
fn postgresql_is_scanned_classified_masked_released_and_traced() {
    let Some(server) = postgres(&[]) else { return };
    server.psql("CREATE SCHEMA health; CREATE TABLE health.\"病 人\" (id int PRIMARY KEY, sfzh char(18) NOT NULL, xm varchar(20), phone text, note text, amount numeric(12,2), day date, flag boolean, photo bytea)");
    server.psql(&format!("INSERT INTO health.\"病 人\" VALUES {}", values(3000, "'\\x00ff'")));
    let (status, findings) = scanned(server.address("postgres", "postgres"));
    assert!(
        status == 1
            && findings.contains("cn_resident_id")
            && findings.contains("cn_mobile")
            && findings.contains("unreadable")
    );
    assert!(
        findings.contains("postgres/health.病 人") && !findings.contains("s3cret") && !findings.contains(&identity(1))
    );
    let report = classified(server.address("postgres", "postgres"), &server.path("report.json"));
    assert!(report.contains("sfzh\tcn_resident_id") && report.contains("phone\tcn_mobile"), "{report}");

    let (table, copy) =
        (server.address("postgres", "postgres/health.病 人"), server.address("postgres", "postgres/public.copy"));
    let said = masked(table.clone(), copy.clone(), &server.path("key")).expect("masks");
    assert!(said.contains("3000行") && said.contains("photo\t-\tleft out"), "{said}");
    let types = server.psql("SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'copy'::regclass AND attnum > 0");
    assert_eq!(types.trim(), "integer,character(18),text,text,text,numeric(12,2),date,boolean,bytea");
    let counts = server.psql("SELECT count(*), count(distinct c.sfzh), count(note), sum(c.amount) - sum(p.amount), bool_and(c.flag = p.flag), count(*) FILTER (WHERE c.sfzh = p.sfzh OR c.phone = p.phone OR c.note = p.note) FROM copy c JOIN health.\"病 人\" p USING (id)".replace("count(note)", "count(c.note)").as_str());
    assert_eq!(counts.trim(), "3000|3000|2572|0.00|t|0");
    let note = server.psql("SELECT note FROM copy WHERE id = 1");
    assert!(note.contains("\\\t办理'1") && !note.contains("13900000001"), "{note}");

    let refused = masked(table.clone(), copy.clone(), &server.path("key")).expect_err("exists");
    assert!(refused.contains("--replace") && !refused.contains("s3cret"), "{refused}");
    server.psql("CREATE VIEW broken AS SELECT id, 1 / (2500 - id) AS x, sfzh FROM health.\"病 人\" ORDER BY id; CREATE TABLE broken_table AS SELECT 1 AS id");
    let failed = masked(
        server.address("postgres", "postgres/health.nothing"),
        server.address("postgres", "postgres/c2"),
        &server.path("key"),
    );
    assert!(failed.expect_err("is not there").contains("no such table"));
    assert_eq!(server.psql("SELECT count(*) FROM pg_class WHERE relname = 'c2'").trim(), "0");

    released_and_traced(&server, "postgres", &table);
}

fn released_and_traced(server: &Server, kind: &str, table: &str) {
    let ledger = server.path("ledger");
    std::fs::create_dir_all(&ledger).expect("makes a folder");
    let schema = if kind == "postgres" { "postgres/public" } else { "shared/shared" };
    for recipient in ["民政局", "人社局"] {
        let name = if recipient == "民政局" { "copy_a" } else { "copy_b" };
        let request = ReleaseRequest {
            policy: "share-standard".to_owned(),
            recipient: recipient.to_owned(),
            role: String::new(),
            purpose: String::new(),
            ledger: ledger.clone(),
            input: table.into(),
            output: server.address(kind, &format!("{schema}.{name}")).into(),
            replace: false,
            time: fengsui_schema::Timestamp::from_nanos(0),
            engine: fengsui_dlp_engine::EngineSettings::default(),
        };
        let entry = release(&request).expect("releases").first;
        assert_eq!((entry.rows, entry.keyed.contains(&"sfzh".to_owned())), (3000, true));
    }
    let leaked = server.address(kind, &format!("{schema}.copy_b"));
    let found = trace(&TraceRequest { ledger, leaked: leaked.into(), ..TraceRequest::default() }).expect("traces");
    assert_eq!(found.named, ["人社局"]);
}

#[test]
fn mariadb_is_scanned_classified_masked_released_and_traced() {
    let Some(server) = mariadb(&[]) else { return };
    server.mysql("CREATE TABLE people.`病 人` (id int PRIMARY KEY, sfzh char(18) NOT NULL, xm varchar(20), phone varchar(11), note text, amount decimal(12,2), day date, flag boolean, photo blob)");
    server.mysql(&format!(
        "SET SESSION sql_mode='NO_BACKSLASH_ESCAPES'; INSERT INTO people.`病 人` VALUES {}",
        values(3000, "x'00ff'")
    ));
    let (status, findings) = scanned(server.address("mysql", "people"));
    assert!(
        status == 1
            && findings.contains("cn_resident_id")
            && findings.contains("cn_mobile")
            && findings.contains("unreadable")
    );
    let report = classified(server.address("mysql", "people"), &server.path("report.xlsx"));
    assert!(report.contains("sfzh\tcn_resident_id") && report.contains("phone\tcn_mobile"), "{report}");

    let (table, copy) = (server.address("mysql", "people/病 人"), server.address("mysql", "shared/copy"));
    let said = masked(table.clone(), copy.clone(), &server.path("key")).expect("masks");
    assert!(said.contains("3000行"), "{said}");
    let types = server.mysql("SELECT GROUP_CONCAT(column_type ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'shared' AND table_name = 'copy'");
    assert_eq!(types.trim(), "int(11),char(18),longtext,varchar(11),longtext,decimal(12,2),date,tinyint(1),blob");
    let counts = server.mysql("SELECT count(*), count(distinct c.sfzh), count(c.note), sum(c.amount) - sum(p.amount), sum(c.sfzh = p.sfzh OR c.phone = p.phone) FROM shared.copy c JOIN people.`病 人` p USING (id)");
    assert_eq!(counts.trim(), "3000\t3000\t2572\t0.00\t0");
    let refused = masked(table.clone(), copy, &server.path("key")).expect_err("exists");
    assert!(refused.contains("--replace") && !refused.contains("s3cret"), "{refused}");
    let left = server.mysql("SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'fengsui%'");
    assert_eq!(left.trim(), "0");
    let file = server.path("copy.parquet").to_string_lossy().into_owned();
    assert!(masked(table.clone(), file.clone(), &server.path("key")).expect("masks").contains("3000行"));
    masked(file, server.address("mysql", "shared/from_file"), &server.path("key2")).expect("masks");
    assert_eq!(server.mysql("SELECT count(*) FROM shared.from_file").trim(), "3000");
    released_and_traced(&server, "mysql", &table);
}
