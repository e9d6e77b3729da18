import { describe, expect, it } from "vitest";
import guide from "./grading.json";
import { GRADE_ORDER, reached } from "./grading";

describe("grading", () => {
  it("takes the number itself as reached and one less as not", () => {
    expect(reached({ personal_records: 99.9 })).toEqual([]);
    expect(reached({ personal_records: 100 })).toEqual([{ measure: "personal_records", value: 100, least: 100, grade: "larger" }]);
    expect(reached({ personal_records: 999 })[0]?.grade).toBe("larger");
    expect(reached({ personal_records: 10_000 })[0]?.grade).toBe("extraordinarily_major");
  });
  it("names the gravest first and leaves out what is not known", () => {
    expect(reached({ personal_records: 1_000, whole_hours: 6, people: null }).map(({ measure }) => measure)).toEqual(["whole_hours", "personal_records"]);
  });
  it("has steps that rise with the grades", () => {
    for (const { steps } of guide.measures) {
      const places = steps.map(({ grade }) => GRADE_ORDER.findIndex((known) => known === grade));
      expect(places.every((place, index) => place > (places[index - 1] ?? 0))).toBe(true);
      expect(steps.every(({ least }, index) => least > (steps[index - 1]?.least ?? 0))).toBe(true);
    }
  });
});
