import type { ApiError } from "./api";

/** What went wrong and what to do, with the fields at fault and a way to try again. */
export function Problem({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  const fields = error.problem?.errors ?? [];
  return (
    <div class="notice error" role="alert">
      <strong>{error.title}</strong>
      {fields.length > 0 ? (
        <ul>
          {fields.map(({ field, message }) => (
            <li key={field}>
              <b>{FIELDS[field] ?? field}</b> {message}.
            </li>
          ))}
        </ul>
      ) : (
        <p>{error.detail}</p>
      )}
      {onRetry && fields.length === 0 && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

const FIELDS: Record<string, string> = {
  start: "The start",
  end: "The end",
  period: "The timeframe",
  timezone: "The time zone",
};
