/** @jsxImportSource preact */
// The tile cartogram: colour is risk, the number is open incidents, the ring is the signing rate. A tile opens its
// counties.

import { useState } from "preact/hooks";
import type { PostureUnit } from "../api/types";
import { County } from "./county";
import { COLUMNS, prefectureOf, riskStep, ROWS, shortName, TILES } from "./tiles";

/** Units of the province as tiles. */
export function Cartogram({ units, mayUrge }: { units: readonly PostureUnit[]; mayUrge: boolean }) {
  const [open, setOpen] = useState<string | null>(null);
  const counties = (code: string) => units.filter((unit) => unit.tier === "county" && prefectureOf(unit.code) === code);
  const chosen = units.find((unit) => unit.code === open);
  if (chosen) {
    return <Counties prefecture={chosen} counties={counties(chosen.code)} mayUrge={mayUrge} onBack={() => setOpen(null)} />;
  }
  return (
    <>
      <div
        class="tiles"
        style={{ gridTemplateColumns: `repeat(${COLUMNS}, 1fr)`, gridTemplateRows: `repeat(${ROWS}, 1fr)` }}
      >
        {units.map((unit) => {
          const tile = TILES[unit.code];
          if (!tile) return null;
          const place = { gridColumn: tile.column + 1, gridRow: tile.row + 1 };
          return <Tile key={unit.code} unit={unit} place={place} parts={counties(unit.code)} onOpen={() => setOpen(unit.code)} />;
        })}
      </div>
      <Legend />
    </>
  );
}

interface TileProps {
  unit: PostureUnit;
  place?: Record<string, number>;
  parts: readonly PostureUnit[];
  onOpen?: () => void;
}

function Tile({ unit, place, parts, onOpen }: TileProps) {
  const title = `${unit.name}：风险 ${unit.risk}，进行中事件 ${unit.open_incidents}，待处理告警 ${unit.open_alerts}`;
  return (
    <button type="button" class={`tile risk-${riskStep(unit.risk)}`} style={place ?? {}} title={title} onClick={onOpen}>
      <span class="tile-name">{shortName(unit.name)}</span>
      <span class="tile-middle">
        <b>{unit.open_incidents}</b>
        <Ring rate={unit.signing_rate ?? null} />
      </span>
      <span class="tile-parts" aria-hidden="true">
        {parts.map((part) => (
          <i key={part.code} class={`risk-${riskStep(part.risk)}`} />
        ))}
      </span>
    </button>
  );
}

/** A ring filled by the rate; a dash when there was nothing to sign. */
function Ring({ rate }: { rate: number | null }) {
  const length = 2 * Math.PI * 9;
  return (
    <svg class="ring" viewBox="0 0 24 24" role="img" aria-label={rate === null ? "没有任务" : `签收率 ${rate}%`}>
      <circle cx="12" cy="12" r="9" class="ring-ground" />
      {rate !== null && (
        <circle cx="12" cy="12" r="9" class="ring-fill" stroke-dasharray={`${(length * rate) / 100} ${length}`} transform="rotate(-90 12 12)" />
      )}
    </svg>
  );
}

interface CountiesProps {
  prefecture: PostureUnit;
  counties: readonly PostureUnit[];
  mayUrge: boolean;
  onBack: () => void;
}

function Counties({ prefecture, counties, mayUrge, onBack }: CountiesProps) {
  const [open, setOpen] = useState<string | null>(null);
  const county = counties.find((unit) => unit.code === open);
  return (
    <>
      <p class="crumb">
        <button type="button" onClick={onBack}>
          甘肃省
        </button>
        {" / "}
        {county ? (
          <button type="button" onClick={() => setOpen(null)}>
            {prefecture.name}
          </button>
        ) : (
          prefecture.name
        )}
        {county && ` / ${county.name}`}
      </p>
      {county ? <County key={county.code} code={county.code} mayUrge={mayUrge} /> : <CountyTiles counties={counties} onOpen={setOpen} />}
    </>
  );
}

function CountyTiles({ counties, onOpen }: { counties: readonly PostureUnit[]; onOpen: (code: string) => void }) {
  return (
    <>
      <div class="counties">
        {counties.map((unit) => (
          <Tile key={unit.code} unit={unit} parts={[]} onOpen={() => onOpen(unit.code)} />
        ))}
        {counties.length === 0 && <p class="quiet">下面没有县区</p>}
      </div>
      <Legend />
    </>
  );
}

function Legend() {
  return (
    <p class="legend">
      <span>风险</span>
      {["低", "关注", "中", "高", "很高"].map((word, step) => (
        <span key={word}>
          <i class={`risk-${step}`} /> {word}
        </span>
      ))}
      <span>数字：进行中事件</span>
      <span>圆环：任务按时签收率</span>
      <span>小格：所辖县区</span>
    </p>
  );
}
