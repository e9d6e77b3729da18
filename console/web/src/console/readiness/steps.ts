// The steps of a plan as people write them: a line each, `phase | what is done | who does it`.

import type { PlanStep } from "../../api/readiness";

const PARTS = /\s*[|｜]\s*/;

/** The steps of a text; a line that names no phase or nobody takes those of the line before. */
export function stepsOf(text: string): PlanStep[] {
  const steps: PlanStep[] = [];
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const parts = line.trim().split(PARTS);
    const before = steps.at(-1);
    const [phase, what, who] = parts.length === 1 ? ["", parts[0], ""] : parts;
    steps.push({ phase: phase || before?.phase || "", text: what ?? "", who: who || before?.who || "" });
  }
  return steps;
}

/** The text of some steps. */
export const textOf = (steps: readonly PlanStep[]): string => steps.map(({ phase, text, who }) => `${phase} | ${text} | ${who}`).join("\n");

/** The number of the first line that lacks a part; 0 when there is none. */
export const lacking = (steps: readonly PlanStep[]): number => steps.findIndex(({ phase, text, who }) => !phase || !text || !who) + 1;

/** Steps in groups of the same phase, in order. */
export function byPhase<S extends { phase: string }>(steps: readonly S[]): { phase: string; steps: S[] }[] {
  const groups: { phase: string; steps: S[] }[] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.phase === step.phase) last.steps.push(step);
    else groups.push({ phase: step.phase, steps: [step] });
  }
  return groups;
}
