import { allows, classes, Empty, ErrorNote, Input, Loading, operationOf, titleOf, useList } from '@thecloud/console';
import { Check, Minus, Search } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { actionOf, COLUMNS, type Group, groupsOf, matching, type Permission } from './permissions.ts';

/** All permissions that there are. */
export function usePermissions() {
  const list = useList<Permission>('roles.permissions');
  const { hasNextPage, isFetching, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return list;
}

const COLUMN_TITLES: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  read: 'Read',
  create: 'Create',
  update: 'Change',
  delete: 'Delete',
};

export interface MatrixProps {
  /** What is ticked. */
  readonly value: ReadonlySet<string>;
  /** What the user has; the rest cannot be ticked. */
  readonly held: readonly string[];
  /** Absent: it is only read. */
  readonly onChange?: ((permission: string, on: boolean) => void) | undefined;
  /** Another role to compare with: where both differ, the cell says so. */
  readonly other?: { readonly name: string; readonly value: ReadonlySet<string> } | undefined;
}

const has = (value: ReadonlySet<string>, permission: string): boolean => allows([...value], permission);

/** Permissions by resource and action, to read, to tick, or to compare. */
export function Matrix(props: MatrixProps) {
  const list = usePermissions();
  const [text, setText] = useState('');
  const [withUnused, setWithUnused] = useState(false);
  const [onlyDifferent, setOnlyDifferent] = useState(props.other !== undefined);
  const { value, other } = props;
  const shown = useMemo(() => {
    const found = matching(list.items, text);
    if (!other || !onlyDifferent) return groupsOf(found);
    return groupsOf(found.filter(({ permission }) => has(value, permission) !== has(other.value, permission)));
  }, [list.items, text, value, other, onlyDifferent]);
  if (list.error)
    return (
      <div className="p-3">
        <ErrorNote error={list.error} retry={() => void list.refetch()} />
      </div>
    );
  if (list.isPending) return <Loading rows={6} />;
  const unused = shown.filter(({ isUsed }) => !isUsed).length;
  const groups = withUnused || text !== '' ? shown : shown.filter(({ isUsed }) => isUsed);
  return (
    <div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line p-2">
        <div className="relative w-64 max-w-full">
          <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-ink-soft" />
          <Input
            type="search"
            aria-label="Search permissions and operations"
            placeholder="Search: launch, vpc, keys.create"
            className="pl-8"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        {other && (
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={onlyDifferent}
              onChange={(event) => setOnlyDifferent(event.target.checked)}
            />
            Only what differs
          </label>
        )}
        {unused > 0 && text === '' && (
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={withUnused}
              onChange={(event) => setWithUnused(event.target.checked)}
            />
            Also {unused} of services to come
          </label>
        )}
      </div>
      {groups.length === 0 ? (
        <Empty title={text === '' ? 'No difference' : `No permission matches '${text}'`}>
          {text === '' ? 'Both roles may do the same.' : 'Try the name of a resource, an action or an operation.'}
        </Empty>
      ) : (
        <div
          role="region"
          aria-label="Permissions"
          // It scrolls to the side on a narrow screen, so it must be reachable by keyboard.
          tabIndex={0}
          className="overflow-x-auto"
        >
          <table className="w-full border-collapse text-left">
            <thead>
              <tr className="border-b border-line text-xs font-medium text-ink-soft">
                <th scope="col" className="sticky left-0 bg-surface px-4 py-2 font-medium">
                  Resource
                </th>
                {COLUMNS.map((action) => (
                  <th key={action} scope="col" className="w-20 px-2 py-2 text-center font-medium whitespace-nowrap">
                    {COLUMN_TITLES[action]}
                  </th>
                ))}
                <th scope="col" className="px-4 py-2 font-medium">
                  More
                </th>
              </tr>
            </thead>
            <tbody>
              {groups.map((group) => (
                <Row key={group.resource} {...props} group={group} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Row({ group, ...props }: MatrixProps & { readonly group: Group }) {
  const title = titleOf(group.resource);
  return (
    <tr className="border-b border-line last:border-b-0 hover:bg-raised">
      <th scope="row" className="sticky left-0 bg-surface px-4 py-1.5 font-medium whitespace-nowrap">
        {title}
        {!group.isUsed && <span className="ml-2 text-xs font-normal text-ink-soft">to come</span>}
      </th>
      {group.columns.map((one, index) => (
        <td key={COLUMNS[index]} className="px-2 py-1.5 text-center">
          {one ? (
            <Cell {...props} permission={one} label={`${title}: ${COLUMN_TITLES[COLUMNS[index]!].toLowerCase()}`} />
          ) : (
            <span aria-hidden className="text-line-strong">
              ·
            </span>
          )}
        </td>
      ))}
      <td className="px-4 py-1.5">
        <span className="flex flex-wrap gap-x-4 gap-y-1">
          {group.others.map((one) => {
            const action = actionOf(one.permission).replaceAll('_', ' ');
            return (
              <span key={one.permission} className="inline-flex items-center gap-1.5">
                <Cell {...props} permission={one} label={`${title}: ${action}`} />
                <span aria-hidden className="whitespace-nowrap">
                  {action}
                </span>
              </span>
            );
          })}
        </span>
      </td>
    </tr>
  );
}

const whatFor = ({ permission, operations }: Permission): string =>
  operations.length === 0
    ? `${permission}: no operation of this platform needs it yet`
    : `${permission}: ${operations.map((name) => operationOf(name).summary.toLowerCase()).join('; ')}`;

function Cell({
  permission,
  label,
  value,
  held,
  onChange,
  other,
}: MatrixProps & { readonly permission: Permission; readonly label: string }) {
  const name = permission.permission;
  const isOn = has(value, name);
  if (other) {
    const isThere = has(other.value, name);
    const says = isOn === isThere ? (isOn ? 'both' : 'neither') : `only ${isOn ? 'the first' : other.name}`;
    return (
      <span
        role="img"
        aria-label={`${label}: ${says}`}
        title={`${whatFor(permission)} — ${says}`}
        className={classes(
          'inline-grid size-5 place-items-center rounded',
          isOn === isThere ? 'text-ink-soft' : isOn ? 'bg-good-soft text-good' : 'bg-bad-soft text-bad',
        )}
      >
        {isOn ? <Check className="size-3.5" aria-hidden /> : <Minus className="size-3.5" aria-hidden />}
      </span>
    );
  }
  if (!onChange)
    return (
      <span
        role="img"
        aria-label={`${label}: ${isOn ? 'yes' : 'no'}`}
        title={whatFor(permission)}
        className={classes(
          'inline-grid size-5 place-items-center rounded',
          isOn ? 'bg-good-soft text-good' : 'text-line-strong',
        )}
      >
        {isOn ? <Check className="size-3.5" aria-hidden /> : <Minus className="size-3.5" aria-hidden />}
      </span>
    );
  const isLacking = !allows(held, name);
  return (
    <input
      type="checkbox"
      aria-label={label}
      title={isLacking ? `You do not have ${name}, so you cannot give it` : whatFor(permission)}
      className="size-4 align-middle accent-accent disabled:opacity-50"
      checked={isOn}
      disabled={isLacking}
      onChange={(event) => onChange(name, event.target.checked)}
    />
  );
}
