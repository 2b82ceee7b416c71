/** Stacked bars on a canvas, by Chart.js. Loaded after the first paint. */

import { BarController, BarElement, CategoryScale, Chart, LinearScale } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale);

export interface Bars {
  labels: string[];
  stacks: { values: number[]; color: string }[];
  axisText: (value: number) => string;
}

export interface Colors {
  text: string;
  grid: string;
  mark: string;
}

export interface StackedBars {
  draw: (bars: Bars, colors: Colors) => void;
  /** Marks a bucket; null none. */
  mark: (bucket: number | null) => void;
  /** Where a bucket's middle is, in CSS pixels from the canvas's left edge. */
  middleOf: (bucket: number) => number;
  destroy: () => void;
}

/** Draws on a canvas, and says which bucket the pointer is over. */
export function stackedBars(
  canvas: HTMLCanvasElement,
  onPoint: (bucket: number | null) => void,
): StackedBars {
  let marked: number | null = null;
  let markColor = "";
  const chart = new Chart<"bar">(canvas, {
    type: "bar",
    data: { labels: [], datasets: [] },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      events: ["mousemove", "mouseout", "click", "touchstart"],
      onHover: (_event, elements) => onPoint(elements[0]?.index ?? null),
      interaction: { mode: "index", intersect: false, axis: "x" },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          ticks: { maxRotation: 0, autoSkipPadding: 14 },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          grid: { drawTicks: false },
          ticks: { maxTicksLimit: 6, padding: 8 },
        },
      },
    },
    plugins: [
      {
        id: "mark",
        beforeDatasetsDraw: ({ ctx, chartArea, scales: { x } }) => {
          if (marked === null || !x) return;
          const width = chartArea.width / Math.max(1, chart.data.labels?.length ?? 1);
          ctx.save();
          ctx.fillStyle = markColor;
          ctx.fillRect(
            x.getPixelForValue(marked) - width / 2,
            chartArea.top,
            width,
            chartArea.height,
          );
          ctx.restore();
        },
      },
      {
        id: "leave",
        afterEvent: (_chart, { event }) => {
          if (event.type === "mouseout") onPoint(null);
        },
      },
    ],
  });
  return {
    draw({ labels, stacks, axisText }, { text, grid, mark }) {
      markColor = mark;
      chart.data = {
        labels,
        datasets: stacks.map(({ values, color }) => ({
          data: values,
          backgroundColor: color,
          categoryPercentage: labels.length > 120 ? 1 : 0.9,
          barPercentage: labels.length > 120 ? 1 : 0.92,
        })),
      };
      const { x, y } = chart.options.scales ?? {};
      Object.assign(x?.ticks ?? {}, { color: text });
      Object.assign(y?.ticks ?? {}, { color: text, callback: (value: number) => axisText(value) });
      Object.assign(y?.grid ?? {}, { color: grid });
      chart.update();
    },
    mark(bucket) {
      if (bucket === marked) return;
      marked = bucket;
      chart.draw();
    },
    middleOf: (bucket) => chart.scales.x?.getPixelForValue(bucket) ?? 0,
    destroy: () => chart.destroy(),
  };
}
