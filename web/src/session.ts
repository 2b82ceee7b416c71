/** Sign-in by OpenID Connect: authorization code with PKCE, tokens in this tab's storage alone. */

import { type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { Config } from "./config";

const RENEW_SECONDS_BEFORE = 60;

/** There is nobody signed in any more. */
export class SignedOutError extends Error {
  constructor() {
    super("Your session has ended.");
  }
}

export class Session {
  private readonly manager: UserManager;
  private renewal: Promise<User | null> | null = null;

  constructor(config: Config) {
    const stored = new WebStorageStateStore({ store: window.sessionStorage });
    this.manager = new UserManager({
      authority: config.issuer,
      client_id: config.clientId,
      redirect_uri: `${window.location.origin}/`,
      post_logout_redirect_uri: `${window.location.origin}/`,
      scope: config.scope,
      extraQueryParams: config.authorizationParameters,
      userStore: stored,
      stateStore: stored,
      automaticSilentRenew: false, // it would need an iframe; see `token`
      revokeTokensOnSignout: false,
    });
  }

  /**
   * Ends a sign-in that has come back to this page, if one has.
   *
   * Returns the hash that was open when it began. Throws where the provider refused it.
   */
  async complete(): Promise<string | null> {
    const query = new URLSearchParams(window.location.search);
    if (!query.has("state") || !(query.has("code") || query.has("error"))) return null;
    try {
      const user = await this.manager.signinCallback();
      return typeof user?.state === "string" ? user.state : "";
    } finally {
      window.history.replaceState(null, "", window.location.pathname);
    }
  }

  /** Who is signed in, by the name to show; null for nobody. */
  async name(): Promise<string | null> {
    const user = await this.manager.getUser();
    if (!user || (user.expired && !user.refresh_token)) return null;
    const { email, preferred_username, name, sub } = user.profile;
    return email ?? preferred_username ?? name ?? sub;
  }

  /** Goes to the identity provider; the page comes back to where it is. */
  async signIn(): Promise<void> {
    await this.manager.signinRedirect({ state: window.location.hash });
  }

  /** Signs out here, and at the provider where it has a page for that. */
  async signOut(): Promise<void> {
    await this.renewal; // it would store new tokens after these are removed
    const user = await this.manager.getUser();
    await this.manager.removeUser();
    const metadata = await this.manager.metadataService.getMetadata().catch(() => null);
    if (user?.id_token && metadata?.end_session_endpoint) {
      const { client_id, post_logout_redirect_uri } = this.manager.settings;
      await this.manager.signoutRedirect({
        id_token_hint: user.id_token,
        // Cognito insists on these two; for others the standard's own are enough.
        extraQueryParams: { client_id, logout_uri: post_logout_redirect_uri ?? "" },
      });
    } else {
      window.location.assign("/");
    }
  }

  /** An access token that is good for a while. Throws `SignedOutError`. */
  async token(): Promise<string> {
    const user = await this.manager.getUser();
    if (user && (user.expires_in ?? Number.POSITIVE_INFINITY) > RENEW_SECONDS_BEFORE) {
      return user.access_token;
    }
    const renewed = user?.refresh_token ? await this.renew() : null;
    if (renewed) return renewed.access_token;
    if (user && !user.expired) return user.access_token;
    throw new SignedOutError();
  }

  /** One renewal at a time: a refresh token is often good for one use. */
  private renew(): Promise<User | null> {
    this.renewal ??= this.manager
      .signinSilent()
      .catch(() => null)
      .finally(() => {
        this.renewal = null;
      });
    return this.renewal;
  }
}
