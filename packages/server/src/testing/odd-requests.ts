import { request } from 'node:http';
import type { Entry } from '../kernel/registry.ts';

/** A request that no client of ours would send. */
export interface OddRequest {
  readonly flaw: string;
  readonly method: string;
  /** As it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** What the answer may be. Default: 400 or 404. */
  readonly status?: readonly number[];
  /** Nothing is wrong with it: it may also succeed. */
  readonly isHarmless?: boolean;
}

/** Words of the libraries below us: they are no sentences, and not ours. */
export const LIBRARYS_WORDS =
  /must match (pattern|a schema|format)|must be equal|must not have (fewer|more|dup|add)|must be (string|integer|object|array|boolean|number)\b|url component|prototype property|FST_|Unexpected|media type|is not valid JSON|violates|invalid input syntax/i;

/** Of every operation: path, query, headers and body, odd in each way that is known to break a server. `path` names what is there. */
export function oddRequests(entry: Entry, path: string, nowhere: string): readonly OddRequest[] {
  const { method } = entry.descriptor.http;
  const bodied = method !== 'GET' && method !== 'DELETE';
  const json = { 'content-type': 'application/json' };
  const made: OddRequest[] = [];
  if (bodied) {
    const full = Math.floor(entry.bodyLimit / 2) - 100;
    const bodies: Record<string, string | Buffer> = {
      'is cut short': '{',
      'is no object': '[]',
      'is a number': '7',
      'is a text': '"text"',
      'is null': 'null',
      'is nothing but lists in lists': '['.repeat(full) + ']'.repeat(full),
      'holds lists in lists': `{"a":${'['.repeat(full)}${']'.repeat(full)}}`,
      'holds objects in objects': `${'{"a":'.repeat(Math.floor(full / 3))}1${'}'.repeat(Math.floor(full / 3))}`,
      'opens lists that it does not close': '['.repeat(full),
      'has a key __proto__': '{"__proto__": {"a": 1}}',
      'has a key constructor': '{"constructor": {"prototype": {"a": 1}}}',
      'has a number beyond all numbers': '{"surprise": 1e999}',
      'has a number of many digits': `{"surprise": ${'9'.repeat(1000)}}`,
      'has half a surrogate pair': '{"surprise": "\\ud800"}',
      'has a NUL in a key': '{"a\\u0000b": 1}',
      'is no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      'is UTF-16': Buffer.from('{"a": 1}', 'utf16le'),
      'is a NUL': Buffer.from([0]),
    };
    for (const [flaw, body] of Object.entries(bodies))
      made.push({ flaw: `the body ${flaw}`, method, path, headers: json, body });
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'json', ';', 'a/b; "'])
      made.push({
        flaw: `the body is ${type}`,
        method,
        path,
        headers: { 'content-type': type },
        body: '{}',
        status: [415],
      });
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip', 'x'.repeat(500)])
      made.push({
        flaw: `the body is encoded in ${encoding.slice(0, 20)}`,
        method,
        path,
        headers: { ...json, 'content-encoding': encoding },
        body: '{}',
        status: [415],
      });
  }
  if (method === 'DELETE')
    made.push({ flaw: 'a body of a deletion', method, path, headers: json, body: '{"force": true}' });
  const queries = [
    '__proto__=1',
    'constructor=1',
    'surprise=1&surprise=2',
    'limit=1&limit=2',
    'surprise[a]=1',
    '%ff=1',
    'surprise=%zz',
    'surprise=%',
    'surprise=%00',
    'wait=1&wait=2',
    `surprise=${'x'.repeat(5_000)}`,
    `${'surprise&'.repeat(1_000)}a=1`,
    ...['61', '-1', '1e1', 'NaN', '%D9%A3', '9'.repeat(400)].map((wait) => `wait=${wait}`),
  ];
  for (const query of queries)
    made.push({ flaw: `the query ${query.slice(0, 40)}`, method, path: `${path}?${query}`, headers: {} });
  if (entry.pathParams.length > 0) {
    const words = [
      '%00',
      '%ff',
      '%',
      '%2e%2e',
      '..%2f..',
      '%F0%9F%92%A9',
      '__proto__',
      'constructor',
      '%20',
      "'%20or%201=1",
    ];
    for (const word of [...words, 'x'.repeat(300), 'x'.repeat(2_000), '%61'.repeat(900)])
      made.push({ flaw: `the id ${word.slice(0, 40)}`, method, path: pathOf(entry, () => word), headers: {} });
  }
  // What is asked for is not there, or the body is wrong: no call succeeds that changes something.
  const harmless = { method, path: nowhere, body: bodied ? '[]' : undefined, isHarmless: !entry.writes };
  const longest = 'x'.repeat(8_000);
  const strange: Readonly<Record<string, string>>[] = [
    { accept: 'text/html;q=9, */*;q=-1, ,' },
    { accept: longest },
    { 'accept-encoding': 'x, *;q=0' },
    { 'last-event-id': '-1' },
    { 'last-event-id': longest },
    { upgrade: 'h2c' },
    { upgrade: 'websocket, h2c', connection: 'upgrade' },
    { expect: '999-none' },
    { range: 'bytes=-' },
    { te: 'trailers, x;q=9' },
    { 'idempotency-key': '\xe4\xff "' },
    { 'if-none-match': '"' },
    { 'user-agent': '\xff'.repeat(4_000) },
    { 'x-request-id': "'; drop table users; --" },
    { 'x-forwarded-for': `fe80::1%${'z'.repeat(100)}` },
    { origin: 'null', referer: '%%%' },
    { 'content-type': 'application/json; charset=utf-7; x="' },
  ];
  for (const headers of strange) {
    const [name, value] = Object.entries(headers)[0]!;
    made.push({
      ...without(harmless),
      flaw: `the header ${name}: ${value.slice(0, 20)}`,
      headers: { ...(bodied ? json : {}), ...headers },
      status: [400, 404, 415],
    });
  }
  for (const ifMatch of ['', '"', '"-1"', 'W/""', '"1", "2"', longest, '\xff'])
    made.push({
      ...without(harmless),
      isHarmless: false,
      flaw: `If-Match ${ifMatch.slice(0, 9)}`,
      headers: { ...json, 'if-match': ifMatch },
    });
  if (entry.writes)
    for (const key of ['', 'k'.repeat(256), longest])
      made.push({
        ...without(harmless),
        isHarmless: false,
        flaw: `Idempotency-Key ${key.slice(0, 9)}`,
        headers: { ...json, 'idempotency-key': key },
      });
  if (entry.scope !== 'public')
    for (const tenant of ['0', longest, "' or 1=1", '\xff', '{00000000-0000-0000-0000-000000000000}'])
      made.push({
        ...without(harmless),
        isHarmless: false,
        flaw: `X-Tenant-ID ${tenant.slice(0, 9)}`,
        headers: { ...json, 'x-tenant-id': tenant },
      });
  return made;
}

/** Without members that are undefined. */
const without = <T extends { readonly body: string | undefined }>({
  body,
  ...rest
}: T): Omit<T, 'body'> & { body?: string } => (body === undefined ? rest : { ...rest, body });

/** The operation's path, with a word for each of its parameters, as it is to stand there. */
export const pathOf = (entry: Entry, word: (param: string) => string): string =>
  entry.descriptor.http.path.replaceAll(/:(\w+)/g, (_all, param: string) => word(param));

export interface OddAnswer {
  readonly status: number;
  readonly text: string;
  readonly message: string | undefined;
}

/** Sends it as it is: a client would mend it. Rejects when there is no answer. */
export function sendOdd(url: string, odd: Omit<OddRequest, 'flaw'>, key: string): Promise<OddAnswer> {
  return new Promise((resolve, reject) => {
    const length = odd.body === undefined ? {} : { 'content-length': Buffer.byteLength(odd.body) };
    const sent = request(
      `${url}/`,
      { method: odd.method, path: odd.path, headers: { 'x-api-key': key, ...length, ...odd.headers }, agent: false },
      (answer) => {
        let text = '';
        // It has no end.
        if (answer.headers['content-type']?.startsWith('text/event-stream')) {
          sent.destroy();
          return resolve({ status: answer.statusCode!, text, message: undefined });
        }
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.once('error', reject);
        answer.once('end', () => {
          const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false;
          const parsed = (isJson ? JSON.parse(text) : {}) as { error?: { message?: string } };
          resolve({ status: answer.statusCode!, text, message: parsed.error?.message });
        });
      },
    );
    sent.once('error', reject);
    sent.end(odd.body);
  });
}
