import { type Permission, allows, Button, Checkbox, useCan, useList, useMe } from '@thecloud/console';

/** The permissions that the user has, by resource: a key may have no others. */
export function PermissionPicker({
  value,
  onChange,
}: {
  readonly value: ReadonlySet<string>;
  readonly onChange: (value: ReadonlySet<string>) => void;
}) {
  const can = useCan();
  const held = useMe()?.permissions ?? [];
  const known = useList<Permission>('roles.permissions', {}, { enabled: can('roles.permissions') });
  const offered = (
    known.items.length > 0
      ? known.items.filter(({ operations }) => operations.length > 0).map(({ permission }) => permission)
      : held.filter((one) => one.includes(':'))
  ).filter((one) => allows(held, one));
  const groups = [...Map.groupBy(offered, (one) => one.slice(0, one.indexOf(':')))];
  const tick = (permissions: readonly string[], isTicked: boolean) =>
    onChange(new Set(isTicked ? [...value, ...permissions] : [...value].filter((one) => !permissions.includes(one))));
  return (
    <div className="grid gap-3 rounded-md border border-line p-3">
      <div className="flex flex-wrap items-center gap-2">
        <span role="status" className="grow text-sm text-ink-soft">
          {value.size} of {offered.length} chosen
        </span>
        <Button small onClick={() => onChange(new Set(offered.filter((one) => /:read/.test(one))))}>
          Only reading
        </Button>
        <Button small onClick={() => onChange(new Set())}>
          None
        </Button>
      </div>
      <div className="grid max-h-96 gap-x-6 gap-y-4 overflow-auto sm:grid-cols-2">
        {groups.map(([resource, permissions]) => (
          <fieldset key={resource} className="grid content-start gap-1">
            <legend className="mb-1 font-medium">{resource}</legend>
            {permissions.map((one) => (
              <Checkbox
                key={one}
                label={one.slice(one.indexOf(':') + 1)}
                checked={value.has(one)}
                onChange={(event) => tick([one], event.target.checked)}
              />
            ))}
          </fieldset>
        ))}
      </div>
    </div>
  );
}
