import { isAuthorised, refuseSuspended, requireSecondFactor } from '../../kernel/authorise.ts';
import type { Caller } from '../../kernel/caller.ts';
import { invalidInput } from '../../kernel/errors.ts';
import { register, type RegisteredOperation } from '../../kernel/operation.ts';
import { closenessOf } from '../../kernel/search.ts';
import { type Handlers, type Kind, type Service, service } from '../../kernel/service.ts';
import { searchExamples } from './examples.ts';
import { searchOperations, type SearchResult } from './operations.ts';

const DEFAULT_LIMIT = 20;

/** A kind that can be searched, and the operation that reads its resources. */
interface Searched {
  readonly name: string;
  readonly service: string;
  readonly kind: Kind;
  readonly reader: RegisteredOperation;
}

/** All kinds of tenants' resources that can be searched. */
function searchedOf(services: readonly Service[]): readonly Searched[] {
  return services.flatMap(({ name: serviceName, resource, operations, kinds }) => {
    const verb = ['get', 'list'].find((one) => operations[one]);
    if (verb === undefined) return [];
    const reader = register(serviceName, resource, verb, operations[verb]!);
    if (reader.scope !== 'tenant') return [];
    return Object.entries(kinds ?? {})
      .filter(([, kind]) => kind.search)
      .map(([name, kind]) => ({ name, service: serviceName, kind, reader }));
  });
}

/** Resources of all kinds by a part of their name or id. A kind takes part by its `search`: see kernel/service.ts. */
export function createSearchService({ services }: { readonly services: () => readonly Service[] }) {
  let known: readonly Searched[] | undefined;

  const kindsFor = (caller: Caller, kind: string | undefined): readonly Searched[] => {
    const all = (known ??= searchedOf(services()));
    if (kind !== undefined && !all.some(({ name }) => name === kind))
      throw invalidInput(`kind '${kind}' cannot be searched; choose one of: ${all.map(({ name }) => name).join(', ')}`);
    return all.filter(({ name, reader }) => (kind === undefined || name === kind) && isAuthorised(reader, caller));
  };

  const handlers: Handlers<typeof searchOperations> = {
    async find({ sql, tenantId, userId, caller, input }) {
      refuseSuspended(caller);
      requireSecondFactor(caller);
      const { kind, limit = DEFAULT_LIMIT } = input;
      const text = input.q.trim();
      const kinds = kindsFor(caller, kind);
      if (text === '' || tenantId === '') return { items: [] };
      const found = await Promise.all(
        kinds.map(async (one) => {
          const rows = await one.kind.search!(sql, { tenantId, userId }, { text, limit });
          return rows.map((row, place) => {
            const item = present(one, row);
            // What a kind found by something else than its name is the least of it.
            return { item, place, rank: closenessOf(item.id, [item.name], text) ?? 2 };
          });
        }),
      );
      // Of equal rank, the kinds take turns: many of one must not hide another.
      const best = found.flat().sort((a, b) => a.rank - b.rank || a.place - b.place);
      return { items: best.slice(0, limit).map(({ item }) => item) };
    },
  };

  return service({
    name: 'search',
    resource: 'search',
    title: 'Search',
    operations: searchOperations,
    handlers,
    examples: searchExamples,
  });
}

function present({ name, service, kind }: Searched, row: unknown): SearchResult {
  const detail = kind.detail?.(row);
  const id = kind.id(row);
  return { kind: name, service, id, name: kind.name?.(row) ?? id, ...(detail ? { detail } : {}) };
}
