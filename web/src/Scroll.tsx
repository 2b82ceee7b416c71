import type { ComponentChildren } from "preact";

/** What is wider or longer than its place scrolls in it: by keyboard too, hence the tab stop. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a tab stop, keys could not scroll it
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
