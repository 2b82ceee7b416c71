import type { Filters, Usage } from "../contract";
import { FILTER_NAMES, type UsageView } from "../view";

const LABELS: Record<keyof Filters, string> = {
  api_key_ids: "API key",
  providers: "Provider",
  models: "Model",
  call_types: "Call type",
};

interface Props {
  view: UsageView;
  usage: Usage | null;
  change: (changed: Partial<UsageView>) => void;
}

/** The filters in force; each can be taken away. */
export function FilterChips({ view: { filters }, usage, change }: Props) {
  const chips = FILTER_NAMES.flatMap((name) =>
    (filters[name] ?? []).map((value) => ({ name, value })),
  );
  if (chips.length === 0) return null;
  const shown = (name: keyof Filters, value: string) =>
    (name === "api_key_ids" && usage?.tables.api_keys.find(({ id }) => id === value)?.name) ||
    value;
  return (
    <ul class="chips" aria-label="Filters">
      {chips.map(({ name, value }) => (
        <li key={name + value}>
          <button
            type="button"
            onClick={() => change({ filters: without(filters, name, value) })}
            aria-label={`Take away the filter ${LABELS[name]}: ${shown(name, value)}`}
          >
            {LABELS[name]}: <b>{shown(name, value)}</b> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <button type="button" class="quiet" onClick={() => change({ filters: {} })}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}

function without(filters: Filters, name: keyof Filters, value: string): Filters {
  const { [name]: values = [], ...others } = filters;
  const kept = values.filter((each) => each !== value);
  return kept.length > 0 ? { ...others, [name]: kept } : others;
}
