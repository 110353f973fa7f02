import { type Item, useList } from '../api/queries.ts';
import { kindOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { Input, Select } from '../kit/field.tsx';

/** Chooses a resource of a kind by its name. Who may not list them types the id. */
export function Picker({
  kind,
  value,
  onChange,
  required,
  placeholder,
}: {
  readonly kind: string;
  readonly value: string;
  readonly onChange: (value: string | undefined) => void;
  readonly required: boolean;
  readonly placeholder?: string | undefined;
}) {
  const known = kindOf(kind);
  const can = useCan();
  const may = known !== undefined && can(known.list);
  const list = useList<Item>(known?.list ?? 'tenants.list', {}, { enabled: may });
  if (!known || !may)
    return (
      <Input
        value={value}
        placeholder={placeholder ?? 'Name or id'}
        onChange={(event) => onChange(event.target.value || undefined)}
      />
    );
  return (
    <Select value={value} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">{placeholder ? `Default: ${placeholder}` : required ? 'Choose' : 'None'}</option>
      {list.items.map((item) => {
        const own = String(item[known.valueMember]);
        return (
          <option key={own} value={own}>
            {String(item[known.titleMember] ?? own)}
          </option>
        );
      })}
    </Select>
  );
}
