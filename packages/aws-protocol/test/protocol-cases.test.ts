import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { AwsServer, Service } from '../src/index.ts';
import { type C2jRef, type C2jShape, expectedOf, fromC2j } from './support/c2j.ts';
import { normalize } from './support/compare.ts';

interface Suite {
  description: string;
  metadata: { apiVersion?: string; targetPrefix?: string };
  shapes: Record<string, C2jShape>;
  cases: {
    given: { name: string; http?: { method: string; requestUri?: string }; input?: C2jRef & { payload?: string } };
    params?: Record<string, unknown>;
    serialized: { method?: string; uri?: string; body?: string; headers?: Record<string, string> };
  }[];
}
const { suites } = JSON.parse(
  readFileSync(new URL('../fixtures/protocol-tests-input.json', import.meta.url), 'utf8'),
) as { suites: Record<string, Suite[]> };

/** Cases that no server can see as the client was given them: their texts are compared without the spaces around. */
const EXCEPT: Record<string, string> = {
  'rest-xml 26 Header whitespace #0': 'HTTP itself drops spaces around header values',
};

function trimmed(value: unknown): unknown {
  if (typeof value === 'string') return value.trim();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.trim(), trimmed(item)]));
}

/** Published for clients: what they serialize is read here, and must give the parameters again. */
describe.each(Object.entries(suites))('published %s request cases', (protocol, list) => {
  describe.each(list.map((suite, i) => [`${i} ${suite.description}`, suite] as const))('%s', (name, suite) => {
    it.each(suite.cases.map((one, i) => [i, one] as const))(
      'case %i',
      async (number, { given, params, serialized }) => {
        const model = fromC2j(protocol, suite.metadata, suite.shapes, given);
        let received: Record<string, unknown> | undefined;
        const handler = async (input: Record<string, unknown>) => {
          received = { ...input };
          for (const [key, value] of Object.entries(received))
            if (value instanceof Readable) received[key] = await collect(value, 1 << 20);
          return {};
        };
        const server = new AwsServer({
          // Some send values that their enums do not have: it is the form that matters.
          services: [new Service(model, { [given.name]: handler } as never, { validate: false })],
          credentials: () => undefined,
          allowAnonymous: () => true,
        });
        const headers: Record<string, string> = { host: 'proto.example.com' };
        for (const [key, value] of Object.entries(serialized.headers ?? {})) headers[key.toLowerCase()] = value;
        if (protocol === 'query' || protocol === 'ec2') headers['content-type'] ??= 'application/x-www-form-urlencoded';
        // Some cases of JSON RPC leave the target out, as none of their matter.
        if (protocol === 'json') headers['x-amz-target'] ??= `${model.target}.${given.name}`;
        const body = Buffer.from(serialized.body ?? '');
        const answer = await server.handle({
          method: serialized.method ?? given.http?.method ?? 'POST',
          url: serialized.uri ?? '/',
          headers,
          body,
        });
        expect(answer.status, String(answer.body)).toBe(200);
        const expected = (
          given.input ? expectedOf(suite.shapes, { shape: given.input.shape }, params ?? {}) : {}
        ) as Record<string, unknown>;
        const seen = { ...received };
        // Tokens are made by the client; an empty stream, blob or map is as good as none.
        for (const [key, ref] of Object.entries((given.input && suite.shapes[given.input.shape]?.members) ?? {})) {
          const value = seen[key];
          const empty =
            value instanceof Uint8Array
              ? value.length === 0
              : typeof value === 'object' && value !== null && Object.keys(value).length === 0;
          if (expected[key] === undefined && (ref.idempotencyToken || empty)) delete seen[key];
        }
        const trims = EXCEPT[`${protocol} ${name} #${number}`] !== undefined;
        expect(normalize(seen)).toEqual(trims ? trimmed(normalize(expected)) : normalize(expected));
      },
    );
  });
});
