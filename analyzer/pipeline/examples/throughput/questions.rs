//! What is asked of the store: for marked attacks while events come, and questions of every kind afterwards.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fengsui_schema::{Clock as _, Timestamp};
use fengsui_store::{SearchRequest, Selection, Store};

use crate::SystemClock;

/// Looks for marked attacks until the end.
pub(crate) fn find(store: &Store, seconds: u64) -> anyhow::Result<BTreeMap<String, Timestamp>> {
    let (begin, mut found) = (Instant::now(), BTreeMap::new());
    while begin.elapsed().as_secs() < seconds + 3 {
        std::thread::sleep(Duration::from_millis(100));
        let query = "source.ip:198.18.64.0/20 AND event.kind:alert".to_owned();
        let page = store.search(&SearchRequest { query, limit: 20, ..SearchRequest::default() })?;
        let now = SystemClock.now();
        for hit in page.hits {
            if let Some(source) = hit.fields.text("source.ip") {
                found.entry(source.to_owned()).or_insert(now);
            }
        }
    }
    Ok(found)
}

/// Times of queries of every kind, warm.
pub(crate) fn queries(store: &Store) -> anyhow::Result<()> {
    let all = Selection::default();
    println!("{} events in the store", store.count(&all)?);
    let mut times = Vec::new();
    for index in 0..200_u64 {
        let query = match index % 4 {
            0 => format!("source.ip:10.1.{}.{}", index % 16, index % 200),
            1 => format!("url.domain:host{}.example.com", index % 300),
            2 => format!("dns.question.name:name{index}.example.org"),
            _ => format!("destination.port:{}", 1_000 + index),
        };
        let request = SearchRequest { query, ..SearchRequest::default() };
        store.search(&request)?;
        let begin = Instant::now();
        store.search(&request)?;
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("term query: p50 {:.1} ms, p95 {:.1} ms", times[100], times[190]);
    let timed = |name: &str, work: &dyn Fn() -> anyhow::Result<()>| -> anyhow::Result<()> {
        work()?;
        let begin = Instant::now();
        work()?;
        println!("{name}: {:.0} ms", begin.elapsed().as_secs_f64() * 1_000.0);
        Ok(())
    };
    timed("histogram of all", &|| store.histogram(&all, 300_000).map(drop).map_err(Into::into))?;
    timed("top source.ip", &|| store.top_terms(&all, "source.ip", 10).map(drop).map_err(Into::into))?;
    timed("top url.domain", &|| store.top_terms(&all, "url.domain", 10).map(drop).map_err(Into::into))?;
    timed("statistics of source.bytes", &|| {
        store.numeric_statistics(&all, "source.bytes").map(drop).map_err(Into::into)
    })
}
