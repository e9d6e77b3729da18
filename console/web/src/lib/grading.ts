// What measures of an incident make of its grade. The thresholds are data with their source; "or more" includes the number
// itself. Only thresholds that the guide names in numbers are in it: below all of them the grade is a person's judgement.

import type { GradeWord } from "../api/types";
import guide from "./grading.json";

/** Grades from the least to the greatest. */
export const GRADE_ORDER: readonly GradeWord[] = ["general", "larger", "major", "extraordinarily_major"];

/** Names of what is measured. */
export const MEASURES: readonly string[] = guide.measures.map(({ name }) => name);

/** Where the thresholds are from. */
export const SOURCE = { zh: guide.source_zh, en: guide.source_en };

/** A threshold that was reached. */
export interface Reached {
  measure: string;
  value: number;
  least: number;
  grade: GradeWord;
}

/** The highest threshold each measure reaches, the gravest first; none for measures that reach none. */
export function reached(values: Readonly<Record<string, number | null>>): Reached[] {
  const found = guide.measures.flatMap(({ name, steps }) => {
    const value = values[name] ?? null;
    const step = value === null ? undefined : steps.filter(({ least }) => value >= least).at(-1);
    return step && value !== null ? [{ measure: name, value, least: step.least, grade: step.grade as GradeWord }] : [];
  });
  return found.sort((one, other) => GRADE_ORDER.indexOf(other.grade) - GRADE_ORDER.indexOf(one.grade));
}
