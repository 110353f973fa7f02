import { KERNEL_ERRORS } from '../../kernel/errors.ts';
import type { Entry, Registry } from '../../kernel/registry.ts';

type Json = Record<string, unknown>;

const properties = (schema: unknown): Record<string, Json> =>
  (schema as { properties?: Record<string, Json> }).properties ?? {};
const required = (schema: unknown): readonly string[] => (schema as { required?: readonly string[] }).required ?? [];

/** The OpenAPI 3.1 document of all operations. The same registry gives the same text. */
export function buildOpenApi(registry: Registry): Json {
  const schemas = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const entry of registry.entries.values()) {
    const path = entry.descriptor.http.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][entry.descriptor.http.method.toLowerCase()] = describe(entry, registry, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'The Cloud',
      version: '0.1.0',
      description: CONVENTIONS,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: registry.services.map((service) => ({ name: service.name, description: service.title })),
    paths,
    components: {
      schemas: {
        ...Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
        Meta: META,
        Error: ERROR,
      },
      headers: HEADERS,
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

/** What holds for every operation. */
const CONVENTIONS = [
  'Bodies are JSON in UTF-8, at most 32 levels deep, sent with Content-Type: application/json and no Content-Encoding.',
  'An optional member that is null or empty ("", [] of a list, {} of an object) counts as absent, unless its schema takes that value. An unknown member is refused unless it is empty.',
  'Refusals are sentences: what is wrong, the value, and what to do.',
  'Requests are limited by key and by tenant. Every answer to a valid key tells what is left (RateLimit-Limit, -Remaining, -Reset). A 429 with the code RATE_LIMITED came too fast: send it again after Retry-After. A 429 with QUOTA_EXCEEDED needs room first: delete something, or ask the operator for more.',
].join(' ');

const META: Json = {
  type: 'object',
  required: ['request_id', 'timestamp'],
  properties: {
    request_id: { type: 'string' },
    timestamp: { type: 'string', format: 'date-time' },
    next_cursor: { type: 'string', description: 'Present if there are more results: send it as cursor' },
  },
};

const HEADERS = {
  ETag: { description: 'Version of the resource, for If-Match', schema: { type: 'string' } },
  'Idempotency-Replayed': {
    description: 'true if this repeats an earlier answer for the same Idempotency-Key and nothing was changed',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } },
  'RateLimit-Limit': {
    description:
      'Most requests at once. Where a request counts for its key and for its tenant, these three tell of the limit that will be reached first',
    schema: { type: 'integer' },
  },
  'RateLimit-Remaining': { description: 'Requests that are left now', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until all requests are back', schema: { type: 'integer' } },
} as const;

const ERROR: Json = {
  type: 'object',
  required: ['error', 'meta'],
  properties: {
    error: {
      type: 'object',
      required: ['type', 'message', 'code'],
      properties: { type: { type: 'string' }, message: { type: 'string' }, code: { type: 'string' } },
    },
    meta: { $ref: '#/components/schemas/Meta' },
  },
};

function describe(entry: Entry, registry: Registry, schemas: Map<string, Json>): Json {
  const { descriptor } = entry;
  const bodied = descriptor.http.method !== 'GET' && descriptor.http.method !== 'DELETE';
  const members = Object.entries(properties(descriptor.input));
  const inBody = bodied ? members.filter(([name]) => !entry.pathParams.includes(name)) : [];
  const parameters = members
    .filter(([name]) => entry.pathParams.includes(name) || !bodied)
    .map(([name, schema]) => {
      const inPath = entry.pathParams.includes(name);
      const { description, ...type } = schema;
      return {
        name,
        in: inPath ? 'path' : 'query',
        required: inPath || required(descriptor.input).includes(name),
        ...(description ? { description } : {}),
        schema: type,
      };
    });
  return {
    operationId: entry.name,
    tags: [entry.service],
    summary: descriptor.summary,
    ...(descriptor.description ? { description: descriptor.description } : {}),
    ...(entry.permission ? { 'x-permission': entry.permission } : {}),
    ...(descriptor.uses ? { 'x-quotas': descriptor.uses } : {}),
    ...(descriptor.messages ? { 'x-messages': descriptor.messages } : {}),
    security: entry.scope === 'public' ? [] : [{ apiKey: [] }, { bearer: [] }],
    parameters: [...parameters, ...headerParameters(entry)],
    ...(inBody.length > 0 ? { requestBody: requestBody(entry, inBody) } : {}),
    responses: { ...success(entry, schemas), ...failures(entry, registry) },
  };
}

function headerParameters(entry: Entry): readonly Json[] {
  const parameters: Json[] = [];
  if (entry.scope === 'tenant')
    parameters.push({ name: 'X-Tenant-ID', in: 'header', required: false, schema: { type: 'string', format: 'uuid' } });
  if (entry.idempotent)
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      schema: { type: 'string', maxLength: 255 },
    });
  if (entry.writes && entry.plane === 'control' && entry.targetKind?.version)
    parameters.push({
      name: 'If-Match',
      in: 'header',
      required: false,
      description:
        'The ETag that you last saw. If the resource has changed since, the answer is CONFLICT and nothing is done',
      schema: { type: 'string' },
    });
  if (entry.answer === 'events')
    parameters.push({
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'The id of the last event that arrived, as browsers send it; it wins over after',
      schema: { type: 'string', maxLength: 2000 },
    });
  if (entry.descriptor.settles) {
    parameters.push({
      name: 'wait',
      in: 'query',
      required: false,
      description: `Seconds to hold the answer until ${entry.descriptor.settles.field} is one of ${entry.descriptor.settles.values.join(', ')}`,
      schema: { type: 'integer', minimum: 0, maximum: 60 },
    });
  }
  return parameters;
}

/** Whether it answers a thing that counts its changes. */
const hasVersion = (entry: Entry): boolean =>
  entry.descriptor.effect !== 'list' && entry.answeredKind?.version !== undefined;

/** Every answer to a valid key has them; the document names them where a client acts on them. */
const RATE = { 'RateLimit-Limit': true, 'RateLimit-Remaining': true, 'RateLimit-Reset': true };

/** The headers of an answer; nothing where there are none. */
const headersOf = (names: Readonly<Partial<Record<keyof typeof HEADERS, boolean>>>): Json => {
  const sent = Object.keys(names).filter((name) => names[name as keyof typeof HEADERS]);
  if (sent.length === 0) return {};
  return { headers: Object.fromEntries(sent.map((name) => [name, { $ref: `#/components/headers/${name}` }])) };
};

function requestBody(entry: Entry, members: readonly (readonly [string, Json])[]): Json {
  const needed = required(entry.descriptor.input).filter((name) => members.some(([member]) => member === name));
  return {
    required: needed.length > 0,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: Object.fromEntries(members),
          ...(needed.length > 0 ? { required: needed } : {}),
          additionalProperties: false,
        },
      },
    },
  };
}

/** A schema with a name stands once, among the components. */
function reference(schema: unknown, schemas: Map<string, Json>): Json {
  const { $id, ...rest } = schema as Json & { $id?: string };
  const inner: Json = { ...rest };
  if (rest.properties)
    inner.properties = Object.fromEntries(
      Object.entries(rest.properties as Json).map(([key, value]) => [key, reference(value, schemas)]),
    );
  if (rest.items) inner.items = reference(rest.items, schemas);
  if ($id === undefined) return inner;
  schemas.set($id, inner);
  return { $ref: `#/components/schemas/${$id}` };
}

function success(entry: Entry, schemas: Map<string, Json>): Json {
  const { answer } = entry;
  const done = { '204': { description: 'Done', ...headersOf(RATE) } };
  if (entry.status === 204 && Object.keys(properties(entry.descriptor.output)).length === 0) return done;
  if (answer === 'socket') return { [entry.status]: { description: 'A websocket' } };
  if (answer === 'events') {
    const schema = reference(entry.descriptor.output, schemas);
    const description =
      'Server-sent events: the data of each is JSON of this schema, its id resumes the stream, and an event named error ends it';
    return { [entry.status]: { description, content: { 'text/event-stream': { schema } } } };
  }
  if (entry.descriptor.content) {
    const content = Object.fromEntries(entry.descriptor.content.map((type) => [type, { schema: { type: 'string' } }]));
    return { [entry.status]: { description: entry.descriptor.summary, content } };
  }
  if (answer === 'text' || answer === 'stream')
    return { [entry.status]: { description: 'Text', content: { 'text/plain': { schema: { type: 'string' } } } } };
  const one = reference(entry.descriptor.output, schemas);
  const data = entry.descriptor.effect === 'list' ? { type: 'array', items: one } : one;
  const schema = {
    type: 'object',
    required: ['data', 'meta'],
    properties: { data, meta: { $ref: '#/components/schemas/Meta' } },
  };
  const headers = headersOf({
    ETag: hasVersion(entry),
    'Idempotency-Replayed': entry.idempotent,
    ...RATE,
  });
  const content = { 'application/json': { schema } };
  const shown = { description: entry.descriptor.summary, ...headers, content };
  return entry.status === 204 ? { ...done, '200': shown } : { [entry.status]: shown };
}

function failures(entry: Entry, registry: Registry): Json {
  const codes: string[] = ['INVALID_INPUT', 'MISDIRECTED_REQUEST', 'RATE_LIMITED', 'HEADERS_TOO_LARGE'];
  codes.push('INTERNAL', 'UNAVAILABLE');
  if (entry.scope !== 'public') codes.push('UNAUTHORIZED', 'FORBIDDEN');
  if (entry.targetKind) codes.push('NOT_FOUND');
  if (entry.writes) codes.push('CONFLICT', 'REQUEST_TIMEOUT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (entry.steps.quota) codes.push('QUOTA_EXCEEDED');
  if (entry.idempotent) codes.push('IDEMPOTENCY_MISMATCH');
  codes.push(...(entry.descriptor.errors ?? []));
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const status = registry.errorStatus.get(code) ?? KERNEL_ERRORS.INTERNAL;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, names]) => [
        String(status),
        {
          description: names.join(', '),
          ...headersOf({ 'Retry-After': status === 429 || status === 503, ...(status === 429 ? RATE : {}) }),
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      ]),
  );
}
