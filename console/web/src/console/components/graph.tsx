// A small graph on a ring around its centre: who is connected with whom. Every node is a button with its name in full.

/** One node; the first is the centre when its tone says so. */
export interface GraphNode {
  id: string;
  label: string;
  tone: string;
}

/** A connection; the weight decides how thick it is. */
export interface GraphEdge {
  from: string;
  to: string;
  weight: number;
}

interface GraphProps {
  label: string;
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  onChoose?: (id: string) => void;
}

const WIDTH = 720;
const HEIGHT = 340;
const LABEL = 22;

function placed(nodes: readonly GraphNode[]) {
  const around = nodes.filter((node) => node.tone !== "centre");
  return new Map(
    nodes.map((node) => {
      if (node.tone === "centre") return [node.id, { ...node, x: WIDTH / 2, y: HEIGHT / 2 }];
      const angle = (2 * Math.PI * around.indexOf(node)) / around.length - Math.PI / 2;
      return [node.id, { ...node, x: WIDTH / 2 + 230 * Math.cos(angle), y: HEIGHT / 2 + 128 * Math.sin(angle) }];
    }),
  );
}

const shown = (label: string): string => (label.length > LABEL ? `${label.slice(0, LABEL - 8)}…${label.slice(-6)}` : label);

/** The graph. */
export function Graph({ label, nodes, edges, onChoose }: GraphProps) {
  const places = placed(nodes);
  const top = Math.max(1, ...edges.map((edge) => edge.weight));
  return (
    <svg className="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={label}>
      {edges.map((edge) => {
        const [from, to] = [places.get(edge.from), places.get(edge.to)];
        if (!from || !to) return null;
        return (
          <line
            key={`${edge.from} ${edge.to}`}
            x1={from.x}
            y1={from.y}
            x2={to.x}
            y2={to.y}
            stroke="var(--line-2)"
            strokeWidth={1 + (3 * Math.log1p(edge.weight)) / Math.log1p(top)}
          />
        );
      })}
      {[...places.values()].map((node) => (
        <g
          key={node.id}
          transform={`translate(${node.x} ${node.y})`}
          className={onChoose && node.tone !== "centre" ? "graph-node graph-choosable" : "graph-node"}
          role={onChoose && node.tone !== "centre" ? "button" : undefined}
          tabIndex={onChoose && node.tone !== "centre" ? 0 : undefined}
          aria-label={node.label}
          onClick={() => onChoose?.(node.id)}
          onKeyDown={(event) => event.key === "Enter" && onChoose?.(node.id)}
        >
          <title>{node.label}</title>
          <circle r={node.tone === "centre" ? 11 : 7} fill={node.tone === "centre" ? "var(--accent)" : `var(--${node.tone}, var(--info))`} />
          <text y={node.tone === "centre" ? 28 : node.y < HEIGHT / 2 ? -13 : 22} textAnchor="middle">
            {shown(node.label)}
          </text>
        </g>
      ))}
    </svg>
  );
}
