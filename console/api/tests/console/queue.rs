//! The totals of the queue are kept by every act; they have to be what counting rows gives.

use crate::support::{Browser, alert, deliver, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn ids(browser: &Browser, path: &str) -> Vec<Value> {
    let page = browser.get(path).await;
    page["items"].as_array().expect("is a list").iter().map(|row| row["id"].clone()).collect()
}

/// Every list says how many rows it has, and has them.
async fn expect_totals(browser: &Browser, when: &str) {
    for state in ["open", "all", "new", "acknowledged", "in_incident", "closed"] {
        for more in ["", "&severity_min=high", "&domain=application", "&source=sigma", "&unit=620123", "&q=sql"] {
            for grouped in [false, true] {
                let path = format!("/alerts?limit=500&state={state}{more}&grouped={grouped}");
                let page = browser.get(&path).await;
                let rows = page["items"].as_array().expect("is a list").len();
                assert_eq!(page["total"], rows, "{when}: {path}");
            }
        }
    }
}

#[tokio::test]
async fn totals_follow_every_act() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let units = ["620123", "620102", "621022"];
    let mut alerts = Vec::new();
    for number in 1..=60_u32 {
        let mut one = alert(number, units[number as usize % 3], "SQL 注入");
        one.severity = fengsui_schema::Severity::from_number((number % 5) as u8);
        one.group_key = format!("g{}", number % 7);
        if number % 4 == 0 {
            one.source = fengsui_schema::AlertSource::Sigma;
        }
        alerts.push(one);
    }
    deliver(&running, alerts).await;
    expect_totals(&analyst, "after ingest").await;

    let first = ids(&analyst, "/alerts?limit=20").await;
    let act = |ids: &[Value], action: &str| json!({"ids": ids, "action": action, "disposition": "false_positive", "reason": "测试"});
    analyst.post("/alerts/actions", act(&first[..5], "acknowledge")).await;
    let closed = analyst.post("/alerts/actions", act(&first, "close")).await;
    assert_eq!(closed["changed"], 20);
    expect_totals(&analyst, "after closing").await;
    analyst.post("/alerts/undo", json!({"undo_token": closed["undo_token"]})).await;
    expect_totals(&analyst, "after taking it back").await;

    let head = ids(&analyst, "/alerts?limit=3&grouped=true").await;
    let mut whole = act(&head, "close");
    whole["whole_groups"] = true.into();
    analyst.post("/alerts/actions", whole).await;
    expect_totals(&analyst, "after closing whole groups").await;
    let open = ids(&analyst, "/alerts?limit=4").await;
    let incident = json!({"title": "注入", "grade": "general", "alert_ids": open});
    let (status, answer) = analyst.send(Method::POST, "/incidents", Some(incident)).await;
    assert!(status.is_success(), "{answer}");
    expect_totals(&analyst, "after making an incident").await;
    let again = ids(&analyst, "/alerts?state=closed&limit=6").await;
    analyst.post("/alerts/actions", json!({"ids": again, "action": "reopen"})).await;
    expect_totals(&analyst, "after opening again").await;
}

/// A search finds what texts hold, wherever the alert stands among the parts that are asked first.
#[tokio::test]
async fn a_search_finds_what_texts_hold() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let words = ["注入探测", "爆破登录", "dns-tunnel", "xn--kpry57d", "横向移动", "Webshell"];
    let mut alerts = Vec::new();
    for number in 1..=700_u32 {
        let mut one = alert(number, ["620123", "620102"][number as usize % 2], "告警");
        // Some hours of it out of order, more of one hour than a part takes.
        let minutes = i64::from(number * 7 % 300) / 12;
        one.time = fengsui_schema::Timestamp::from_millis(one.time.as_millis() - minutes * 240_000);
        one.summary_zh = format!("{}的主机 n{number:04}号", words[number as usize % words.len()]);
        one.group_key = format!("g{number}");
        alerts.push(one);
    }
    for part in alerts.chunks(90) {
        deliver(&running, part.to_vec()).await;
    }
    for (q, held) in [
        ("注入", "注入"),
        ("入探", "入探"),
        ("探", "探"),
        ("TUNNEL", "tunnel"),
        ("webshell", "webshell"),
        ("n0123号", "n0123号"),
        ("n069", "n069"),
        ("gibtesnicht", "gibtesnicht"),
        ("入注", "入注"),
        ("50%", "50%"),
    ] {
        let hits = alerts.iter().filter(|one| one.summary_zh.to_lowercase().contains(held)).count();
        for grouped in [false, true] {
            let path = format!("/alerts?grouped={grouped}&q={}", q.replace('%', "%25"));
            assert_eq!(all_pages(&analyst, &path).await.len(), hits, "{path}");
            assert_eq!(analyst.get(&path).await["total"], hits, "{path}");
        }
    }
    let both = alerts.iter().filter(|one| one.summary_zh.contains("横向") && one.summary_zh.contains("n02")).count();
    assert_eq!(all_pages(&analyst, "/alerts?q=n02 横向").await.len(), both);
    let address = alerts[41].flow.source_ip.clone().expect("has a source");
    let here = alerts.iter().filter(|one| one.flow.source_ip.as_ref() == Some(&address)).count();
    assert_eq!(analyst.get(&format!("/alerts?q={address}")).await["total"], here);
}

/// Whether it is where a flow begins, where it ends, or named by the rule alone: an address is found, once, on whatever page.
#[tokio::test]
async fn an_address_is_found_wherever_it_stands() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620123").await;
    let wanted = "198.51.100.77";
    let mut alerts = Vec::new();
    for number in 1..=400_u32 {
        let mut one =
            alert(number, ["620123", "620102"][number as usize % 2], ["注入", "扫描"][number as usize / 2 % 2]);
        one.time = fengsui_schema::Timestamp::from_millis(one.time.as_millis() - i64::from(number % 50) * 60_000);
        one.flow.source_ip = Some(if number % 3 == 0 { wanted.into() } else { format!("203.0.113.{}", number % 200) });
        one.flow.destination_ip = Some(if number % 5 == 0 { wanted.into() } else { "10.0.0.1".into() });
        let named = if number % 7 == 0 { wanted } else { "192.0.2.1" };
        one.entities
            .push(serde_json::from_value(json!({"kind": "address", "value": named, "role": "named"})).expect("reads"));
        one.group_key = format!("g{}", number / 4);
        alerts.push(one);
    }
    let holds = |one: &fengsui_schema::Alert| {
        let ends = [&one.flow.source_ip, &one.flow.destination_ip];
        ends.iter().any(|end| end.as_deref() == Some(wanted))
            || one.entities.iter().any(|entity| entity.value == wanted)
    };
    let count =
        |keep: &dyn Fn(&fengsui_schema::Alert) -> bool| alerts.iter().filter(|one| holds(one) && keep(one)).count();
    let (all, scans) =
        (count(&|_| true), count(&|one| one.summary_zh.contains("扫描") || one.rule.title.contains("扫描")));
    let below = count(&|one| one.unit.as_str() == "620123");
    deliver(&running, alerts.clone()).await;
    for (person, more, hits) in [(&analyst, "", all), (&analyst, " 扫描", scans), (&county, "", below)] {
        let path = format!("/alerts?q={wanted}{more}");
        let found = all_pages(person, &path).await;
        assert_eq!((found.len(), person.get(&path).await["total"].as_u64()), (hits, Some(hits as u64)), "{path}");
    }
    let grouped = all_pages(&analyst, &format!("/alerts?grouped=true&q={wanted}")).await;
    let heads = all_pages(&analyst, "/alerts?grouped=true").await;
    let heads: Vec<_> = heads
        .into_iter()
        .filter(|id| alerts.iter().any(|one| id == one.id.to_string().as_str() && holds(one)))
        .collect();
    assert_eq!(grouped, heads, "of groups those whose newest alert it is in");
    assert_eq!(analyst.get("/alerts?q=198.51.100.78").await["total"], 0);
}

/// Ids of every page, newest first.
async fn all_pages(browser: &Browser, path: &str) -> Vec<Value> {
    let (mut found, mut cursor, mut last) = (Vec::new(), String::new(), String::from("9"));
    loop {
        let page = browser.get(&format!("{path}&limit=37{cursor}")).await;
        for row in page["items"].as_array().expect("is a list") {
            let time = row["time"].as_str().expect("is a time").to_owned();
            assert!(time <= last, "{path}: {time} after {last}");
            last = time;
            found.push(row["id"].clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_group_is_read_alert_by_alert() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620121").await;
    let mut batch: Vec<_> = (1..=5).map(|number| alert(number, "620123", "扫描")).collect();
    batch.push(alert(6, "620122", "扫描"));
    deliver(&running, batch).await;
    let queue = analyst.get("/alerts?grouped=true&unit=620123").await;
    let head = queue["items"][0]["id"].as_str().expect("id").to_owned();
    assert_eq!(queue["items"][0]["count"], 5);
    let path = format!("/alerts?group={head}");
    let members = analyst.get(&path).await;
    assert_eq!((members["items"].as_array().map(Vec::len), &members["total"]), (Some(5), &json!(5)));
    assert!(!members.to_string().contains("620122"), "of that unit alone");
    let page = analyst.get(&format!("{path}&limit=2")).await;
    assert_eq!((page["items"].as_array().map(Vec::len), &page["total"]), (Some(2), &json!(5)));
    let one = format!("{:032x}", 2);
    analyst
        .post(
            "/alerts/actions",
            json!({"ids": [one], "action": "close", "reason": "误报", "disposition": "false_positive"}),
        )
        .await;
    assert_eq!(analyst.get(&path).await["total"], 4, "open ones");
    assert_eq!(analyst.get(&format!("{path}&state=all")).await["total"], 5);
    for hidden in [head.as_str(), "ffffffffffffffffffffffffffffffff", "x"] {
        let status = county.status(Method::GET, &format!("/alerts?group={hidden}"), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{hidden}");
    }
}
