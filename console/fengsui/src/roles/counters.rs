//! What spool, pipeline and uplink count, as text for Prometheus and as books for the console.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use fengsui_api::{BooksView, ReadBooks, Statistics, UplinkView};
use fengsui_pipeline::{Books, PipelineHandle, PipelineStatistics};
use fengsui_relay::Spool;
use fengsui_relay::uplink::SensorPlace;
use fengsui_schema::Timestamp;

/// Reads the counters once there is a pipeline; the console, which shows them, is started before.
#[derive(Clone, Default)]
pub(super) struct Counters(Arc<OnceLock<Sources>>);

struct Sources {
    pipeline: Arc<dyn Fn() -> PipelineStatistics + Send + Sync>,
    sensors: Arc<dyn Fn() -> Vec<SensorPlace> + Send + Sync>,
    spool: Spool,
}

impl Counters {
    /// From now on there is something to read.
    pub(super) fn set(&self, pipeline: &PipelineHandle, spool: &Spool) {
        let sources =
            Sources { pipeline: pipeline.statistics_hook(), sensors: pipeline.sensors_hook(), spool: spool.clone() };
        let _ = self.0.set(sources);
    }

    /// Text for Prometheus; empty until there is a pipeline.
    pub(super) fn metrics_hook(&self) -> Statistics {
        let own = self.clone();
        Arc::new(move || own.0.get().map(Sources::metrics).unwrap_or_default())
    }

    /// The books; none until there is a pipeline.
    pub(super) fn books_hook(&self) -> ReadBooks {
        let own = self.clone();
        Arc::new(move || own.0.get().map(|sources| view(&sources.books(), &(sources.sensors)())))
    }
}

impl Sources {
    /// The pipeline's counts are read first, so that what is in flight is never below zero.
    fn books(&self) -> Books {
        let pipeline = (self.pipeline)();
        Books::of(&pipeline, &self.spool.statistics())
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        if let Ok(serde_json::Value::Object(numbers)) = serde_json::to_value((self.pipeline)()) {
            for (name, number) in numbers.iter().filter(|(_, number)| number.is_number()) {
                gauge(&mut text, &format!("pipeline_{name}"), &[(String::new(), number.to_string())]);
            }
        }
        let books = view(&self.books(), &(self.sensors)());
        let own = [
            ("spooled", books.spooled),
            ("indexed", books.indexed),
            ("quarantined", books.quarantined),
            ("repeated", books.repeated),
            ("unreadable", books.unreadable),
            ("in_flight", books.in_flight),
            ("balanced", i64::from(books.balanced)),
        ];
        for (name, number) in own {
            gauge(&mut text, &format!("books_{name}"), &[(String::new(), number.to_string())]);
        }
        sensors(&mut text, &books.uplinks);
        text
    }
}

/// One number of a sensor.
type Read = fn(&UplinkView) -> i64;

/// The numbers of every sensor, each with the sensor as its label; names of nodes need no escapes.
fn sensors(text: &mut String, uplinks: &[UplinkView]) {
    let numbers: [(&str, Read); 9] = [
        ("emitted", |of| of.emitted),
        ("spooled", |of| of.spooled),
        ("shed", |of| of.shed),
        ("written", |of| of.written),
        ("taken", |of| of.taken),
        ("waiting", |of| of.waiting),
        ("missing", |of| of.missing),
        ("repeated", |of| of.repeated),
        ("balanced", |of| i64::from(of.balanced)),
    ];
    for (name, number) in numbers {
        let line = |of: &UplinkView| (format!("{{sensor=\"{}\"}}", of.sensor), number(of).to_string());
        gauge(text, &format!("sensor_{name}"), &uplinks.iter().map(line).collect::<Vec<_>>());
    }
}

fn gauge(text: &mut String, name: &str, lines: &[(String, String)]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "# TYPE fengsui_{name} gauge");
    for (labels, number) in lines {
        let _ = writeln!(text, "fengsui_{name}{labels} {number}");
    }
}

fn view(books: &Books, sensors: &[SensorPlace]) -> BooksView {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let uplink = |place: &SensorPlace| {
        let account = place.account;
        UplinkView {
            sensor: place.sensor.clone(),
            emitted: number(account.emitted),
            spooled: number(account.spooled),
            shed: number(account.shed),
            written: number(account.written),
            taken: number(place.next.saturating_sub(place.missing)),
            waiting: number(account.written.saturating_sub(place.next)),
            missing: number(place.missing),
            repeated: number(place.repeated),
            heard: (place.heard != 0).then(|| Timestamp::from_millis(place.heard).to_string()),
            balanced: account.emitted >= account.spooled + account.shed,
        }
    };
    BooksView {
        spooled: number(books.spooled),
        indexed: number(books.indexed),
        quarantined: number(books.quarantined),
        repeated: number(books.repeated),
        unreadable: number(books.unreadable),
        in_flight: number(books.in_flight),
        balanced: books.balanced,
        uplinks: sensors.iter().map(uplink).collect(),
    }
}
