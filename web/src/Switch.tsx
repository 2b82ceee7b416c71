interface Props<Name extends string> {
  label: string;
  options: Record<Name, string>;
  value: Name;
  onChange: (name: Name) => void;
}

/** A choice of a few, as radio buttons that look like one control. */
export function Switch<Name extends string>({ label, options, value, onChange }: Props<Name>) {
  return (
    <fieldset class="segments small">
      <legend class="sr">{label}</legend>
      {(Object.entries(options) as [Name, string][]).map(([name, text]) => (
        <label key={name}>
          <input
            type="radio"
            name={label}
            checked={name === value}
            onChange={() => onChange(name)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}
