// An event: its closed line, and what it says when it is opened.

import type { EventDocument } from "../../api/documents";
import { Outside, Time } from "../components/values";

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Fields that say most, for the closed line of an event. */
const LINE_FIELDS = ["http.request.method", "url.original", "dns.question.name", "tls.server_name", "user.name", "file.name"];

/** A line that opens. */
export function EventLine({ event }: { event: EventDocument }) {
  const { fields } = event;
  const route = [fields["source.ip"], fields["destination.ip"]].filter((end) => end !== undefined).map(text);
  const said = LINE_FIELDS.filter((name) => fields[name] !== undefined).map((name) => text(fields[name]));
  return (
    <details className="event">
      <summary>
        <Time at={event.time} />
        <span className="quiet">{text(fields["event.dataset"] ?? event.source.source)}</span>
        <span className="mono">{route.join(" → ")}</span>
        <span className="line-title">
          <Outside text={said.join(" ")} />
        </span>
      </summary>
      <EventBody event={event} />
    </details>
  );
}

/** Its fields and its record. */
export function EventBody({ event }: { event: EventDocument }) {
  return (
    <>
      <dl className="event-fields">
        {Object.entries(event.fields).map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">
              <Outside text={text(value)} />
            </dd>
          </div>
        ))}
      </dl>
      <pre className="block" tabIndex={0}>
        <Outside text={typeof event.original === "string" ? event.original : JSON.stringify(event.original, null, 2)} />
      </pre>
    </>
  );
}
