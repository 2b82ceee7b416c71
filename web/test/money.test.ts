import { expect, test } from "vitest";
import { addUsd, formatExactUsd, formatUsd } from "../src/money";

test("sums are exact, where numbers would not be", () => {
  expect(addUsd(["0.1", "0.2"])).toBe("0.3");
  expect(addUsd(["12345678901234567890.000000000001", "0.000000000009"])).toBe(
    "12345678901234567890.00000000001",
  );
  expect(addUsd(["1.5", "1.5"])).toBe("3");
  expect(addUsd([])).toBe("0");
});

test.each([
  ["0", "$0.00"],
  ["0.01325", "$0.01"],
  ["0.005", "$0.0050"],
  ["0.0034567", "$0.0035"],
  ["0.000001", "$0.0000010"],
  ["0.995", "$1.00"],
  ["1.005", "$1.01"],
  ["999.995", "$1,000.00"],
  ["1234567.891", "$1,234,567.89"],
  ["12345678901234567890.125", "$12,345,678,901,234,567,890.13"],
])("%s is shown as %s", (amount, shown) => {
  expect(formatUsd(amount)).toBe(shown);
});

test("an exact amount keeps every digit", () => {
  expect(formatExactUsd("1234567.000000000001")).toBe("$1,234,567.000000000001");
  expect(formatExactUsd("0.01325")).toBe("$0.01325");
});
