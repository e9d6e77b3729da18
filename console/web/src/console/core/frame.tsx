// The frame: rail at the left, bar at the top, the view in the middle, help over it.

import { lazy, Suspense, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import * as calls from "../../api/calls";
import { remember, remembered } from "../../lib/storage";
import { Icon } from "../components/icons";
import { MenuItem, Popup } from "../components/popup";
import { SkeletonRows } from "../components/states";
import { GlobalSearch } from "./global-search";
import { useIdleExit } from "./idle";
import { useKeyboard, useKeys } from "./keys";
import { useStreamState } from "./live";
import { isHere, railOf } from "./pages";
import { usePreferences, useText, useWord, type Density } from "./preferences";
import { useMay, useSession, useSetSession } from "./session";
import mark from "../../styles/favicon.svg";

const RunningClocks = lazy(async () => ({ default: (await import("./running-clocks")).RunningClocks }));
const Bell = lazy(async () => ({ default: (await import("./bell")).Bell }));
const WarningBar = lazy(async () => ({ default: (await import("../warnings/bar")).WarningBar }));
const UnitSwitch = lazy(async () => ({ default: (await import("./unit-switch")).UnitSwitch }));
const KeyHelp = lazy(async () => ({ default: (await import("./help")).KeyHelp }));

/** The frame around every view. */
export function Frame({ children }: { children: ReactNode }) {
  const [folded, setFolded] = useState(remembered("rail") === "small");
  const [help, setHelp] = useState(false);
  const may = useMay();
  useKeyboard();
  useIdleExit();
  useKeys([{ key: "?", label: "key.help", run: () => setHelp(true) }]);
  const fold = () => {
    remember("rail", folded ? null : "small");
    setFolded(!folded);
  };
  return (
    <div className={folded ? "frame frame-folded" : "frame"}>
      <Rail folded={folded} onFold={fold} />
      <div className="frame-main">
        <TopBar onHelp={() => setHelp(true)} />
        {may("warning.read") && (
          <Suspense fallback={null}>
            <WarningBar />
          </Suspense>
        )}
        <main className="view">
          <Suspense fallback={<SkeletonRows />}>{children}</Suspense>
        </main>
      </div>
      {help && (
        <Suspense fallback={null}>
          <KeyHelp onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Rail({ folded, onFold }: { folded: boolean; onFold: () => void }) {
  const t = useText();
  const may = useMay();
  const { platform } = useSession();
  const [location] = useLocation();
  return (
    <nav className="rail" aria-label={t("nav")}>
      <div className="brand">
        <img src={mark} alt="" width={24} height={24} />
        {!folded && <span title={platform}>{platform}</span>}
      </div>
      <ul>
        {railOf(may).map((page) => {
          const here = isHere(page, location);
          const title = t(page.section ?? page.title);
          return (
            <li key={page.path}>
              <Link
                href={page.path}
                className={here ? "rail-link rail-here" : "rail-link"}
                aria-current={here ? "page" : undefined}
                title={folded ? title : undefined}
                data-testid={`nav-${page.path.slice(1)}`}
              >
                <Icon name={page.icon} />
                <span className="rail-word">{title}</span>
              </Link>
            </li>
          );
        })}
        {may("posture.read") && (
          <li>
            <a href="/screen" className="rail-link" title={folded ? t("nav.posture") : undefined}>
              <Icon name="posture" />
              <span className="rail-word">{t("nav.posture")}</span>
            </a>
          </li>
        )}
      </ul>
      <button type="button" className="rail-link rail-fold" onClick={onFold} aria-expanded={!folded}>
        <Icon name={folded ? "unfold" : "fold"} />
        <span className="rail-word">{folded ? t("rail.unfold") : t("rail.fold")}</span>
      </button>
    </nav>
  );
}

function TopBar({ onHelp }: { onHelp: () => void }) {
  const t = useText();
  const { unit, tier } = useSession();
  const word = useWord();
  const { theme, setTheme } = usePreferences();
  return (
    <header className="bar">
      <div className="bar-unit" title={unit.code}>
        <span className="bar-tier">{word("tier", tier)}</span>
        <Suspense fallback={<span>{unit.name}</span>}>
          <UnitSwitch />
        </Suspense>
      </div>
      <GlobalSearch />
      <div className="bar-end">
        <StreamMark />
        <Suspense fallback={null}>
          <RunningClocks />
        </Suspense>
        <Suspense fallback={null}>
          <Bell />
        </Suspense>
        <button
          type="button"
          className="icon-button"
          data-testid="theme"
          title={theme === "dark" ? t("theme.light") : t("theme.dark")}
          aria-label={theme === "dark" ? t("theme.light") : t("theme.dark")}
          onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
        >
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
        <button type="button" className="icon-button" aria-label={t("key.help")} onClick={onHelp}>
          ?
        </button>
        <UserMenu />
      </div>
    </header>
  );
}

function StreamMark() {
  const t = useText();
  const state = useStreamState();
  if (state !== "lost") return null;
  return (
    <span className="stream-lost" role="status">
      {t("stream.lost")}
    </span>
  );
}

function UserMenu() {
  const t = useText();
  const word = useWord();
  const session = useSession();
  const setSession = useSetSession();
  const [, navigate] = useLocation();
  const { locale, setLocale, density, setDensity } = usePreferences();
  const densities: Density[] = ["compact", "normal", "comfortable"];
  const logOut = async () => {
    await calls.session.logout().catch(() => undefined);
    setSession(null);
    window.location.assign("/");
  };
  const button = (
    <>
      <span className="user-name">{session.user.display_name}</span>
      <span className="user-role">{word("role", session.roles[0])}</span>
    </>
  );
  return (
    <Popup kind="menu" className="user-button" testid="user-menu" label={session.user.display_name} button={button}>
      {(close) => {
        const item = (key: string, label: string, run: () => void, chosen?: boolean) => (
          <MenuItem
            key={key}
            chosen={chosen}
            onChoose={() => {
              run();
              close();
            }}
          >
            {label}
          </MenuItem>
        );
        return (
          <>
            <p className="popup-note">{session.roles.map((role) => word("role", role)).join("、")}</p>
            <div role="group" aria-label={t("menu.language")}>
              {item("zh", "中文", () => setLocale("zh"), locale === "zh")}
              {item("en", "English", () => setLocale("en"), locale === "en")}
            </div>
            <div role="group" aria-label={t("menu.density")}>
              {densities.map((key) => item(key, word("density", key), () => setDensity(key), density === key))}
            </div>
            <div role="group" aria-label={t("account.title")}>
              {item("account", t("account.title"), () => navigate("/account"))}
              {item("out", t("logout"), () => void logOut())}
            </div>
          </>
        );
      }}
    </Popup>
  );
}
