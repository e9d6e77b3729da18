// A plain table for lists of a few hundred rows: dense, headings stay, one row can be chosen by mouse or keyboard.

import { type ReactNode } from "react";
import { useKeys } from "../core/keys";

/** A column: heading, cell, and how it is set. */
export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ReactNode;
  width?: number | string;
  numeric?: boolean;
  /** Left out when the list stands beside a detail. */
  optional?: boolean;
}

function namesOf<T>(column: Column<T>): string {
  return [column.numeric ? "numeric" : "", column.optional ? "wide-only" : ""].join(" ").trim();
}

interface TableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  chosen?: string | null;
  onChoose?: (key: string) => void;
  testId?: string;
}

/** The table. With `onChoose`, `j`, `k` and Enter work as in the queue. */
export function Table<T>({ label, columns, rows, rowKey, chosen, onChoose, testId }: TableProps<T>) {
  const move = (step: number) => {
    const keys = rows.map(rowKey);
    const next = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(chosen ?? "") + step))];
    if (next !== undefined) onChoose?.(next);
  };
  useKeys(
    [
      { key: "j", label: "key.next", run: () => move(1) },
      { key: "k", label: "key.previous", run: () => move(-1) },
    ],
    { enabled: onChoose !== undefined },
  );
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table" data-testid={testId}>
        <Heading columns={columns} />
        <tbody>
          {rows.map((row) => (
            <Row key={rowKey(row)} row={row} id={rowKey(row)} columns={columns} chosen={chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading<T>({ columns }: { columns: readonly Column<T>[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.key} scope="col" className={namesOf(column) || undefined} style={{ width: column.width }}>
            {column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface RowProps<T> {
  row: T;
  id: string;
  columns: readonly Column<T>[];
  chosen: string | null | undefined;
  onChoose: ((key: string) => void) | undefined;
}

function Row<T>({ row, id, columns, chosen, onChoose }: RowProps<T>) {
  const choose = onChoose && (() => onChoose(id));
  return (
    <tr
      data-id={id}
      data-testid="row"
      className={[choose ? "choosable" : "", chosen === id ? "chosen" : ""].join(" ")}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) choose?.();
      }}
      tabIndex={choose ? 0 : undefined}
      aria-selected={choose ? chosen === id : undefined}
    >
      {columns.map((column) => (
        <td key={column.key} className={namesOf(column) || undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
