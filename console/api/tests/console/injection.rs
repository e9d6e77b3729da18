//! Hostile texts in every field that a stranger fills, through every answer and document of the console: they stay text.

use std::io::Read;

use fengsui_api::Role;
use fengsui_schema::Alert;
use serde_json::{Value, json};

use crate::support::{Browser, alert, deliver, start};

/// The texts of `tests/injection`; the pages are shown them in a browser by `console/web/e2e/injection.spec.ts`.
fn payloads() -> Vec<String> {
    let texts: Vec<Value> =
        serde_json::from_str(include_str!("../../../../tests/injection/payloads.json")).expect("is JSON");
    texts.iter().map(|entry| entry["text"].as_str().expect("is text").to_owned()).collect()
}

/// An alert whose every free text is hostile.
fn hostile(number: u32, text: &str) -> Alert {
    let mut value = serde_json::to_value(alert(number, "620123", text)).expect("is JSON");
    value["rule"]["text"] = json!(text);
    value["observer"] = json!(format!("sensor{text}"));
    value["conditions"] = json!([{"condition": text, "field": "http.uri", "value": text}]);
    value["entities"] = json!([
        {"kind": "address", "value": "10.8.0.2", "role": "target", "asset": text},
        {"kind": "domain", "value": text, "role": "source"},
        {"kind": "file", "value": text, "role": "source"},
    ]);
    value["group_key"] = json!(format!("{text}|{number}"));
    serde_json::from_value(value).expect("is an alert")
}

/// An answer in JSON: control characters are escaped in it, so that none reaches a terminal or a log as it is.
async fn answer(person: &Browser, path: &str) -> Value {
    let bytes = person.bytes(path).await;
    let raw = bytes.iter().find(|byte| **byte < 0x20 || **byte == 0x7f);
    assert!(raw.is_none_or(|byte| *byte == 0x7f), "{path} holds the raw byte {raw:?}");
    serde_json::from_slice(&bytes).expect("is JSON")
}

/// A part of an office document.
fn part(document: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(document)).expect("is a container");
    let mut text = String::new();
    archive.by_name(name).expect("is inside").read_to_string(&mut text).expect("is text");
    text
}

/// What stands in elements of a name, with entities resolved; and nothing in the part opens an element that no office
/// program writes.
fn texts(xml: &str, element: &str) -> Vec<String> {
    for strange in ["<script", "<img", "<svg", "<iframe", "<b data", "<style", "<base", "<meta", "<a href", "<![CDATA"]
    {
        assert!(!xml.contains(strange), "{strange} became an element");
    }
    assert!(xml.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')), "a control character is inside");
    let mut found = Vec::new();
    for piece in xml.split(&format!("<{element}")).skip(1).filter(|piece| piece.starts_with(['>', ' '])) {
        let content = piece.split_once('>').and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
        let text = content.map(|(text, _)| text).unwrap_or_default();
        let resolved = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        found.push(resolved.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)));
    }
    found
}

fn check_cells(book: &[u8], what: &str) {
    for sheet in (1..).map_while(|number| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("is a workbook");
        let name = format!("xl/worksheets/sheet{number}.xml");
        archive.by_name(&name).ok().map(|_| ()).map(|()| part(book, &name))
    }) {
        assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{what} holds a formula");
        assert!(!sheet.contains("<hyperlink"), "{what} holds a link");
    }
    let cells = texts(&part(book, "xl/sharedStrings.xml"), "t");
    assert!(cells.len() > 20, "{what} has {} texts", cells.len());
    for cell in cells {
        let acts = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        assert!(!acts, "{what} has a cell that a spreadsheet would take for a formula: {cell:?}");
        let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!cell.contains(turns), "{what} has a cell that turns the direction of reading: {cell:?}");
    }
}

#[tokio::test]
async fn hostile_texts_stay_texts_in_every_answer_and_document() {
    let payloads = payloads();
    assert!(payloads.len() >= 100);
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    deliver(&running, payloads.iter().zip(1..).map(|(text, number)| hostile(number, text)).collect()).await;
    let alerts = answer(&analyst, "/alerts?state=all&limit=500").await;
    assert_eq!(alerts["total"], payloads.len(), "each of them arrived");
    for (number, text) in (1_u32..).zip(&payloads) {
        let detail = answer(&analyst, &format!("/alerts/{number:032x}")).await;
        assert_eq!(detail["alert"]["conditions"][0]["value"], **text, "it is kept as it was");
        // Whatever a search is asked for, it is looked for and not obeyed.
        let place = format!("/alerts?state=all&q={}", encoded(text));
        assert!(analyst.status(reqwest::Method::GET, &place, None).await.as_u16() < 500, "{text:?}");
    }
    check_cells(&analyst.bytes("/alerts/export.xlsx?state=all").await, "the workbook of alerts");

    for (group, texts_of_group) in payloads.chunks(20).enumerate() {
        let first = group * 20 + 1;
        let ids: Vec<String> = (first..first + texts_of_group.len()).map(|number| format!("{number:032x}")).collect();
        // A title has to say something; one of marks only is refused, which is fine too.
        let titles = texts_of_group.iter().map(|text| format!("事件 {text}"));
        let mut incident = None;
        for title in titles.take(3) {
            let new = json!({"title": title, "grade": "larger", "alert_ids": ids});
            let (status, made) = analyst.send(reqwest::Method::POST, "/incidents", Some(new)).await;
            assert!(status.as_u16() < 500, "{title:?}: {status}");
            incident = made["row"]["id"].as_str().map(str::to_owned).or(incident);
        }
        let incident = incident.expect("an incident is made");
        answer(&analyst, &format!("/incidents/{incident}")).await;
        let report = analyst.bytes(&format!("/incidents/{incident}/report.docx")).await;
        let paragraphs = texts(&part(&report, "word/document.xml"), "w:t");
        assert!(paragraphs.len() > 10, "the report says {} things", paragraphs.len());
    }
    answer(&analyst, "/incidents?state=all&limit=500").await;
    answer(&auditor, "/audit?limit=500").await;
    check_cells(&auditor.bytes("/audit/export.xlsx").await, "the workbook of the audit log");
}

/// Bytes of a query as RFC 3986 wants them.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
