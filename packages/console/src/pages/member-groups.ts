import type { Item } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';

/** Members that machines need, and people seldom. */
const TECHNICAL = new Set(['id', 'tenant_id', 'version', 'arn', 'seq', 'xid']);

const isTechnical = (service: Pick<DescribedService, 'references' | 'columns'>, member: string): boolean =>
  TECHNICAL.has(member) ||
  (member.endsWith('_id') && service.references[member] === undefined && !service.columns.includes(member));

/**
 * The members of an item in the order in which they are shown. First those that its list shows, then the others in the order of the schema; ids
 * that lead nowhere, and versions, are apart. What is hidden comes last: it is asked for.
 */
export function groupsOf(
  service: Pick<DescribedService, 'columns' | 'references' | 'hidden' | 'titleMember'>,
  item: Item,
  order: readonly string[],
): { readonly main: readonly string[]; readonly technical: readonly string[] } {
  const all = new Set([service.titleMember, ...service.columns, ...order, ...Object.keys(item)]);
  const present = [...all].filter((member) => item[member] !== undefined);
  const main = present.filter((member) => !isTechnical(service, member));
  return {
    main: [
      ...main.filter((member) => !service.hidden.includes(member)),
      ...main.filter((member) => service.hidden.includes(member)),
    ],
    technical: present.filter((member) => isTechnical(service, member)),
  };
}
