import { useEffect, useState } from "preact/hooks";
import { type Api, type ApiError, asApiError } from "../api";
import type { Estimate, ExportRequest } from "../contract";

/** The share of the row limit from which the exact count is asked for. */
const NEAR = 0.9;

export type Fit =
  | { is: "fits" }
  | { is: "unknown" }
  | { is: "over"; estimate: Estimate }
  | { is: "failed"; error: ApiError };

/** Whether an export would fit; far from the limit the count of calls is enough to know. */
export function useFit(
  api: Api,
  request: ExportRequest | null,
  calls: number,
  rowLimit: number,
): Fit {
  const [fit, setFit] = useState<Fit>({ is: "unknown" });
  const isFar = calls < rowLimit * NEAR;
  useEffect(() => {
    if (!request) return;
    if (isFar) {
      setFit({ is: "fits" });
      return;
    }
    setFit({ is: "unknown" });
    const asking = new AbortController();
    api
      .estimate(request, asking.signal)
      .then((estimate) => setFit(estimate.fits ? { is: "fits" } : { is: "over", estimate }))
      .catch((error: unknown) => {
        if (!asking.signal.aborted) setFit({ is: "failed", error: asApiError(error) });
      });
    return () => asking.abort();
  }, [api, request, isFar]);
  return fit;
}
