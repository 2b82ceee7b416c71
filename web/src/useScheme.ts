import { useEffect, useState } from "preact/hooks";

/** `dark` or `light`, as the system is set; canvases are drawn anew when it changes. */
export function useScheme(): "dark" | "light" {
  const [isDark, setDark] = useState(query().matches);
  useEffect(() => {
    const scheme = query();
    const follow = () => setDark(scheme.matches);
    scheme.addEventListener("change", follow);
    return () => scheme.removeEventListener("change", follow);
  }, []);
  return isDark ? "dark" : "light";
}

const query = () => window.matchMedia("(prefers-color-scheme: dark)");
