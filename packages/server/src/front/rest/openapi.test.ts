import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeOperations } from '../../kernel/describe.ts';
import { createSealer } from '../../kernel/seal.ts';
import { composeRegistry } from '../../services.ts';
import { buildOpenApi } from './openapi.ts';

const compose = () =>
  composeRegistry({
    sealer: createSealer(new Map([[1, randomBytes(32)]])),
    region: 'us-east-1',
    platformId: '00000000-0000-7000-8000-0000000000ff',
  });
const registry = compose();
interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: {
    required: boolean;
    content: Record<string, { schema: { properties: object; required?: string[] } }>;
  };
  readonly responses: Record<string, { description: string; headers?: Record<string, object> }>;
  readonly security: readonly object[];
}
const document = buildOpenApi(registry) as {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, object>;
    headers: Record<string, object>;
    securitySchemes: Record<string, object>;
  };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ path, method, described })),
);

/** Every object in the document. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

describe('the OpenAPI document', () => {
  it('is 3.1, with what it must have', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    for (const path of Object.keys(document.paths)) expect(path).toMatch(/^\/[\w/{}-]+$/);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['apiKey', 'bearer']);
  });

  it('has every operation once, under its name', () => {
    const ids = operations.map(({ described }) => described.operationId);
    expect([...ids].sort()).toEqual([...registry.entries.keys()].sort());
    for (const { path, method, described } of operations) {
      const { descriptor } = registry.entries.get(described.operationId)!;
      expect([method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1')]).toEqual([
        descriptor.http.method,
        descriptor.http.path,
      ]);
      expect(document.tags.map((tag) => tag.name)).toContain(described.tags[0]);
      expect(described.summary.length).toBeGreaterThan(3);
    }
  });

  it('has every member of every input in its place', () => {
    for (const { path, described } of operations) {
      const entry = registry.entries.get(described.operationId)!;
      const members = Object.keys((entry.descriptor.input as { properties?: object }).properties ?? {});
      const inPath = described.parameters
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
      const named = [
        ...described.parameters
          .filter((parameter) => parameter.in !== 'header' && parameter.name !== 'wait')
          .map((parameter) => parameter.name),
        ...Object.keys(described.requestBody?.content['application/json']!.schema.properties ?? {}),
      ];
      expect(named.sort()).toEqual([...members].sort());
      for (const parameter of described.parameters.filter((one) => one.in === 'path'))
        expect(parameter.required).toBe(true);
      expect(described.security.length > 0).toBe(entry.scope !== 'public');
    }
  });

  it('has a success and its failures for each', () => {
    for (const { described } of operations) {
      const entry = registry.entries.get(described.operationId)!;
      const statuses = Object.keys(described.responses);
      expect(statuses).toContain(String(entry.status));
      expect(statuses).toEqual(expect.arrayContaining(['400', '429', '500', '503']));
      if (entry.scope !== 'public') expect(statuses).toEqual(expect.arrayContaining(['401', '403']));
      if (entry.targetKind) expect(statuses).toContain('404');
      for (const response of Object.values(described.responses)) expect(response.description).not.toBe('');
    }
  });

  it('has the headers that a call takes and answers with', () => {
    const RATE = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'];
    const headersOf = (name: string) => {
      const { described } = operations.find((one) => one.described.operationId === name)!;
      const { status } = registry.entries.get(name)!;
      return {
        asked: described.parameters.filter((one) => one.in === 'header').map((one) => one.name),
        answered: Object.keys(described.responses[status]?.headers ?? {}),
        refused: Object.keys(described.responses['429']?.headers ?? {}),
      };
    };
    expect(headersOf('vpcs.create')).toEqual({
      asked: ['X-Tenant-ID', 'Idempotency-Key'],
      answered: ['ETag', 'Idempotency-Replayed', ...RATE],
      refused: ['Retry-After', ...RATE],
    });
    expect(headersOf('vpcs.get')).toMatchObject({ asked: ['X-Tenant-ID'], answered: ['ETag', ...RATE] });
    expect(headersOf('vpcs.list')).toMatchObject({ asked: ['X-Tenant-ID'], answered: RATE });
    expect(headersOf('vpcs.update')).toMatchObject({
      asked: ['X-Tenant-ID', 'Idempotency-Key', 'If-Match'],
      answered: ['ETag', 'Idempotency-Replayed', ...RATE],
    });
    expect(headersOf('vpcs.delete')).toMatchObject({
      asked: ['X-Tenant-ID', 'Idempotency-Key', 'If-Match'],
      answered: ['Idempotency-Replayed', ...RATE],
    });
    // What only the worker can do is not done again for a key.
    expect(headersOf('instances.exec').asked).not.toContain('Idempotency-Key');
    expect(headersOf('auth.login')).toMatchObject({ asked: [], answered: RATE });
    // A version is what If-Match compares: what has none takes none.
    for (const { described } of operations.filter((one) => one.described.tags[0] === 'keys'))
      expect(described.parameters.map((one) => one.name)).not.toContain('If-Match');
  });

  it('has only references that lead somewhere, and leaves no $id behind', () => {
    let references = 0;
    for (const object of objectsIn(document)) {
      expect(object).not.toHaveProperty('$id');
      if (typeof object.$ref !== 'string') continue;
      references++;
      const [, kind, name] = /^#\/components\/(schemas|headers)\/([\w-]+)$/.exec(object.$ref) ?? [];
      expect(document.components[kind as 'schemas' | 'headers']).toHaveProperty(name ?? object.$ref);
    }
    expect(references).toBeGreaterThan(20);
  });

  it('shows no secret: no example or default of one, no key', () => {
    const secrets = describeOperations(registry).flatMap(({ secrets = [], shownOnce = [], input, output }) => [
      ...secrets.map((member) => (input as { properties: Record<string, object> }).properties[member]),
      ...shownOnce.map((member) => (output as { properties: Record<string, object> }).properties[member]),
    ]);
    expect(secrets.length).toBeGreaterThan(20);
    for (const object of objectsIn(secrets))
      for (const word of ['example', 'examples', 'default']) expect(object).not.toHaveProperty(word);
    expect(JSON.stringify(document)).not.toMatch(/thecloud_[0-9a-f]{8}|AKIA[A-Z2-7]{8}/);
  });

  it('is the same each time, and so is the list of operations', () => {
    expect(JSON.stringify(buildOpenApi(compose()))).toBe(JSON.stringify(document));
    const described = describeOperations(registry);
    expect(JSON.stringify(describeOperations(compose()))).toBe(JSON.stringify(described));
    expect(described.map((one) => one.name)).toEqual([...registry.entries.keys()]);
  });
});
