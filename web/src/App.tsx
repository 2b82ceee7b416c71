import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Api, NotAdminError } from "./api";
import { type Config, loadConfig } from "./config";
import { ExportPage } from "./exports/ExportPage";
import { ExportRunner } from "./exports/runner";
import { Header } from "./Header";
import { AdminsOnly, Broken, SignedOut, SigningIn } from "./screens";
import { Session, SignedOutError } from "./session";
import { UsagePage } from "./usage/UsagePage";
import { useView } from "./useView";

type Access =
  | { is: "starting" }
  | { is: "broken"; reason: string }
  | { is: "signedOut"; reason: string | null }
  | { is: "notAdmin"; name: string }
  | { is: "signedIn"; name: string };

export function App() {
  const [deployment, setDeployment] = useState<{ config: Config; session: Session } | null>(null);
  const [access, setAccess] = useState<Access>({ is: "starting" });

  useEffect(() => {
    void begin().then(({ config, session, access }) => {
      if (config && session) setDeployment({ config, session });
      setAccess(access);
    });
  }, []);

  const signIn = async () => {
    setAccess({ is: "starting" });
    await deployment?.session.signIn().catch((error: unknown) => {
      const reason = `The identity provider cannot be reached (${messageOf(error)}). Try again in a moment.`;
      setAccess({ is: "signedOut", reason });
    });
  };
  const signOut = () => void deployment?.session.signOut();
  const onAccessLost = useCallback((error: unknown) => {
    setAccess((before) => {
      if (before.is !== "signedIn") return before;
      if (error instanceof NotAdminError) return { is: "notAdmin", name: before.name };
      return { is: "signedOut", reason: "Your session has ended. Sign in again to go on." };
    });
  }, []);

  switch (access.is) {
    case "starting":
      return <SigningIn />;
    case "broken":
      return <Broken reason={access.reason} />;
    case "signedOut":
      return <SignedOut reason={access.reason} onSignIn={() => void signIn()} />;
    case "notAdmin":
      return <AdminsOnly name={access.name} onSignOut={signOut} />;
    case "signedIn":
      return deployment ? (
        <SignedIn
          {...deployment}
          name={access.name}
          onSignOut={signOut}
          onAccessLost={onAccessLost}
        />
      ) : null;
  }
}

interface SignedInProps {
  config: Config;
  session: Session;
  name: string;
  onSignOut: () => void;
  onAccessLost: (error: unknown) => void;
}

function SignedIn({ config, session, name, onSignOut, onAccessLost }: SignedInProps) {
  const api = useMemo(() => new Api(config.apiUrl, () => session.token()), [config, session]);
  const runner = useMemo(() => new ExportRunner(api, onAccessLost), [api, onAccessLost]);
  const [view, show] = useView();
  const context = { api, runner, onAccessLost };
  return (
    <>
      <Header name={name} onSignOut={onSignOut} />
      <main>
        {view.page === "usage" ? (
          <UsagePage {...context} view={view} show={show} rowLimit={config.rowLimit} />
        ) : (
          <ExportPage {...context} key={view.id} id={view.id} show={show} />
        )}
      </main>
    </>
  );
}

async function begin(): Promise<{ config?: Config; session?: Session; access: Access }> {
  let config: Config;
  try {
    config = await loadConfig();
  } catch (error) {
    return { access: { is: "broken", reason: messageOf(error) } };
  }
  const session = new Session(config);
  try {
    const hash = await session.complete();
    if (hash) window.location.replace(hash);
    const name = await session.name();
    return {
      config,
      session,
      access: name === null ? { is: "signedOut", reason: null } : { is: "signedIn", name },
    };
  } catch (error) {
    const ended = error instanceof SignedOutError;
    const reason = ended ? error.message : `The sign-in did not succeed: ${messageOf(error)}`;
    return { config, session, access: { is: "signedOut", reason } };
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
