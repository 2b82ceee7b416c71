/** Exact arithmetic on the API's decimal text; a number would lose digits. */

/** The sum, exactly: `0.1` and `0.2` give `0.3`. */
export function addUsd(amounts: Iterable<string>): string {
  let digits = 0;
  const parts = [...amounts].map((amount) => {
    const [whole = "0", fraction = ""] = amount.split(".");
    digits = Math.max(digits, fraction.length);
    return { whole, fraction };
  });
  const sum = parts.reduce(
    (total, { whole, fraction }) => total + BigInt(whole + fraction.padEnd(digits, "0")),
    0n,
  );
  return withPoint(sum, digits)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}

/**
 * For people: `$1,234.50`. Rounded half up to cents, or to two significant digits where cents
 * would show next to nothing.
 */
export function formatUsd(amount: string): string {
  const zeros = /^0*\.(00+)[1-9]/.exec(amount)?.[1]?.length ?? 0;
  return `$${grouped(round(amount, zeros + 2))}`;
}

/** Every digit there is, grouped: `$1,234.01325`. */
export function formatExactUsd(amount: string): string {
  return `$${grouped(amount)}`;
}

function round(amount: string, digits: number): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  const kept = BigInt(whole + fraction.slice(0, digits).padEnd(digits, "0"));
  const up = (fraction[digits] ?? "0") >= "5" ? 1n : 0n;
  return withPoint(kept + up, digits);
}

function withPoint(units: bigint, digits: number): string {
  if (digits === 0) return units.toString();
  const text = units.toString().padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function grouped(amount: string): string {
  const [whole = "0", fraction] = amount.split(".");
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? thousands : `${thousands}.${fraction}`;
}
