import { useEffect, useState } from "preact/hooks";
import { type Api, type ApiError, asApiError, NotAdminError } from "../api";
import type { Usage } from "../contract";
import { SignedOutError } from "../session";

export type Loading = "no" | "asked" | "counting";

export interface UsageState {
  /** The latest there is; while another timeframe loads, still the one before. */
  usage: Usage | null;
  /** What `usage` answers. */
  query: string | null;
  loading: Loading;
  error: ApiError | null;
  /** When it was last asked for; asking again gives another. */
  ask: () => void;
}

/** The usage that a query asks for. */
export function useUsage(
  api: Api,
  query: string,
  onAccessLost: (error: unknown) => void,
): UsageState {
  const [found, setFound] = useState<Omit<UsageState, "ask">>({
    usage: null,
    query: null,
    loading: "asked",
    error: null,
  });
  const [times, setTimes] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `times` asks the same again
  useEffect(() => {
    const asking = new AbortController();
    setFound((before) => ({ ...before, loading: "asked", error: null }));
    api
      .usage(query, asking.signal, () => setFound((before) => ({ ...before, loading: "counting" })))
      .then((usage) => setFound({ usage, query, loading: "no", error: null }))
      .catch((error: unknown) => {
        if (asking.signal.aborted) return;
        if (error instanceof SignedOutError || error instanceof NotAdminError) onAccessLost(error);
        else setFound((before) => ({ ...before, loading: "no", error: asApiError(error) }));
      });
    return () => asking.abort();
  }, [api, query, times, onAccessLost]);
  return { ...found, ask: () => setTimes((before) => before + 1) };
}
