import type { UsageRow } from "../contract";
import { counted, formatMilliseconds } from "../format";

const MOST = 8;

/** How long completions take, for the models with most calls. */
export function Latency({ rows }: { rows: UsageRow[] }) {
  const models = rows
    .filter(({ id, completion_time_ms }) => id !== null && completion_time_ms.p95 !== null)
    .sort((one, other) => other.calls - one.calls)
    .slice(0, MOST);
  const longest = Math.max(
    ...models.map(({ completion_time_ms }) => completion_time_ms.p95 ?? 0),
    1,
  );
  return (
    <section class="card latency" aria-labelledby="latency-title">
      <header>
        <h2 id="latency-title">Completion time by model</h2>
        <p class="key" aria-hidden="true">
          <i class="p50" /> p50 <i class="p95" /> p95
        </p>
      </header>
      {models.length === 0 ? (
        <p class="hint">No call in this timeframe has a completion time.</p>
      ) : (
        <table>
          <thead class="sr">
            <tr>
              <th scope="col">Model</th>
              <th scope="col">p50</th>
              <th scope="col">p95</th>
            </tr>
          </thead>
          <tbody>
            {models.map(({ id, name, calls, completion_time_ms: { p50, p95 } }) => (
              <tr key={id} title={counted(calls, "call")}>
                <th scope="row">{name}</th>
                <td class="number">{formatMilliseconds(p50)}</td>
                <td class="number">{formatMilliseconds(p95)}</td>
                <td class="track" aria-hidden="true">
                  <i class="p95" style={{ width: `${((p95 ?? 0) / longest) * 100}%` }} />
                  <i class="p50" style={{ width: `${((p50 ?? 0) / longest) * 100}%` }} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
