// A row of bars as high as a line of text.

/** Seven bars, oldest first. */
export function Spark({ counts }: { counts: readonly number[] }) {
  const top = Math.max(1, ...counts);
  return (
    <svg className="spark" viewBox={`0 0 ${counts.length} 1`} preserveAspectRatio="none" role="img" aria-label={counts.join(", ")}>
      {counts.map((count, index) => (
        <rect key={index} x={index + 0.1} width={0.8} y={1 - count / top} height={count / top} fill="var(--accent)" />
      ))}
    </svg>
  );
}
