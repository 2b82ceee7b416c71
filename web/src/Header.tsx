export function Header({ name, onSignOut }: { name: string; onSignOut: () => void }) {
  return (
    <header class="top">
      <a class="brand" href="#/">
        <Mark />
        API usage
      </a>
      <span class="who" title={name}>
        {name}
      </span>
      <button type="button" class="quiet" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M8 24v-7h4v7zm6 0V8h4v16zm6 0V13h4v11z" />
    </svg>
  );
}
