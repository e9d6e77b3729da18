//! Scorecards on their way up: what a node counted of the units it serves in the last thirty days. The nodes above keep the
//! newest of each unit beside what they count themselves, and say who counted it.

use std::time::Duration;

use fengsui_relay::tier::Destination;
use fengsui_schema::{Tier, UnitCode};
use serde::{Deserialize, Serialize};

use super::Draft;
use crate::db::{Query, args};
use crate::error::ApiResult;
use crate::repository::scorecards;
use crate::scope::Scope;
use crate::state::{AppState, time_text};
use crate::wire::{ReportedScorecard, ScorecardRow};

/// How often they are counted again.
const EVERY: Duration = Duration::from_secs(600);
/// How often a node that has no parent yet looks again.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const SPAN_MILLIS: i64 = 30 * 86_400_000;

/// A scorecard in a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    from: i64,
    to: i64,
    row: ScorecardRow,
}

/// Sends them, as soon as there is a node above and then now and again.
pub(super) async fn run(state: &AppState) {
    loop {
        if state.shared().tier.registry.read().parent().is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        if let Err(error) = send_all(state).await {
            tracing::error!(%error, "scorecards could not be sent");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn send_all(state: &AppState) -> ApiResult<()> {
    let (tier, to) = (&state.shared().tier, state.now());
    let scope = Scope::subtree(&tier.unit);
    let from = to - SPAN_MILLIS;
    let mut rows = Vec::new();
    for of in [Tier::Prefecture, Tier::County] {
        rows.extend(scorecards::of_tier(state, &scope, of, (from, to)).await?.items);
    }
    let mut tx = state.shared().db.begin().await?;
    for row in rows.into_iter().filter(|row| row.score.is_some()) {
        let obj = format!("{}/{}", tier.own, row.unit.code);
        let draft = Draft::of("scorecard", Destination::Up, obj, &Card { from, to, row })?;
        super::send(tier, &mut tx, to, draft).await?;
    }
    tx.commit().await?;
    tier.notify();
    Ok(())
}

/// What nodes below counted, as far as a scope reaches. A node speaks for its own units only.
pub(crate) async fn reported(state: &AppState, scope: &Scope) -> ApiResult<Vec<ReportedScorecard>> {
    let own = state.shared().tier.own.as_str();
    let sql = "SELECT owner, body FROM tier_object WHERE kind = 'scorecard' AND owner <> $1 ORDER BY obj";
    let mut cards = Vec::new();
    for row in state.db().rows(sql, args![own]).await? {
        let (node, card) = (row.text("owner")?, serde_json::from_str::<Card>(&row.text("body")?));
        let Ok(Card { from, to, row }) = card else { continue };
        let units = (node.parse::<UnitCode>(), row.unit.code.parse::<UnitCode>());
        let (Ok(by), Ok(unit)) = units else { continue };
        if unit.path().starts_with(&by.path()) && scope.reaches(&unit) {
            // The name is ours, not theirs.
            let row = ScorecardRow { unit: state.units().reference(&unit), ..row };
            cards.push(ReportedScorecard { node, from: time_text(from), to: time_text(to), row });
        }
    }
    Ok(cards)
}
