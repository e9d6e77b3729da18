// The search of the bar: words go to the alert queue, a query of the event store to the hunt.

import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { Icon } from "../components/icons";
import { useKeys } from "./keys";
import { useText } from "./preferences";
import { useMay } from "./session";

/** The field in the bar; `/` puts the cursor there. */
export function GlobalSearch() {
  const t = useText();
  const may = useMay();
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const enabled = may("event.search") || may("alert.read");
  useKeys([{ key: "/", label: "key.search", run: () => field.current?.focus() }], { enabled });
  if (!enabled) return <span />;
  const submit = () => {
    const isQuery = text.includes(":") && may("event.search");
    const page = isQuery ? "/search" : "/alerts";
    navigate(`${page}?q=${encodeURIComponent(text.trim())}`);
    field.current?.blur();
  };
  return (
    <form
      className="bar-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Icon name="search" size={16} />
      <input
        ref={field}
        type="search"
        value={text}
        placeholder={t("search.global")}
        aria-label={t("search.global")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") field.current?.blur();
        }}
      />
      <kbd>/</kbd>
    </form>
  );
}
