// Line icons of the interface, 20 px square, drawn for this product. They never stand without a word or a label.

const PATHS = {
  desk: "M3 4h6v5H3zM11 4h6v8h-6zM3 11h6v5H3zM11 14h6v2h-6z",
  alert: "M10 3 2.500 16.500h15zM10 8v4M10 14.200v.3",
  incident: "M4 3h9l3 3v11H4zM7 9h6M7 12h6M7 6h3",
  task: "M4 4h12v13H4zM7 3v2M13 3v2M7 11l2 2 4-4",
  rule: "M10 2.500 16 5v5c0 4-2.500 6-6 7.500C6.500 16 4 14 4 10V5zM7.500 10l2 2 3.500-4",
  search: "M9 3.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M13 13l4 4",
  asset: "M3 4h14v5H3zM3 11h14v5H3zM6 6.500h.1M6 13.500h.1",
  data: "M10 3c4 0 6 1 6 2.500S14 8 10 8 4 7 4 5.500 6 3 10 3M4 5.500v9C4 16 6 17 10 17s6-1 6-2.500v-9M4 10c0 1.500 2 2.500 6 2.500s6-1 6-2.500",
  posture: "M3 16V9M8 16V4M13 16v-5M18 16H2",
  system: "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6M10 2v3M10 15v3M2 10h3M15 10h3M4.500 4.500l2 2M13.500 13.500l2 2M4.500 15.500l2-2M13.500 6.500l2-2",
  supervision: "M5 4h10v13H5zM8 2.500h4v3H8zM7.500 11l2 2 3.500-4",
  audit: "M5 3h10v14l-5-3-5 3zM8 7h4M8 10h4",
  book: "M10 5c-1.500-1-3.500-1.500-7-1.500V15c3.500 0 5.500.5 7 1.500 1.500-1 3.500-1.500 7-1.500V3.500c-3.500 0-5.500.5-7 1.500zM10 5v11.500",
  fold: "M12 5 7 10l5 5",
  unfold: "M8 5l5 5-5 5",
  close: "M5 5l10 10M15 5 5 15",
  copy: "M7 7h9v9H7zM4 13V4h9",
  down: "M10 3v10M6 9.500l4 4 4-4M4 17h12",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M10 2v2M10 16v2M2 10h2M16 10h2",
  moon: "M16 12A7 7 0 0 1 8 4a6.500 6.500 0 1 0 8 8z",
  more: "M5 10h.1M10 10h.1M15 10h.1",
  bell: "M5 8.500a5 5 0 0 1 10 0V12l1.500 2.500h-13L5 12zM8 17h4",
  check: "M4 10.500l4 4 8-9",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6v4l3 2",
  send: "M3 10 17 4l-4 13-3-5z",
} as const;

/** Name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon in the colour of the text around it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
