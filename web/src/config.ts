/** What a deployment decides, read from `/config.json` when the page starts. */

export interface Config {
  /** Where the API is; a path is on this page's own origin. */
  apiUrl: string;
  /** The OpenID Connect provider, as in its tokens' `iss`. */
  issuer: string;
  clientId: string;
  scope: string;
  /** Further parameters of the authorization request, such as Auth0's `audience`. */
  authorizationParameters: Record<string, string>;
  /** The rows that an export may have. */
  rowLimit: number;
}

export class ConfigError extends Error {}

/** Reads it. Throws `ConfigError`, a sentence for whoever deployed the page. */
export async function loadConfig(): Promise<Config> {
  let read: unknown;
  try {
    const response = await fetch("/config.json", { cache: "no-cache" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    read = await response.json();
  } catch (error) {
    throw new ConfigError(`/config.json cannot be read (${String(error)}).`);
  }
  return parseConfig(read);
}

/** Checks it. Throws `ConfigError`. */
export function parseConfig(read: unknown): Config {
  if (typeof read !== "object" || read === null)
    throw new ConfigError("/config.json is no object.");
  const given = read as Partial<Record<keyof Config, unknown>>;
  const text = (name: "apiUrl" | "issuer" | "clientId", otherwise?: string): string => {
    const value = given[name] ?? otherwise;
    if (typeof value !== "string" || value === "") {
      throw new ConfigError(`/config.json needs ${name}, a text.`);
    }
    return value;
  };
  const rowLimit = given.rowLimit ?? 1_000_000;
  if (typeof rowLimit !== "number" || !(rowLimit >= 1)) {
    throw new ConfigError("/config.json has a rowLimit that is no number of rows.");
  }
  return {
    apiUrl: text("apiUrl", "/").replace(/\/+$/, ""),
    issuer: text("issuer"),
    clientId: text("clientId"),
    scope: typeof given.scope === "string" ? given.scope : "openid",
    authorizationParameters: { ...(given.authorizationParameters as Record<string, string>) },
    rowLimit,
  };
}
