// The frame: rail at the left, bar at the top, the view in the middle, help over it.

import { Dropdown, Tooltip } from "antd";
import { Suspense, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import * as calls from "../../api/calls";
import { remember, remembered } from "../../lib/storage";
import { Icon } from "../components/icons";
import { SkeletonRows } from "../components/states";
import { GlobalSearch } from "./global-search";
import { KeyHelp } from "./help";
import { useIdleExit } from "./idle";
import { useKeyboard, useKeys } from "./keys";
import { useStreamState } from "./live";
import { isHere, railOf } from "./pages";
import { usePreferences, useText, useWord, type Density } from "./preferences";
import { useMay, useSession, useSetSession } from "./session";
import mark from "../../styles/favicon.svg";

/** The frame around every view. */
export function Frame({ children }: { children: ReactNode }) {
  const [folded, setFolded] = useState(remembered("rail") === "small");
  const [help, setHelp] = useState(false);
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
        <main className="view">
          <Suspense fallback={<SkeletonRows />}>{children}</Suspense>
        </main>
      </div>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

function Rail({ folded, onFold }: { folded: boolean; onFold: () => void }) {
  const t = useText();
  const may = useMay();
  const [location] = useLocation();
  return (
    <nav className="rail" aria-label={t("nav")}>
      <div className="brand">
        <img src={mark} alt="" width={24} height={24} />
        {!folded && <span>{t("product")}</span>}
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
        <span>{unit.name}</span>
      </div>
      <GlobalSearch />
      <div className="bar-end">
        <StreamMark />
        <Tooltip title={theme === "dark" ? t("theme.light") : t("theme.dark")}>
          <button
            type="button"
            className="icon-button"
            data-testid="theme"
            aria-label={theme === "dark" ? t("theme.light") : t("theme.dark")}
            onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
          >
            <Icon name={theme === "dark" ? "sun" : "moon"} />
          </button>
        </Tooltip>
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
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [density, locale],
        items: [
          { key: "who", disabled: true, label: session.roles.map((role) => word("role", role)).join("、") },
          { type: "divider" },
          { key: "zh", label: "中文", onClick: () => setLocale("zh") },
          { key: "en", label: "English", onClick: () => setLocale("en") },
          { type: "divider" },
          ...densities.map((key) => ({ key, label: word("density", key), onClick: () => setDensity(key) })),
          { type: "divider" },
          { key: "account", label: t("account.title"), onClick: () => navigate("/account") },
          { key: "out", label: t("logout"), onClick: () => void logOut() },
        ],
      }}
    >
      <button type="button" className="user-button" data-testid="user-menu">
        <span className="user-name">{session.user.display_name}</span>
        <span className="user-role">{word("role", session.roles[0])}</span>
      </button>
    </Dropdown>
  );
}
