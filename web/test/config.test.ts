import { expect, test } from "vitest";
import { ConfigError, parseConfig } from "../src/config";

const GIVEN = {
  apiUrl: "https://api.example.com/",
  issuer: "https://id.example.com",
  clientId: "page",
};

test("an API address has no slash at its end, and a path is this origin", () => {
  expect(parseConfig(GIVEN).apiUrl).toBe("https://api.example.com");
  expect(parseConfig({ ...GIVEN, apiUrl: "/" }).apiUrl).toBe("");
});

test("what may be left out has a default", () => {
  expect(parseConfig(GIVEN)).toMatchObject({
    scope: "openid",
    rowLimit: 1_000_000,
    authorizationParameters: {},
  });
});

test.each([
  [null, "no object"],
  [{ ...GIVEN, issuer: undefined }, "issuer"],
  [{ ...GIVEN, clientId: "" }, "clientId"],
  [{ ...GIVEN, rowLimit: "many" }, "rowLimit"],
])("%j is refused, naming what is wrong", (given, named) => {
  expect(() => parseConfig(given)).toThrow(ConfigError);
  expect(() => parseConfig(given)).toThrow(named);
});
