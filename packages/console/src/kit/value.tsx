import type { ReactNode } from 'react';
import type { Schema } from '../api/schema.ts';
import { shownAmount } from './amounts.ts';
import { classes } from './classes.ts';
import { Mono, shortId } from './copy.tsx';
import { Status, Tag } from './status.tsx';
import { Time } from './time.tsx';

export { titleOf } from './titles.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Members whose values are statuses, in all services. */
const STATUS_MEMBERS = new Set(['status', 'state', 'outcome']);

/** A member's value as a person reads it, by its schema and its name; nothing of it is ever markup. */
export function Value({
  member,
  value,
  schema,
  unit,
  compact,
}: {
  readonly member: string;
  readonly value: unknown;
  readonly schema?: Schema | undefined;
  /** Of a number. */
  readonly unit?: string | undefined;
  /** In a table: one line, ids shortened. */
  readonly compact?: boolean;
}): ReactNode {
  if (value === undefined || value === null || value === '') return <span className="text-ink-soft">–</span>;
  if (STATUS_MEMBERS.has(member) && typeof value === 'string') return <Status value={value} />;
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'number')
    return (
      <span className="tabular-nums" title={unit && `${value} ${unit}`}>
        {unit ? shownAmount(value, unit) : value.toLocaleString('en')}
      </span>
    );
  if (typeof value === 'string') {
    if (schema?.format === 'date-time' || member.endsWith('_at')) return <Time value={value} />;
    if (UUID.test(value))
      return compact ? (
        <code className="font-mono text-sm" title={value}>
          {shortId(value)}
        </code>
      ) : (
        <Mono text={value} />
      );
    return <bdi title={compact ? value : undefined}>{value}</bdi>;
  }
  if (Array.isArray(value))
    return value.length === 0 ? (
      <span className="text-ink-soft">–</span>
    ) : (
      <List items={value} compact={compact ?? false} />
    );
  return <Members value={value as Readonly<Record<string, unknown>>} compact={compact ?? false} />;
}

function List({ items, compact }: { readonly items: readonly unknown[]; readonly compact: boolean }) {
  const shown = compact ? items.slice(0, 3) : items;
  return (
    <span className={classes('flex gap-1', compact ? 'min-w-0 items-center' : 'flex-wrap')}>
      {shown.map((one, index) => (
        <Tag key={index}>{typeof one === 'object' ? JSON.stringify(one) : String(one)}</Tag>
      ))}
      {items.length > shown.length && <span className="text-ink-soft">+{items.length - shown.length}</span>}
    </span>
  );
}

function Members({ value, compact }: { readonly value: Readonly<Record<string, unknown>>; readonly compact: boolean }) {
  const members = Object.entries(value);
  if (members.length === 0) return <span className="text-ink-soft">–</span>;
  if (compact) return <List items={members.map(([name, one]) => `${name}=${textOf(one)}`)} compact />;
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5">
      {members.map(([name, one]) => (
        <div key={name} className="contents">
          <dt className="text-ink-soft">
            <bdi>{name}</bdi>
          </dt>
          <dd className="min-w-0">
            <Value member={name} value={one} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
