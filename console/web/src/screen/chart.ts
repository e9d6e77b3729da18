// The part of ECharts that the screen uses. Canvas and no tooltip: both keep the content security policy strict.

import { BarChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

register([BarChart, GridComponent, CanvasRenderer]);

/** Draws bars into an element, those that are expected hollow behind the others; the answer takes them away. */
export function drawBars(place: HTMLElement, labels: string[], counts: number[], expected: number[]): () => void {
  const chart = init(place);
  const text = { color: "#98a2b1", fontSize: 14 };
  chart.setOption({
    animation: false,
    grid: { left: 40, right: 8, top: 12, bottom: 24 },
    xAxis: { type: "category", data: labels, axisLabel: text, axisTick: { show: false }, axisLine: { lineStyle: { color: "#3d4755" } } },
    yAxis: { type: "value", minInterval: 1, splitNumber: 3, axisLabel: text, splitLine: { lineStyle: { color: "#2b333e" } } },
    series: [
      {
        type: "bar",
        data: [...counts, ...expected.map((value) => ({ value, itemStyle: { color: "transparent", borderColor: "#6ea5f2", borderType: "dashed" as const } }))],
        itemStyle: { color: "#6ea5f2" },
        barCategoryGap: "25%",
      },
    ],
  });
  const resize = new ResizeObserver(() => chart.resize());
  resize.observe(place);
  return () => {
    resize.disconnect();
    chart.dispose();
  };
}
