/** What can be offered where a timeframe has more rows than one file may: pure. */

import type { Suggestion } from "../contract";

export const MAX_FILES = 100; // of one export, as the API has it

export type Split =
  | { is: "possible"; files: number }
  | { is: "tooLong"; files: number }
  | { is: "crowded"; hours: Suggestion[] };

/** Whether the parts of a timeframe can be the files of one export. */
export function splitOf(parts: Suggestion[]): Split {
  const hours = parts.filter(({ fits }) => !fits);
  if (hours.length > 0) return { is: "crowded", hours };
  return { is: parts.length > MAX_FILES ? "tooLong" : "possible", files: parts.length };
}
