import Type, { type Static } from 'typebox';
import { operation } from '../../kernel/operation.ts';

export const SearchResult = Type.Object(
  {
    kind: Type.String({ description: 'instance, vpc, member …' }),
    service: Type.String({ description: 'Service whose operations take the id: instances, vpcs …' }),
    id: Type.String(),
    name: Type.String(),
    detail: Type.Optional(Type.String({ description: 'What tells it from others: its status, its address' })),
  },
  { $id: 'SearchResult' },
);
export type SearchResult = Static<typeof SearchResult>;

export const searchOperations = {
  find: operation({
    summary: 'Search the resources of the tenant',
    description:
      'Finds resources of all kinds that you may read: by the beginning of the name, by a part of the id of at least 8 digits, and, among the newest 1,000 of each kind, by any part of the name. Case does not matter. The best come first, and what is being deleted is left out.',
    effect: 'list',
    scope: 'user',
    http: { method: 'GET', path: '/search' },
    input: Type.Object(
      {
        q: Type.String({ minLength: 1, maxLength: 255, description: 'Part of a name or of an id' }),
        kind: Type.Optional(
          Type.String({ minLength: 1, maxLength: 50, description: 'Only resources of this kind: instance, vpc …' }),
        ),
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 100, description: 'Maximum number of results; default 20' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: SearchResult,
    cli: { custom: true, args: ['q'], columns: ['kind', 'name', 'detail', 'id'] },
    console: 'custom',
  }),
};
