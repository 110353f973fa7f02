import { Card, Field, type Role, Select } from '@thecloud/console';
import { useState } from 'react';
import { Matrix } from './matrix.tsx';

/** Two roles beside each other. */
export function Compare({ roles }: { readonly roles: readonly Role[] }) {
  const [names, setNames] = useState<readonly [string, string]>(['developer', 'viewer']);
  const [one, other] = names.map((name) => roles.find((role) => role.name === name) ?? roles[0]);
  const choose = (place: 0 | 1, label: string) => (
    <Field label={label}>
      <Select
        value={names[place]}
        onChange={(event) => setNames(place === 0 ? [event.target.value, names[1]] : [names[0], event.target.value])}
      >
        {roles.map(({ id, name }) => (
          <option key={id} value={name}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
  if (!one || !other) return null;
  return (
    <Card padded={false}>
      <div className="grid gap-3 border-b border-line p-4 sm:grid-cols-2">
        {choose(0, 'Role')}
        {choose(1, 'Compared with')}
        <p className="text-sm text-ink-soft sm:col-span-2">
          A green tick: only <bdi>{one.name}</bdi> may. A red line: only <bdi>{other.name}</bdi> may.
        </p>
      </div>
      <Matrix
        key={names.join(' ')}
        value={new Set(one.permissions)}
        held={[]}
        other={{ name: other.name, value: new Set(other.permissions) }}
      />
    </Card>
  );
}
