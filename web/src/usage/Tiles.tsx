import type { UsageTotals } from "../contract";
import { counted, formatCompact, formatCount, formatMilliseconds } from "../format";
import { formatExactUsd, formatUsd } from "../money";

export function Tiles({ totals }: { totals: UsageTotals }) {
  const { p50, p95, p99 } = totals.completion_time_ms;
  return (
    <dl class="tiles">
      <div>
        <dt>Cost</dt>
        <dd title={formatExactUsd(totals.cost_usd)} data-exact={totals.cost_usd}>
          {formatUsd(totals.cost_usd)}
        </dd>
        {totals.unpriced_calls > 0 && (
          <dd class="hint">without {counted(totals.unpriced_calls, "call")} that have no price</dd>
        )}
      </div>
      <div>
        <dt>Calls</dt>
        <dd>{formatCount(totals.calls)}</dd>
      </div>
      <div>
        <dt>Input tokens</dt>
        <dd title={formatCount(totals.input_tokens)}>{formatCompact(totals.input_tokens)}</dd>
      </div>
      <div>
        <dt>Output tokens</dt>
        <dd title={formatCount(totals.output_tokens)}>{formatCompact(totals.output_tokens)}</dd>
      </div>
      <div>
        <dt>Median completion time</dt>
        <dd>{formatMilliseconds(p50)}</dd>
        <dd class="hint">
          <span>p95 {formatMilliseconds(p95)}</span> <span>p99 {formatMilliseconds(p99)}</span>
        </dd>
      </div>
    </dl>
  );
}
