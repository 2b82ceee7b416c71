import { useMemo, useState } from "preact/hooks";
import type { Granularity, Period, Usage } from "../contract";
import { dayOf, formatInstant, formatInterval, knownZone, offsetOf } from "../format";
import { GRANULARITIES, PERIODS, type Timeframe, type UsageView } from "../view";
import type { Loading } from "./useUsage";

const OFFERED: Period[] = [
  "last_7_days",
  "last_30_days",
  "last_90_days",
  "this_month",
  "previous_month",
];

interface Props {
  view: UsageView;
  usage: Usage | null;
  loading: Loading;
  change: (changed: Partial<UsageView>) => void;
}

/** The one timeframe of charts and export, and the time zone that its days are counted in. */
export function TimeframeBar({ view, usage, loading, change }: Props) {
  const { timeframe, timezone } = view;
  const [isEditing, setEditing] = useState(false);
  const isCustom = isEditing || !("period" in timeframe);
  const offered =
    "period" in timeframe && !OFFERED.includes(timeframe.period)
      ? [...OFFERED, timeframe.period]
      : OFFERED;
  const choose = (chosen: Timeframe) => {
    setEditing(false);
    change({ timeframe: chosen });
  };
  return (
    <section class="timeframe" aria-labelledby="timeframe-title">
      <div class="title">
        <h1 id="timeframe-title">Usage and cost</h1>
        <p class="hint" role="status">
          {statusText(loading, usage)}
        </p>
      </div>
      <fieldset class="segments">
        <legend class="sr">Timeframe</legend>
        {offered.map((period) => (
          <label key={period}>
            <input
              type="radio"
              name="period"
              checked={!isCustom && "period" in timeframe && timeframe.period === period}
              onChange={() => choose({ period })}
            />
            <span>{PERIODS[period]}</span>
          </label>
        ))}
        <label>
          <input type="radio" name="period" checked={isCustom} onChange={() => setEditing(true)} />
          <span>Custom range</span>
        </label>
      </fieldset>
      <div class="settings">
        <Zone timezone={timezone} onChange={(zone) => change({ timezone: zone })} />
        <label>
          Show by
          <select
            value={view.granularity ?? ""}
            onChange={({ currentTarget }) =>
              change({ granularity: (currentTarget.value || null) as Granularity | null })
            }
          >
            <option value="">
              Auto{usage && !view.granularity ? ` (${usage.granularity})` : ""}
            </option>
            {GRANULARITIES.map((granularity) => (
              <option key={granularity} value={granularity}>
                {granularity}
              </option>
            ))}
          </select>
        </label>
      </div>
      {isCustom && (
        <Range timeframe={timeframe} usage={usage} timezone={timezone} choose={choose} />
      )}
    </section>
  );
}

function statusText(loading: Loading, usage: Usage | null): string {
  switch (loading) {
    case "asked":
      return "Loading usage…";
    case "counting":
      return "Still counting: a timeframe with this many calls takes a little longer.";
    case "no":
      if (!usage) return "";
      return `${formatInterval(usage.timeframe, usage.timezone)} · complete up to ${formatInstant(usage.data_through, usage.timezone)}`;
  }
}

interface RangeProps {
  timeframe: Timeframe;
  usage: Usage | null;
  timezone: string;
  choose: (timeframe: Timeframe) => void;
}

/** Whole days, the last one included. */
function Range({ timeframe, usage, timezone, choose }: RangeProps) {
  const today = dayOf(new Date(), timezone);
  const shown = usage?.timeframe ?? {
    start: new Date().toISOString(),
    end: new Date().toISOString(),
  };
  const given = "period" in timeframe ? null : timeframe;
  const [start, setStart] = useState(dayIn(given?.start) ?? dayOf(new Date(shown.start), timezone));
  const [end, setEnd] = useState(
    dayIn(given?.end) ?? dayOf(new Date(new Date(shown.end).getTime() - 1), timezone),
  );
  const isBackwards = start !== "" && end !== "" && end < start;
  return (
    <form
      class="range"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBackwards) choose({ start, end });
      }}
    >
      <label>
        From
        <input
          type="date"
          required
          max={today}
          value={start}
          onInput={({ currentTarget }) => setStart(currentTarget.value)}
        />
      </label>
      <label>
        To
        <input
          type="date"
          required
          max={today}
          value={end}
          aria-invalid={isBackwards}
          aria-describedby="range-hint"
          onInput={({ currentTarget }) => setEnd(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={isBackwards}>
        Apply
      </button>
      <span id="range-hint" class={isBackwards ? "hint bad" : "hint"}>
        {isBackwards
          ? "The last day is before the first."
          : `Whole days in ${timezone}, both included.`}
      </span>
    </form>
  );
}

/** The day in a date of the calendar; null for an instant, whose day depends on the time zone. */
function dayIn(text: string | undefined): string | null {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) ? text : null;
}

function Zone({ timezone, onChange }: { timezone: string; onChange: (zone: string) => void }) {
  const zones = useMemo(() => ["UTC", ...Intl.supportedValuesOf("timeZone")], []);
  const offset = knownZone(timezone) === timezone ? ` (${offsetOf(timezone, new Date())})` : "";
  return (
    <label>
      Time zone
      <select value={timezone} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value={timezone}>
          {timezone}
          {offset}
        </option>
        {zones
          .filter((zone) => zone !== timezone)
          .map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
      </select>
    </label>
  );
}
