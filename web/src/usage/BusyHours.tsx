import { useState } from "preact/hooks";
import type { BusyHour } from "../contract";
import { counted, formatMilliseconds } from "../format";
import { Switch } from "../Switch";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const LEVELS = 8;
const MEASURES = { calls: "Calls", p95: "p95" } as const;

type Measure = keyof typeof MEASURES;

/** Hour by weekday: when calls come, and when they are slow. */
export function BusyHours({ hours, timezone }: { hours: BusyHour[]; timezone: string }) {
  const [measure, setMeasure] = useState<Measure>("calls");
  const [at, setAt] = useState({ weekday: 1, hour: 0 });
  const [isPointed, setPointed] = useState(false);
  const cells = new Map(hours.map((cell) => [`${cell.weekday} ${cell.hour}`, cell]));
  const most = Math.max(1, ...hours.map((cell) => measured(cell, measure)));
  const found = cells.get(`${at.weekday} ${at.hour}`);
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const weekday = Math.max(1, Math.min(7, at.weekday + step[0]));
    const hour = Math.max(0, Math.min(23, at.hour + step[1]));
    setAt({ weekday, hour });
    const table = event.currentTarget as HTMLElement;
    table.querySelector<HTMLElement>(`[data-cell="${weekday} ${hour}"]`)?.focus();
  };
  return (
    <section class="card busy-hours" aria-labelledby="busy-title">
      <header>
        <h2 id="busy-title">Busy hours</h2>
        <Switch
          label="Measure of busy hours"
          options={MEASURES}
          value={measure}
          onChange={setMeasure}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its cells take the arrow keys */}
      <table class="heat" role="grid" onKeyDown={move} aria-labelledby="busy-title">
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th key={hour} scope="col" class={hour % 6 === 0 ? "" : "between"}>
                <span class="sr">{time(hour)}</span>
                <span aria-hidden="true">{hour % 6 === 0 ? hour : ""}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {WEEKDAYS.map((name, index) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {HOURS.map((hour) => {
                const cell = cells.get(`${index + 1} ${hour}`);
                const isAt = at.weekday === index + 1 && at.hour === hour;
                const point = () => {
                  setAt({ weekday: index + 1, hour });
                  setPointed(true);
                };
                return (
                  <td
                    key={hour}
                    data-cell={`${index + 1} ${hour}`}
                    class={`heat-${levelOf(cell, measure, most)}`}
                    tabIndex={isAt ? 0 : -1}
                    onFocus={point}
                    onBlur={() => setPointed(false)}
                    onPointerEnter={point}
                    onPointerLeave={() => setPointed(false)}
                  >
                    <span class="sr">{cell ? textOf(cell, measure) : "none"}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {isPointed
          ? `${WEEKDAYS[at.weekday - 1]} ${time(at.hour)}–${time(at.hour + 1)}: ${found ? `${counted(found.calls, "call")}, p95 ${formatMilliseconds(found.completion_time_p95_ms)}` : "no calls"}`
          : `Hours of the week in ${timezone}; the stronger the color, the ${measure === "calls" ? "more calls" : "slower"}.`}
      </p>
    </section>
  );
}

const time = (hour: number): string => `${String(hour).padStart(2, "0")}:00`;

const measured = (cell: BusyHour, measure: Measure): number =>
  measure === "calls" ? cell.calls : (cell.completion_time_p95_ms ?? 0);

const textOf = (cell: BusyHour, measure: Measure): string =>
  measure === "calls"
    ? counted(cell.calls, "call")
    : formatMilliseconds(cell.completion_time_p95_ms);

/** 0 for nothing, then equal steps up to the busiest. */
function levelOf(cell: BusyHour | undefined, measure: Measure, most: number): number {
  const value = cell ? measured(cell, measure) : 0;
  return value === 0 ? 0 : Math.max(1, Math.ceil((value / most) * LEVELS));
}
