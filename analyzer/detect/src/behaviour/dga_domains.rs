//! Names that no person would choose, asked for in numbers and not there: the search of malware for its controller.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Event, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::dns_tunnel::split;
use super::windows::{Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 300;

/// Distinct odd names that do not exist, within two windows.
const NAMES: usize = 15;

/// Pairs of letters that are common in words of domain names, English and pinyin; made by counting by hand the
/// syllables of both.
const COMMON: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik dd pt zh xi ji qi xu zi wu yu yi ya yn iu uo io ia bj cn gz sz hk ww web we app net mail";

/// Follows the odd names each host asks for in vain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DgaDomains {
    names: Windows<BTreeSet<String>>,
}

impl Default for DgaDomains {
    fn default() -> Self {
        Self { names: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for DgaDomains {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        let Some(name) = event.fields.text("dns.question.name") else { return };
        if !event
            .fields
            .text("dns.response_code")
            .is_some_and(|code| code.eq_ignore_ascii_case("NXDOMAIN") || code == "3")
        {
            return;
        }
        let domain = split(name).map_or(name, |(_, domain)| domain);
        let label = domain.split('.').next().unwrap_or_default();
        if !is_odd(label) {
            return;
        }
        let side = if event.fields.integer("source.port") == Some(53) { "destination.ip" } else { "source.ip" };
        let Some(asker) = event.fields.text(side) else { return };
        for (number, count) in self.names.add(asker, event.time, domain.to_owned()) {
            if count >= NAMES && self.names.first_report(asker, number) {
                alerts.push(report(event, asker, count).alert(event, asker, number, WINDOW_S));
            }
        }
    }

    windowed_state!(names);
}

/// Whether a label looks made by a machine: most of its pairs of letters are rare, or letters and digits alternate.
fn is_odd(label: &str) -> bool {
    let bytes = label.as_bytes();
    if bytes.len() < 7 || !label.is_ascii() || label.starts_with("xn--") {
        return false;
    }
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let changes = bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    if letters < bytes.len() && changes >= 5 {
        return true;
    }
    let pairs: Vec<&[u8]> =
        bytes.windows(2).filter(|pair| pair.iter().all(|byte| byte.is_ascii_alphabetic())).collect();
    let rare = pairs.iter().filter(|pair| !is_common(pair)).count();
    pairs.len() >= 6 && rare * 100 >= pairs.len() * 42
}

fn is_common(pair: &[u8]) -> bool {
    let lower = [pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase()];
    COMMON.split(' ').any(|known| known.as_bytes() == lower)
}

fn report(event: &Event, asker: &str, count: usize) -> Report {
    Report {
        name: "dga_domains",
        title: "search for names made by a machine",
        title_zh: "疑似 DGA 域名查询",
        severity: Severity::High,
        technique: "T1568.002",
        summary_zh: format!("{asker} 十分钟内查询 {count} 个以上不存在的随机域名，疑似恶意程序寻找控制端"),
        summary_en: format!("{asker} asked for at least {count} odd names that do not exist within ten minutes"),
        condition: Condition {
            condition: format!("distinct odd names without answer ≥ {NAMES} in {} s", WINDOW_S * 2),
            field: "dns.question.name".into(),
            value: count.to_string(),
        },
        entities: vec![address(asker, "source", event)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn names_of_people_are_not_odd() {
        for name in [
            "microsoft",
            "alibaba",
            "xinhuanet",
            "weather",
            "government",
            "zhongguancun",
            "lanzhou",
            "stackoverflow",
            "cloudfront",
            "example",
            "baidustatic",
            "tencent",
            "updates",
            "telemetry",
            "guangdong",
        ] {
            assert!(!is_odd(name), "{name}");
        }
        for name in ["xkqzjvwpt", "qwrtpsdfgk", "a9x3k2m7q1z", "vbhzxqkjw", "pzqkrxwvhd"] {
            assert!(is_odd(name), "{name}");
        }
    }

    fn run(code: &str) -> usize {
        let (mut detector, mut alerts) = (DgaDomains::default(), Vec::new());
        for index in 0..30_i64 {
            let name = format!(
                "x{}qzj{}vwk.com",
                (b'b' + u8::try_from(index % 20).unwrap_or(0)) as char,
                (b'f' + u8::try_from(index / 20).unwrap_or(0)) as char
            );
            let fields = [("dns.question.name", name.as_str()), ("dns.response_code", code), ("source.ip", "10.1.1.1")];
            detector.observe(&plain(index, &fields), &mut alerts);
        }
        alerts.len()
    }

    #[test]
    fn only_names_that_are_not_there_count() {
        assert_eq!((run("NXDOMAIN"), run("NOERROR")), (1, 0));
    }
}
