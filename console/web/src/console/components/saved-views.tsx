// Views of a list that a person keeps, and those that colleagues share.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Input } from "antd";
import { useState } from "react";
import { useLocation } from "wouter";
import * as calls from "../../api/calls";
import type { ViewRow } from "../../api/types";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { Popup } from "./popup";
import { Outside } from "./values";

interface SavedViewsProps {
  kind: "alerts" | "events";
  /** Page the views belong to. */
  path: string;
  /** What stands behind `?` now. */
  search: string;
  label: string;
}

/** A menu of saved views with a field to keep the present one. */
export function SavedViews({ kind, path, search, label }: SavedViewsProps) {
  const may = useMay();
  if (!may("view.use")) return null;
  return (
    <Popup kind="dialog" className="button button-small" testid="saved-views" label={label} button={label}>
      {(close) => <Menu kind={kind} path={path} search={search} onOpen={close} />}
    </Popup>
  );
}

function Menu({ kind, path, search, onOpen }: Omit<SavedViewsProps, "label"> & { onOpen: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const query = useQuery({ queryKey: ["views", kind], queryFn: () => calls.views.list(kind) });
  const refresh = () => void client.invalidateQueries({ queryKey: ["views", kind] });
  const save = useMutation({
    mutationFn: () => calls.views.save({ kind, name: name.trim(), search, shared }),
    onSuccess: () => {
      setName("");
      refresh();
    },
    onError: notices.failed,
  });
  const remove = useMutation({ mutationFn: calls.views.remove, onSuccess: refresh, onError: notices.failed });
  const items = query.data?.items ?? [];
  return (
    <div className="menu-card">
      {items.length === 0 && <p className="quiet">{t("views.none")}</p>}
      {items.map((view) => (
        <Line key={view.id} view={view} path={path} onOpen={onOpen} onRemove={() => remove.mutate(view.id)} />
      ))}
      <Input.Search
        size="small"
        value={name}
        placeholder={t("views.name")}
        aria-label={t("views.name")}
        enterButton={t("save")}
        loading={save.isPending}
        onChange={(event) => setName(event.target.value)}
        onSearch={() => name.trim() && save.mutate()}
      />
      <Checkbox className="menu-check" checked={shared} onChange={(event) => setShared(event.target.checked)}>
        {t("views.share")}
      </Checkbox>
    </div>
  );
}

function Line({ view, path, onOpen, onRemove }: { view: ViewRow; path: string; onOpen: () => void; onRemove: () => void }) {
  const t = useText();
  const [, navigate] = useLocation();
  const open = () => {
    navigate(`${path}?${view.search}`);
    onOpen();
  };
  return (
    <div className="menu-line">
      <button type="button" className="link" onClick={open}>
        <Outside text={view.name} />
      </button>
      {view.own ? (
        <button type="button" className="link quiet" onClick={onRemove}>
          {t("delete")}
        </button>
      ) : (
        <span className="quiet">
          <Outside text={view.owner} />
        </span>
      )}
    </div>
  );
}
