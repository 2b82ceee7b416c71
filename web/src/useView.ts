import { useCallback, useEffect, useState } from "preact/hooks";
import { hashOf, type View, viewOf } from "./view";

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const current = (): View => viewOf(window.location.hash, ownZone);

/** The view in the address, and a way to another; Back goes to the one before. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(current);
  useEffect(() => {
    const follow = () => {
      const found = current();
      // What was left to defaults is written out: a shared address must mean the same elsewhere.
      window.history.replaceState(null, "", hashOf(found));
      setView(found);
    };
    follow();
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  const show = useCallback((next: View) => {
    window.location.hash = hashOf(next);
  }, []);
  return [view, show];
}
