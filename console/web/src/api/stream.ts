// The stream of changes: the server says what changed, the pages ask again. Never carries content.

/** What kind of object changed. */
export type ChangeKind = "alert" | "incident" | "task" | "finding" | "sensor" | "clock" | "warning" | "regulation" | "evidence";

/** One change. */
export interface Change {
  kind: ChangeKind;
  id: string;
  revision: number;
  severity?: string | null;
}

/** Whether the stream is up. */
export type StreamState = "connecting" | "open" | "lost";

/** Follows the stream until the returned function is called; the browser resumes after a break by itself. */
export function follow(onChange: (change: Change) => void, onState: (state: StreamState) => void): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;
  const open = () => {
    source = new EventSource("/api/v1/stream");
    source.addEventListener("open", () => onState("open"));
    source.addEventListener("change", (event) => receive(event, onChange));
    source.addEventListener("error", () => {
      onState("lost");
      // A refused stream is closed for good by the browser, so it is opened anew.
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, 5000);
    });
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}

function receive(event: Event, onChange: (change: Change) => void): void {
  try {
    onChange(JSON.parse((event as MessageEvent<string>).data) as Change);
  } catch {
    // A line that is no change is left out; the next fetch brings the truth.
  }
}
