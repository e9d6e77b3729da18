// Channels of notifications (通知渠道): by which ways people are told of what, and what became of each message.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { channels, type ChannelRow } from "../../api/channels";
import { PageHead, Segments } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { useMay } from "../core/session";
import { ChannelCard } from "./card";
import { ChannelDialog } from "./channel-dialog";
import { MessageLog } from "./log";
import { useChannelTexts } from "./text";
import "../../styles/channels.css";

const TABS = ["channels", "log"] as const;
/** How often the counts are read anew, in milliseconds. */
const REFRESH = 10_000;

/** The page. */
export function ChannelsPage() {
  const c = useChannelTexts();
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const [editing, setEditing] = useState<ChannelRow | "new" | null>(null);
  const tab = TABS.find((name) => name === search.get("tab")) ?? "channels";
  const query = useQuery({ queryKey: ["channels"], queryFn: channels.list, refetchInterval: REFRESH });
  return (
    <div className="page page-full">
      <PageHead title={c("title")} note={c("note")}>
        <Segments
          label={c("title")}
          value={tab}
          options={TABS.map((value) => ({ value, label: c(`tab.${value}`) }))}
          onChange={(next) => setSearch({ tab: next }, { replace: true })}
        />
        {tab === "channels" && may("channel.write") && (
          <Button type="primary" size="small" onClick={() => setEditing("new")} data-testid="channel-new">
            {c("new")}
          </Button>
        )}
      </PageHead>
      {tab === "log" ? (
        <MessageLog />
      ) : (
        <Answer query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={c("empty")} hint={c("empty.hint")} />
            ) : (
              <div className="channels" data-testid="channels">
                {items.map((row) => (
                  <ChannelCard key={row.id} row={row} onEdit={() => setEditing(row)} />
                ))}
              </div>
            )
          }
        </Answer>
      )}
      {editing && <ChannelDialog row={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </div>
  );
}
