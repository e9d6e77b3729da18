// Hands the product's measures and colours to antd, and the page's nonce so that its styles pass the policy.

import { ConfigProvider, theme as antdTheme } from "antd";
import type { Locale } from "antd/es/locale";
import type { ReactNode } from "react";
import { usePreferences, type Theme } from "./preferences";

const TOKENS: Record<Theme, Record<string, string>> = {
  light: {
    colorPrimary: "#1f5fbf",
    colorPrimaryHover: "#184e9e",
    colorPrimaryActive: "#123f82",
    colorBgBase: "#ffffff",
    colorTextBase: "#1b2129",
    colorBorder: "#c5ccd6",
    colorTextPlaceholder: "#606b7b",
  },
  dark: {
    colorPrimary: "#6ea5f2",
    colorPrimaryHover: "#8ab8f5",
    colorPrimaryActive: "#a3c8f8",
    colorBgBase: "#171c23",
    colorTextBase: "#e6e9ee",
    colorBgContainer: "#171c23",
    colorBgElevated: "#1c222a",
    colorBorder: "#3d4755",
    colorTextPlaceholder: "#939eae",
  },
};

/** The words of antd that our pages show; its own locale brings those of calendars, tables and uploads along. */
const CHINESE: Locale = {
  locale: "zh-cn",
  global: { placeholder: "请选择", close: "关闭", show: "显示", hide: "隐藏" },
  Empty: { description: "暂无数据" },
};

function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

/** antd in the reader's language and theme. */
export function Appearance({ children }: { children: ReactNode }) {
  const { locale, theme } = usePreferences();
  return (
    <ConfigProvider
      locale={locale === "zh" ? CHINESE : undefined}
      csp={{ nonce: nonce() }}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
      theme={{
        algorithm: theme === "dark" ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
        token: {
          ...TOKENS[theme],
          borderRadius: 6,
          controlHeightSM: 28,
          fontSize: 14,
          fontFamily: "var(--sans)",
          motionDurationMid: "0.1s",
          motionDurationSlow: "0.12s",
          colorError: theme === "dark" ? "#ff8f87" : "#b3261e",
        },
        components: { Button: theme === "dark" ? { primaryColor: "#0c1420" } : {} },
      }}
    >
      {children}
    </ConfigProvider>
  );
}
