import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConsoleOperation } from '../contract.ts';
import { controlOf, plainOf } from './control.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../../api', name), 'utf8'));
const operations = read('operations.json') as readonly ConsoleOperation[];
const { custom } = read('console.json') as { readonly custom: readonly string[] };

/** Members that a derived form asks for. */
const asked = operations
  .filter(({ effect, name }) => effect !== 'read' && effect !== 'list' && !custom.includes(name))
  .flatMap((operation) =>
    Object.entries(operation.input.properties ?? {})
      .filter(([name]) => !operation.pathParams.includes(name))
      .map(([name, schema]) => ({ operation, name, schema })),
  );

const kindOf = ({ operation, name, schema }: (typeof asked)[number]) =>
  controlOf(schema, {
    reference: operation.references?.[name],
    secret: operation.secrets?.includes(name) ?? false,
  })?.kind;

describe('a form', () => {
  test('has a control for each member of each operation that it is derived for', () => {
    expect(asked.length).toBeGreaterThan(30);
    expect(
      asked.filter((one) => kindOf(one) === undefined).map(({ operation, name }) => `${operation.name} ${name}`),
    ).toEqual([]);
  });

  test('has the control that fits what the member is', () => {
    const kinds = Object.fromEntries(asked.map((one) => [`${one.operation.name} ${one.name}`, kindOf(one)]));
    expect(kinds).toMatchObject({
      'instances.launch name': 'text',
      'instances.launch vpc_id': 'reference',
      'instances.launch instance_type': 'reference',
      'instances.launch env': 'lines',
      'instances.launch labels': 'pairs',
      'keys.create permissions': 'references',
      'keys.create cidrs': 'lines',
      'keys.create expires_at': 'time',
      'keys.rotate overlap_seconds': 'number',
      'hosts.update overcommit_cpu': 'number',
      'roles.create description': 'long',
      'tenants.update require_second_factor': 'flag',
      'admin-tenants.setPlan plan': 'choice',
    });
  });

  const of = (schema: object, secret = false) => controlOf(schema, { secret });

  test('asks for what may also be null as for the same without it', () => {
    const schema = { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], description: 'how many' };
    expect(plainOf(schema)).toEqual({
      schema: { type: 'integer', minimum: 1, description: 'how many' },
      nullable: true,
    });
    expect(of(schema)).toEqual({ kind: 'number' });
  });

  test('offers the values of a union of constants, and several of a list of them', () => {
    expect(of({ anyOf: [{ const: 'a' }, { const: 'b' }] })).toEqual({ kind: 'choice', choices: ['a', 'b'] });
    expect(of({ type: 'array', items: { enum: ['a', 'b'] } })).toEqual({ kind: 'choices', choices: ['a', 'b'] });
  });

  test('asks for the members of an object one by one', () => {
    const members = { a: { type: 'string' }, b: { type: 'array', items: { type: 'string' } } };
    expect(of({ anyOf: [{ type: 'object', properties: members }, { type: 'null' }] })).toEqual({
      kind: 'members',
      members,
    });
  });

  test('hides what is typed into a secret', () => {
    expect(of({ type: 'string', maxLength: 5_000 }, true)).toEqual({ kind: 'secret' });
  });

  test('has none for a shape that it does not know, so that the first test finds it', () => {
    expect(of({ type: 'array', items: { type: 'object' } })).toBe(undefined);
    expect(of({ type: 'object', properties: { a: { type: 'array', items: { type: 'object' } } } })).toBe(undefined);
    expect(of({ anyOf: [{ type: 'string' }, { type: 'integer' }] })).toBe(undefined);
  });
});
