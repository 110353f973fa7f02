import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { generateSdk } from './generate.ts';
import type { DescribedOperation } from './generator/described.ts';
import { typeOf } from './generator/schema-type.ts';

const root = join(import.meta.dirname, '../../..');
const operations = JSON.parse(readFileSync(join(root, 'api/operations.json'), 'utf8')) as DescribedOperation[];

const example: DescribedOperation = {
  name: 'big-things.rebuild_all',
  service: 'big-things',
  verb: 'rebuild_all',
  resource: 'big_thing',
  summary: 'Rebuild */ all',
  effect: 'action',
  scope: 'tenant',
  permission: 'big_thing:update',
  method: 'POST',
  path: '/big-things/:id/rebuild',
  status: 200,
  pathParams: ['id'],
  input: {
    type: 'object',
    required: ['id', 'mode'],
    properties: { id: { type: 'string' }, mode: { enum: ['fast', 'safe'] } },
  },
  output: { type: 'object', properties: { 'odd-name': { anyOf: [{ type: 'null' }, { type: 'integer' }] } } },
  target: { kind: 'big_thing', param: 'id' },
  idempotent: false,
  errors: ['TOO_BIG'],
};

describe('generateSdk', () => {
  it('has been run on the operations as they are: else `npm run gen`', () => {
    for (const [path, text] of generateSdk(operations)) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  });

  it('writes types, docstring and method of an operation', () => {
    const text = generateSdk([example]).get('packages/sdk/src/generated/big-things.ts');
    expect(text).toMatchInlineSnapshot(`
      "// Generated from the registry of operations by \`npm run gen\`.
      import type { CallOptions, Transport, VersionOption } from '../call.ts';

      export interface BigThingsRebuildAllInput {
        readonly id: string;
        readonly mode: "fast" | "safe";
      }

      export interface BigThingsRebuildAllOutput {
        readonly "odd-name"?: null | number;
      }

      export interface BigThings {
        /**
         * Rebuild *\\/ all.
         * POST /big-things/:id/rebuild · permission big_thing:update · errors TOO_BIG
         */
        rebuildAll(input: BigThingsRebuildAllInput, options?: CallOptions & VersionOption): Promise<BigThingsRebuildAllOutput>;
      }

      const SPECS = {
        rebuildAll: {"name":"big-things.rebuild_all","method":"POST","path":"/big-things/:id/rebuild"},
      } as const;

      export function createBigThings(transport: Transport): BigThings {
        return {
          rebuildAll: (input, options) => transport.call(SPECS.rebuildAll, { ...input }, options),
        };
      }
      "
    `);
  });

  it('reads the schemas that operations use', () => {
    const type = (schema: object) => typeOf(schema, new Map(), 'output');
    expect(type({ type: 'array', items: { enum: ['a', 'b'] } })).toBe('ReadonlyArray<"a" | "b">');
    expect(type({ type: 'object', patternProperties: { '^.*$': { type: 'number' } } })).toBe(
      'Readonly<Record<string, number>>',
    );
    expect(type({ type: 'object', additionalProperties: { type: 'boolean' } })).toBe(
      'Readonly<Record<string, boolean>>',
    );
    expect(type({ anyOf: [{ const: 'x' }, { const: 'x' }, { type: 'null' }] })).toBe('"x" | null');
    expect(type({})).toBe('unknown');
  });

  it('refuses two different schemas of one name', () => {
    const twice = [
      { $id: 'A', type: 'object', properties: {} },
      { $id: 'A', type: 'string' },
    ].map((output, nth) => ({
      ...example,
      name: `big-things.v${nth}`,
      verb: `v${nth}`,
      output,
    }));
    expect(() => generateSdk(twice)).toThrow('two different schemas have the name A');
  });
});

it('runs in a browser: nothing of Node is in it', async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  });
  expect(outputFiles[0]!.text).not.toMatch(/from ['"]node:|\bprocess\.|\bBuffer\b/);
});
