/** What there is instead of the page: nobody signed in, not an admin, not configured. */

import type { ComponentChildren } from "preact";
import { Mark } from "./Header";

function Screen({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="screen">
      <section class="card">
        <Mark />
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}

export function SigningIn() {
  return (
    <main class="screen">
      <p class="busy" role="status">
        Signing in…
      </p>
    </main>
  );
}

export function SignedOut({ reason, onSignIn }: { reason: string | null; onSignIn: () => void }) {
  return (
    <Screen title="API usage">
      {reason ? (
        <p class="notice warning" role="alert">
          {reason}
        </p>
      ) : (
        <p>
          What your workspace’s API calls cost, how many there are and how long they take; and every
          one of them as a CSV file.
        </p>
      )}
      <button type="button" class="primary" onClick={onSignIn}>
        Sign in
      </button>
      <p class="hint">For workspace admins.</p>
    </Screen>
  );
}

export function AdminsOnly({ name, onSignOut }: { name: string; onSignOut: () => void }) {
  return (
    <Screen title="Admins only">
      <p>
        You are signed in as <strong>{name}</strong>, who is not an admin of a workspace. API usage
        and exports are for workspace admins.
      </p>
      <p>Ask an admin of your workspace for the role, or for the figures you need.</p>
      <button type="button" class="primary" onClick={onSignOut}>
        Sign in as somebody else
      </button>
    </Screen>
  );
}

export function Broken({ reason }: { reason: string }) {
  return (
    <Screen title="This page is not set up">
      <p class="notice error" role="alert">
        {reason}
      </p>
      <p>Reload the page; if this stays, tell whoever runs this service.</p>
      <button type="button" class="primary" onClick={() => window.location.reload()}>
        Reload
      </button>
    </Screen>
  );
}
