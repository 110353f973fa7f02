import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createTransport } from '@thecloud/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openShell, type TestShell } from '../../packages/cli/src/testing/test-world.ts';
import type { ConsoleSchema } from '../../packages/console/src/contract.ts';
import { commandLineOf } from '../../packages/console/src/snippets/command-line.ts';
import { curlOf } from '../../packages/console/src/snippets/curl.ts';
import { programOf } from '../../packages/console/src/snippets/program.ts';
import { shownInput, type SnippetOperation } from '../../packages/console/src/snippets/shown-input.ts';
import { type FakeServer, type SeenRequest, startFakeServer } from '../../packages/sdk/src/testing/fake-server.ts';

const root = join(import.meta.dirname, '../..');
const operations = JSON.parse(readFileSync(join(root, 'api/operations.json'), 'utf8')) as readonly SnippetOperation[];
const operationOf = (name: string) => operations.find((one) => one.name === name)!;
const HERE = { endpoint: 'http://127.0.0.1:8080' };
const TENANT = '01900000-0000-7000-8000-000000000001';
const KEY = `thecloud_${'a'.repeat(32)}`;

/** What somebody may type or paste where text is wanted. */
const ODD = [
  "it's",
  'say "hi"',
  '-dash',
  '--wait',
  'two\nlines\ttab',
  '<script>alert(1)</script>',
  '$HOME `id` $(id) \\ \\" \\n !x',
  'ünï 😀 \u202Eright to left',
  "'; rm -rf /; '",
  'a=b',
  '#no comment',
  '~',
  'help',
  '%41?q=1&r#s/../..',
  ' blank ',
  '[1] {2} *',
  "red \u001B[31m\u0003 100% \\n \u009B it's\r",
  '-bell\u0007\n\n',
];
type Odd = (member: string) => string;

/** A value of a schema; what is free text is odd. */
function valueOf(schema: ConsoleSchema, odd: string): unknown {
  const { anyOf, type, items, properties } = schema;
  const choices = schema.enum ?? anyOf?.map((one) => one.const).filter((one) => one !== undefined);
  if (choices && choices.length > 0) return choices[0];
  const others = anyOf?.filter((one) => one.type !== 'null');
  if (others?.length === 1) return valueOf(others[0]!, odd);
  if (type === 'integer' || type === 'number') return schema.minimum ?? 7;
  if (type === 'boolean') return odd.length % 2 === 0;
  if (type === 'array') return [valueOf(items ?? {}, odd), valueOf(items ?? {}, 'plain')];
  if (type === 'object') {
    if (properties)
      return Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, valueOf(member, odd)]));
    const one = Object.values(schema.patternProperties ?? {})[0] ?? { type: 'string' };
    return { tier: valueOf(one, odd), 'a b.c/d': valueOf(one, 'x') };
  }
  return schema.pattern?.includes('=') ? `A=${odd}` : odd;
}

/** The whole input of an operation, or only what it must have. */
function inputOf({ input, secrets = [], path }: SnippetOperation, odd: Odd, isWhole: boolean) {
  const wanted = Object.entries(input.properties ?? {}).filter(
    ([name]) =>
      !secrets.includes(name) && (isWhole || input.required?.includes(name)) && !path.startsWith(`/${name}s/:${name}/`),
  );
  return Object.fromEntries(wanted.map(([name, schema]) => [name, valueOf(schema, odd(name))]));
}

/** Each operation with inputs that are odd in a different way each. */
const cases = operations
  .filter(({ answer }) => answer !== 'socket' && answer !== 'events')
  .flatMap((operation, nth) =>
    [0, 1, 2].map((turn) => {
      const odd: Odd = (member) => ODD[(nth * 3 + turn * 5 + member.length) % ODD.length]!;
      return { operation, input: inputOf(operation, odd, turn < 2), tenantId: nth % 2 === 0 ? TENANT : undefined };
    }),
  );

let server: FakeServer;
let shell: TestShell;
const folder = join(root, '.cache', `snippets-${process.pid}`);

beforeAll(async () => {
  server = await startFakeServer(() => ({ data: [] }));
  shell = openShell({ CLOUD_ENDPOINT: server.endpoint, CLOUD_API_KEY: KEY });
  mkdirSync(folder, { recursive: true });
});
beforeEach(() => void server.seen.splice(0));
afterAll(async () => {
  shell.remove();
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** A request without what differs from client to client. */
function plainly({ method, path, query, body, headers }: SeenRequest) {
  query.sort();
  return { method, path, query: query.toString(), body, key: headers['x-api-key'], tenant: headers['x-tenant-id'] };
}
const seen = () => plainly(server.seen.splice(0).at(-1)!);

/** What the SDK sends for the same call: every snippet sends that. */
async function expected(operation: SnippetOperation, input: Readonly<Record<string, unknown>>, tenantId?: string) {
  const transport = createTransport({
    endpoint: server.endpoint,
    ...(operation.scope === 'public' ? {} : { apiKey: KEY }),
    ...(['public', 'operator'].includes(operation.scope) ? {} : { tenantId }),
  });
  const shown = JSON.parse(JSON.stringify(shownInput(operation, input))) as Record<string, unknown>;
  const { name, method, path } = operation;
  await transport.call({ name, method, path, answer: 'text' }, shown);
  return seen();
}

/** The words that a real shell makes of each command. */
function wordsOf(commands: readonly string[]): readonly (readonly string[])[] {
  const script = [`cloud() { printf '%s\\0' "$#" "$@"; }`, ...commands].join('\n');
  const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const words = stdout.split('\0');
  return commands.map(() => words.splice(0, Number(words.shift())));
}

/** Whether the command sends one request, and asks for nothing. */
const isPlain = ({ name, cli }: SnippetOperation) =>
  name !== 'tenants.switch' && cli !== 'custom' && !(typeof cli === 'object' && cli.custom === true);

describe('the snippets of a call', () => {
  it('are a cloud command that sends the same', async () => {
    let plain = 0;
    const sending = cases.filter(({ operation }) => isPlain(operation));
    const commands = sending.map(({ operation, input, tenantId }) =>
      commandLineOf(operation, input, { endpoint: server.endpoint, tenantId }),
    );
    const argv = wordsOf(commands);
    for (const [nth, { operation, input, tenantId }] of sending.entries()) {
      const command = commands[nth]!;
      const ended = await shell.cloud(argv[nth]!);
      expect(ended, command).toMatchObject({ code: 0 });
      expect({ ...seen(), key: undefined }, command).toEqual({
        ...(await expected(operation, input, tenantId)),
        key: undefined,
      });
      if (!command.startsWith('cloud api ')) plain++;
    }
    // What flags cannot say is rare.
    expect(plain).toBeGreaterThan(200);
  });

  it('are a command of queues that sends the same, where that is hand-written', async () => {
    const attributes = { kind: { type: 'String', value: 'a=b' }, '-n': { type: 'Number.int', value: '5' } };
    const handle = { id: 'jobs', receipt_handle: 'a1' };
    const calls: readonly (readonly [verb: string, input: Readonly<Record<string, unknown>>, isRequest?: true])[] = [
      ...ODD.map((body) => ['send', { id: 'jobs', body }] as const),
      ['send', { id: 'jobs.fifo', body: 'x', attributes, delay_seconds: 5, group_id: 'g', deduplication_id: 'd' }],
      ['send', { id: 'jobs', body: '-' }, true],
      ['send', { id: 'jobs', body: 'x', attributes: { a: { type: 'String.=', value: 'x' } } }, true],
      ['sendBatch', { id: 'jobs', entries: [{ id: '1', body: 'x' }] }, true],
      ['receive', { id: 'jobs', max_messages: 10, wait_seconds: 20, visibility_timeout: 60, attempt_id: 'a' }],
      ['deleteMessage', handle],
      ['deleteMessages', { id: 'jobs', entries: [{ id: '1', receipt_handle: 'a1' }] }, true],
      ['changeVisibility', { ...handle, visibility_timeout: 0 }],
    ];
    for (const [verb, input, isRequest = false] of calls) {
      const operation = operationOf(`queues.${verb}`);
      const command = commandLineOf(operation, input, { endpoint: server.endpoint });
      expect(command.startsWith('cloud api '), command).toBe(isRequest);
      const [argv] = wordsOf([command]);
      expect(await shell.cloud(argv!), command).toMatchObject({ code: 0 });
      expect(seen(), command).toEqual(await expected(operation, input));
    }
  });

  it('are a curl command that sends the same, with the key of the environment', { timeout: 60_000 }, async () => {
    // A process takes long: one shell runs all.
    const whole = cases.filter((_, nth) => nth % 3 === 0);
    const commands = whole.map(
      ({ operation, input, tenantId }) =>
        `${curlOf(operation, input, { endpoint: server.endpoint, tenantId })!} --silent --fail`,
    );
    await promisify(execFile)('sh', ['-e', '-c', commands.join('\n')], { env: { ...process.env, CLOUD_API_KEY: KEY } });
    const sent = server.seen.splice(0).map(plainly);
    for (const [nth, { operation, input, tenantId }] of whole.entries())
      expect(sent[nth], commands[nth]).toEqual(await expected(operation, input, tenantId));
  });

  it('are a program that sends the same', async () => {
    const before = process.env.CLOUD_API_KEY;
    process.env.CLOUD_API_KEY = KEY;
    const [log, write] = [console.log, process.stdout.write];
    try {
      for (const [nth, { operation, input, tenantId }] of cases.entries()) {
        const program = programOf(operation, input, { endpoint: server.endpoint, tenantId });
        const path = join(folder, `run-${nth}.ts`);
        writeFileSync(path, program);
        console.log = () => undefined;
        process.stdout.write = () => true;
        try {
          await import(pathToFileURL(path).href);
        } finally {
          console.log = log;
          process.stdout.write = write;
        }
        expect(seen(), program).toEqual(await expected(operation, input, tenantId));
      }
    } finally {
      if (before === undefined) delete process.env.CLOUD_API_KEY;
      else process.env.CLOUD_API_KEY = before;
    }
  });

  it('are programs that the compiler takes', { timeout: 120_000 }, () => {
    const typed = join(folder, 'typed');
    mkdirSync(typed);
    for (const [nth, { operation, input }] of cases.entries())
      writeFileSync(join(typed, `${nth}.ts`), `export {};\n${programOf(operation, input, HERE)}`);
    writeFileSync(
      join(typed, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.ts'], exclude: [] }),
    );
    const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', typed], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
    });
    expect(tsc.stdout).toBe('');
    expect(tsc.status).toBe(0);
  });

  it('never show a secret, but the name of a variable', () => {
    const launch = operationOf('instances.launch');
    const input = {
      name: 'web',
      image: 'busybox',
      env: ['TOKEN=hunter2', 'A=hunter2'],
      cmd: ['sh', '-c', 'echo hunter2'],
    };
    const login = operationOf('auth.login');
    const texts = [
      commandLineOf(launch, input, HERE),
      curlOf(launch, input, HERE)!,
      programOf(launch, input, HERE),
      commandLineOf(login, { email: 'ann@example.com', password: 'hunter2' }, HERE),
      curlOf(login, { email: 'ann@example.com', password: 'hunter2' }, HERE)!,
      programOf(login, { email: 'ann@example.com', password: 'hunter2' }, HERE),
    ];
    expect(texts).toMatchInlineSnapshot(`
      [
        "cloud instances launch web \\
        --image busybox \\
        --env 'TOKEN=<value>' \\
        --env 'A=<value>' \\
        -- '<cmd>'",
        "curl http://127.0.0.1:8080/instances \\
        -H "X-API-Key: $CLOUD_API_KEY" \\
        --json '{"name":"web","image":"busybox","env":["TOKEN=<value>","A=<value>"],"cmd":["<cmd>"]}'",
        "import { createClient } from '@thecloud/sdk';

      const cloud = createClient({ endpoint: 'http://127.0.0.1:8080', apiKey: process.env.CLOUD_API_KEY });
      const answer = await cloud.instances.launch({
        name: 'web',
        image: 'busybox',
        env: ['TOKEN=<value>', 'A=<value>'],
        cmd: ['<cmd>'],
      });
      console.log(answer);
      ",
        "cloud login",
        "curl http://127.0.0.1:8080/auth/login \\
        --json '{"email":"ann@example.com","password":"<password>"}'",
        "import { createClient } from '@thecloud/sdk';

      const cloud = createClient({ endpoint: 'http://127.0.0.1:8080' });
      const answer = await cloud.auth.login({ email: 'ann@example.com', password: '<password>' });
      console.log(answer);
      ",
      ]
    `);
    for (const text of texts) expect(text).not.toContain('hunter2');
  });

  it('hold no key that a terminal would take when they are pasted', () => {
    const description = '\u0003\u001B[A\u0015rm -rf /\r\u009Bx\n';
    const update = operationOf('roles.update');
    for (const text of [
      commandLineOf(update, { id: 'ops', description }, HERE),
      curlOf(update, { id: 'ops', description }, HERE)!,
    ])
      expect(text).not.toMatch(/[\p{Cc}--[\n\t]]/v);
  });

  it('show holes where a form is still empty', () => {
    const launch = operationOf('instances.launch');
    expect(commandLineOf(launch, {}, HERE)).toMatchInlineSnapshot(
      `"cloud instances launch '<name>' --image '<image>'"`,
    );
    expect(commandLineOf(operationOf('instances.stop'), {}, HERE)).toMatchInlineSnapshot(
      `"cloud instances stop '<id>'"`,
    );
    expect(curlOf(operationOf('instances.stop'), {}, HERE)).toMatchInlineSnapshot(`
      "curl -X POST 'http://127.0.0.1:8080/instances/<id>/stop' \\
        -H "X-API-Key: $CLOUD_API_KEY""
    `);
    expect(programOf(operationOf('members.add'), { email: '' }, HERE)).toMatchInlineSnapshot(`
      "import { createClient } from '@thecloud/sdk';

      const cloud = createClient({ endpoint: 'http://127.0.0.1:8080', apiKey: process.env.CLOUD_API_KEY });
      const answer = await cloud.members.add({ tenant: 'current', email: '<email>', role: '<role>' });
      console.log(answer);
      "
    `);
  });

  it('go by another command where there is one, and by any request where flags cannot say it', () => {
    expect(commandLineOf(operationOf('instances.terminal'), { id: 'web' }, HERE)).toMatchInlineSnapshot(
      `"cloud instances exec -it web -- sh"`,
    );
    expect(commandLineOf(operationOf('events.stream'), { action: 'VPC_*' }, HERE)).toMatchInlineSnapshot(
      `"cloud events list --follow --action 'VPC_*'"`,
    );
    expect(commandLineOf(operationOf('roles.update'), { id: 'ops', permissions: [] }, HERE)).toMatchInlineSnapshot(
      `"cloud api PUT /rbac/roles/ops --data '{"permissions":[]}'"`,
    );
    expect(
      commandLineOf(operationOf('auth.changePassword'), { old_password: 'a', new_password: 'b' }, HERE),
    ).toMatchInlineSnapshot(`"cloud auth change-password"`);
  });
});
