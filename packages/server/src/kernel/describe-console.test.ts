import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import type { ConsoleFacet } from './console.ts';
import { describeConsole } from './describe-console.ts';
import { type Operation, operation, type Operations } from './operation.ts';
import { createRegistry } from './registry.ts';
import { type Kind, type Service, service } from './service.ts';

const Book = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  shelf_id: Type.String(),
  size_mb: Type.Integer(),
  pages: Type.Integer(),
  secret_text: Type.String(),
});
const byId = Type.Object({ id: Type.String() });
const target = { kind: 'book', param: 'id' } as const;
const kind = (noun: string): Kind => ({ noun, find: async () => undefined, id: () => '', present: () => ({}) });

const at = (effect: Operation['effect'], method: Operation['http']['method'], path: string, more: object = {}) =>
  operation({ summary: 'x', effect, http: { method, path }, input: byId, output: Book, target, ...more });
const list = operation({
  summary: 'List books',
  effect: 'list',
  http: { method: 'GET', path: '/books' },
  input: Type.Object({}),
  output: Book,
  answers: 'book',
  cli: { columns: ['id', 'status', 'pages'] },
});

const FACET: ConsoleFacet = { group: 'data', icon: 'book', summary: 'A book.' };

function describeBooks(operations: Operations, facet: ConsoleFacet = FACET, others: readonly Service[] = []) {
  const handlers = Object.fromEntries(Object.keys(operations).map((verb) => [verb, async () => ({})]));
  const kinds = { book: kind('book') };
  const books = service({
    name: 'books',
    resource: 'book',
    title: 'Books',
    operations,
    handlers,
    kinds,
    console: facet,
  });
  const described = describeConsole(createRegistry([books, ...others]));
  return { ...described, books: described.services.find(({ name }) => name === 'books')! };
}

describe('the pages of a service', () => {
  it('have each operation where its path and effect belong', () => {
    const { books, custom } = describeBooks({
      list,
      add: at('create', 'POST', '/books', {
        input: Type.Object({ name: Type.String() }),
        target: undefined,
        creates: 'book',
      }),
      get: at('read', 'GET', '/books/:id'),
      change: at('update', 'PATCH', '/books/:id'),
      burn: at('delete', 'DELETE', '/books/:id'),
      lend: at('action', 'POST', '/books/:id/lend'),
      setShelf: at('update', 'PUT', '/books/:id/shelf'),
      tidy: at('action', 'POST', '/books/tidy', { input: Type.Object({}), target: undefined }),
      cover: at('read', 'GET', '/books/:id/cover', { console: 'custom' }),
      copy: at('action', 'POST', '/books/:id/copy', { console: 'custom' }),
    });
    expect(books).toMatchObject({
      list: 'books.list',
      create: 'books.add',
      get: 'books.get',
      update: 'books.change',
      delete: 'books.burn',
      actions: ['books.lend', 'books.setShelf'],
      others: ['books.tidy'],
      item: { member: 'id', param: 'id' },
    });
    expect(custom).toEqual(['books.cover', 'books.copy']);
  });

  it('know what the facet leaves out', () => {
    const { books, kinds } = describeBooks({ list, get: at('read', 'GET', '/books/:id') });
    expect(books).toMatchObject({
      noun: 'book',
      columns: ['name', 'status', 'pages'],
      titleMember: 'name',
      statusMember: 'status',
      units: { size_mb: 'MB' },
      references: {},
      blockedBy: [],
    });
    expect(kinds).toEqual({
      book: {
        noun: 'book',
        service: 'books',
        list: 'books.list',
        get: 'books.get',
        titleMember: 'name',
        valueMember: 'id',
      },
    });
    const facet = { ...FACET, title: 'id', columns: ['pages'], value: 'name' };
    const told = describeBooks({ list, get: at('read', 'GET', '/books/:id') }, facet);
    expect(told.books).toMatchObject({
      columns: ['pages'],
      titleMember: 'id',
    });
    expect(told.kinds.book).toMatchObject({ titleMember: 'id', valueMember: 'name' });
  });

  it('hide what is secret when it is created, and name what is in the way of a deletion', () => {
    const pupils = service({
      name: 'pupils',
      resource: 'pupil',
      title: 'Pupils',
      operations: {},
      handlers: {},
      blocks: { book: { noun: 'reader', count: async () => 1 } },
    });
    const secret = Type.Object({ secret_text: Type.String() });
    const { books } = describeBooks(
      { list, add: at('create', 'POST', '/books', { input: secret, target: undefined, secrets: ['secret_text'] }) },
      FACET,
      [pupils],
    );
    expect(books.hidden).toEqual(['secret_text']);
    expect(
      describeBooks({ list, burn: at('delete', 'DELETE', '/books/:id') }, FACET, [pupils]).books.blockedBy,
    ).toEqual([{ service: 'pupils', noun: 'reader' }]);
  });

  it('are refused where the facet contradicts the descriptors', () => {
    const refused = (facet: object) => () => describeBooks({ list }, { ...FACET, ...facet });
    expect(refused({ columns: ['colour'] })).toThrow("books: its items have no member 'colour'");
    expect(refused({ title: 'colour' })).toThrow("no member 'colour'");
    expect(refused({ references: { shelf_id: 'shelf' } })).toThrow("'shelf_id' names the kind 'shelf'");
    expect(() => describeBooks({ get: at('read', 'GET', '/books/:id') })).toThrow("needs an operation 'list'");
  });
});
