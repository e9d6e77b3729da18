import { describe, expect, it } from "vitest";
import { isByTheHour, stepsOf, type HourHits } from "./steps";

const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString();
const total = (counts: readonly { count: number }[]): number => counts.reduce((sum, one) => sum + one.count, 0);

describe("steps", () => {
  it("are none without hits", () => {
    expect(stepsOf([])).toEqual([]);
  });
  it("are hours over a few days, empty ones among them", () => {
    const hours = [
      { time: at(20, 3), count: 2 },
      { time: at(20, 6), count: 5 },
    ];
    expect(isByTheHour(hours)).toBe(true);
    expect(stepsOf(hours).map((step) => step.count)).toEqual([2, 0, 0, 5]);
  });
  it("are the reader's days over more", () => {
    const hours = [
      { time: at(1, 23), count: 1 },
      { time: at(2, 0), count: 2 },
      { time: at(2, 23), count: 3 },
      { time: at(9, 5), count: 4 },
    ];
    const steps = stepsOf(hours);
    expect(steps.map((step) => step.count)).toEqual([1, 5, 0, 0, 0, 0, 0, 0, 4]);
    expect(steps.map((step) => step.begin.getHours())).toEqual(steps.map(() => 0));
  });
  it("are never too many, and lose no hit", () => {
    const hours: HourHits[] = Array.from({ length: 1_500 }, (_, day) => ({ time: at(1 + day, 12), count: 1 }));
    const steps = stepsOf(hours);
    expect(steps.length).toBeLessThanOrEqual(201);
    expect(total(steps)).toBe(1_500);
  });
});
