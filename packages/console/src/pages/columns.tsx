import type { Item } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';
import type { Schema } from '../api/schema.ts';
import type { Column } from '../kit/table.tsx';
import { titleOf, Value } from '../kit/value.tsx';
import { ItemLink, Reference } from './links.tsx';

const NUMBERS = new Set(['integer', 'number']);

/** The columns of a service's list. */
export function columnsOf(service: DescribedService, output: Schema | undefined): readonly Column<Item>[] {
  return service.columns.map((member) => {
    const schema = output?.properties?.[member];
    const unit = service.units[member];
    const kind = service.references[member];
    return {
      key: member,
      title: titleOf(member, unit),
      numeric: NUMBERS.has(schema?.type ?? ''),
      width: widthOf(member, service, schema),
      render: (item) => {
        const value = item[member];
        if (member === service.titleMember) return <ItemLink service={service} item={item} />;
        if (kind && typeof value === 'string' && value !== '') return <Reference kind={kind} value={value} />;
        return <Value member={member} value={value} schema={schema} unit={unit} compact />;
      },
    };
  });
}

/** Names and addresses get the room that statuses, numbers and times do not need. */
function widthOf(member: string, service: DescribedService, schema: Schema | undefined): string {
  if (member === service.titleMember) return 'minmax(10rem, 2fr)';
  const isShort = schema?.type !== 'string' || schema.format === 'date-time' || member === service.statusMember;
  return isShort ? 'minmax(7rem, 1fr)' : 'minmax(8rem, 1.5fr)';
}
