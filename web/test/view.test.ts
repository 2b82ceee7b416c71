import { expect, test } from "vitest";
import { exportRequest, hashOf, type UsageView, usageQuery, viewOf } from "../src/view";

const DEFAULT: UsageView = {
  page: "usage",
  timeframe: { period: "last_30_days" },
  timezone: "Europe/Berlin",
  granularity: null,
  metric: "cost",
  by: "models",
  filters: {},
};

test("an address that says nothing is the last 30 days in the browser's own time zone", () => {
  for (const hash of ["", "#", "#/", "#/nonsense"]) {
    expect(viewOf(hash, "Europe/Berlin")).toEqual(DEFAULT);
  }
});

test("the address of a view means the same view wherever it is opened", () => {
  const view: UsageView = {
    page: "usage",
    timeframe: { start: "2026-01-01", end: "2026-01-31" },
    timezone: "America/St_Johns",
    granularity: "week",
    metric: "tokens",
    by: "api_keys",
    filters: { models: ["a,b", "c&d=e"], providers: ["@cf/é"] },
  };
  expect(viewOf(hashOf(view), "UTC")).toEqual(view);
  expect(viewOf(hashOf(DEFAULT), "UTC")).toEqual(DEFAULT);
});

test("what an address gets wrong is the default", () => {
  const hash = "#/?period=fortnight&metric=toString&by=constructor&granularity=year&models=";
  expect(viewOf(hash, "Europe/Berlin")).toEqual(DEFAULT);
});

test("half a range is no range", () => {
  expect(viewOf("#/?start=2026-01-01", "Europe/Berlin")).toEqual(DEFAULT);
});

test("an export has an address of its own, and nothing but an id is one", () => {
  expect(viewOf("#/exports/7ybqx012daw71rwybdmvksayfb", "UTC")).toEqual({
    page: "export",
    id: "7ybqx012daw71rwybdmvksayfb",
  });
  expect(hashOf({ page: "export", id: "7y" })).toBe("#/exports/7y");
  expect(viewOf("#/exports/../usage", "UTC").page).toBe("usage");
});

test("filters are repeated parameters, for values may hold commas", () => {
  const view = { ...DEFAULT, filters: { models: ["a,b", "c"] } };
  expect(usageQuery(view)).toBe(
    "period=last_30_days&timezone=Europe%2FBerlin&models=a%2Cb&models=c",
  );
});

test("how the charts are drawn is no part of what is asked", () => {
  expect(usageQuery({ ...DEFAULT, metric: "calls", by: "providers" })).toBe(usageQuery(DEFAULT));
});

test("an export asks for the interval of the charts, not for the period", () => {
  const interval = { start: "2026-01-01T00:00:00.000Z", end: "2026-01-31T09:35:00.000Z" };
  expect(exportRequest(interval, { timezone: "UTC", filters: { models: ["a"] } })).toEqual({
    ...interval,
    timezone: "UTC",
    models: ["a"],
  });
});
