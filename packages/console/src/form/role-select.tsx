import { useRoles } from '../api/roles.ts';
import { Select } from '../kit/field.tsx';

/** Chooses a role. Those that the user cannot give are there, but cannot be chosen. */
export function RoleSelect({
  value,
  onChange,
  label,
  busy,
}: {
  readonly value: string;
  readonly onChange: (role: string) => void;
  /** Its name, where no field gives one. */
  readonly label?: string;
  readonly busy?: boolean;
}) {
  const roles = useRoles();
  const own = roles.find(({ name }) => name === value);
  const isFixed = (own?.lacking.length ?? 0) > 0;
  return (
    <Select
      {...(label === undefined ? {} : { 'aria-label': label, className: 'h-7! max-w-44' })}
      value={value}
      disabled={busy || isFixed}
      title={isFixed ? `The role '${value}' has permissions that you do not have: ${own!.lacking.join(', ')}` : value}
      onChange={(event) => onChange(event.target.value)}
    >
      {value === '' && <option value="">Choose</option>}
      {value !== '' && !own && <option value={value}>{value}</option>}
      {roles.map((role) => (
        <option key={role.name} value={role.name} disabled={role.lacking.length > 0}>
          {role.name}
          {role.lacking.length > 0 && ' (has more than you)'}
        </option>
      ))}
    </Select>
  );
}
