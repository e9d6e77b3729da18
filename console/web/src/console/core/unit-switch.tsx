// Province / prefecture / county as a breadcrumb in the bar. On lists of what belongs to units it narrows the list; the
// choice stands in the address, so that a link shows a colleague the same.

import { useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { UnitView } from "../../api/types";
import { Popup } from "../components/popup";
import { useText } from "./preferences";
import { useSession } from "./session";

/** Lists that can be narrowed. */
const NARROWED = /^\/(alerts|incidents|tasks)(\/|$)/;

/** The breadcrumb; nothing but the own unit where nothing can be narrowed. */
export function UnitSwitch() {
  const t = useText();
  const { unit: own } = useSession();
  const [location] = useLocation();
  const [search, setSearch] = useSearchParams();
  const query = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  const units = query.data?.items ?? [];
  if (!NARROWED.test(location) || units.length < 2) return <span>{own.name}</span>;
  const choose = (code: string) => {
    const next = new URLSearchParams(search);
    if (code === own.code) next.delete("unit");
    else next.set("unit", code);
    setSearch(next, { replace: true });
  };
  const chosen = units.find((unit) => unit.code === search.get("unit"));
  const trail = chosen ? trailOf(chosen, units, own.code) : [];
  const button = (
    <>
      {[own.name, ...trail.map((unit) => unit.name)].join(" / ")}
      <span className="bar-unit-more" aria-hidden="true" />
    </>
  );
  return (
    <Popup kind="dialog" className="bar-unit-button" testid="unit-switch" label={t("unit.switch")} button={button}>
      {(close) => (
        <UnitChoice
          units={units}
          chosen={chosen?.code ?? own.code}
          onChoose={(code) => {
            choose(code);
            close();
          }}
        />
      )}
    </Popup>
  );
}

/** The units from below the own one down to a unit. */
function trailOf(unit: UnitView, units: readonly UnitView[], own: string): UnitView[] {
  const above = units.find((other) => other.code === unit.parent && other.code !== own);
  return [...(above ? trailOf(above, units, own) : []), unit];
}

/** Most units shown; more are found by their names. */
const SHOWN = 400;

function UnitChoice({ units, chosen, onChoose }: { units: readonly UnitView[]; chosen: string; onChoose: (code: string) => void }) {
  const t = useText();
  const [wanted, setWanted] = useState("");
  const word = wanted.trim();
  const found = units.filter((unit) => unit.name.includes(word) || unit.code.startsWith(word)).slice(0, SHOWN);
  const first = found[0];
  return (
    <div className="unit-choice">
      <Input
        size="small"
        allowClear
        placeholder={t("unit.find")}
        aria-label={t("unit.find")}
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
        onPressEnter={() => word !== "" && first && onChoose(first.code)}
      />
      <ul>
        {found.map((unit) => (
          <li key={unit.code}>
            <button
              type="button"
              className={`popup-item unit-${unit.tier}`}
              aria-pressed={unit.code === chosen}
              onClick={() => onChoose(unit.code)}
            >
              {unit.name}
            </button>
          </li>
        ))}
        {found.length === 0 && <li className="quiet">{t("unit.none")}</li>}
      </ul>
    </div>
  );
}
