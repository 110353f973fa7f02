import { createClient, outputBytes, stdinBytes } from '@thecloud/sdk';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../testing/seed.ts';
import { memberWith, revoke, runMachine } from '../../testing/machines.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { insertInstance } from './examples.ts';

// What the worker does for a caller at once, through the door.

const { api, owner, engine } = await setUpApi();
type Member = Awaited<ReturnType<typeof memberWith>>;

/** What ends somebody's right to a command, and the status that they are told. */
const ENDS = [
  ['its key is revoked', (actor: Member) => revoke(api, actor), 401],
  ['its permission is taken away', (actor: Member) => actor.takeAway(), 403],
  [
    'its user is no member any more',
    ({ userId }: Member) => api.owner.query('delete from memberships where user_id = $1', [userId]),
    401,
  ],
  [
    'its user is suspended',
    ({ userId }: Member) => api.owner.query('update users set suspended_at = now() where id = $1', [userId]),
    403,
  ],
] as const;

describe('what the worker does live', () => {
  const running = () => runMachine(api, engine, owner);

  it('is to run commands, with standard input, a limit and its words', async () => {
    const id = await running();
    const exec = (input: object) => api.call('instances.exec', { id, ...input }, owner);
    expect((await exec({ command: ['echo', 'hello'] })).data).toEqual({
      exit_code: 0,
      stdout: 'hello\n',
      stderr: '',
      encoding: 'utf-8',
      truncated: false,
      timed_out: false,
    });
    expect((await exec({ command: ['cat'], stdin: 'through' })).data.stdout).toBe('through');
    expect((await exec({ command: ['false'] })).data.exit_code).toBe(1);
    expect((await exec({ command: ['sleep', '9'], timeout: 1 })).data.timed_out).toBe(true);
    engine.failNext('exec', 'timeout', 'the guest does not answer');
    expect(await exec({ command: ['echo'] })).toMatchObject({
      status: 504,
      code: 'TIMEOUT',
      message: 'the instance did not answer in time; try again',
    });
    await api.call('instances.reboot', { id }, owner);
    expect(await exec({ command: ['echo'] })).toMatchObject({
      status: 409,
      code: 'INSTANCE_NOT_RUNNING',
      message: expect.stringContaining('is STARTING'),
    });
    await api.call('instances.stop', { id }, owner);
    expect(await exec({ command: ['echo'] })).toMatchObject({ status: 409, code: 'INSTANCE_NOT_RUNNING' });
    await api.owner.query(`update instances set status = 'STOPPED' where id = $1`, [id]);
    expect(await exec({ command: ['echo'] })).toMatchObject({ status: 409, code: 'INSTANCE_NOT_RUNNING' });
  });

  it('is to carry bytes as they are: as text where they are text, else in base64', async () => {
    const id = await running();
    const cat = async (bytes: Buffer, more: object = {}) => {
      const stdin = bytes.toString('base64');
      return (
        await api.call('instances.exec', { id, command: ['cat'], stdin, stdin_encoding: 'base64', ...more }, owner)
      ).data as { stdout: string; encoding: 'base64' | 'utf-8'; truncated: boolean };
    };
    for (const text of ['grüße\u{1f600}', '\ufefffirst', 'nul \0 inside', '']) {
      const answered = await cat(Buffer.from(text));
      expect([answered.encoding, answered.stdout]).toEqual(['utf-8', text]);
    }
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const bytes = Buffer.concat(Array.from({ length: 3_900 }, () => all));
    const answered = await cat(bytes);
    expect(answered.encoding).toBe('base64');
    expect(Buffer.from(answered.stdout, 'base64').equals(bytes)).toBe(true);
    const client = createClient({ endpoint: api.url, apiKey: owner.key });
    for (const wanted of [bytes, Buffer.from('grüße')]) {
      const result = await client.instances.exec({ id, command: ['cat'], ...stdinBytes(wanted) });
      expect(Buffer.from(outputBytes(result).stdout).equals(wanted)).toBe(true);
    }
  });

  it('is to refuse what no command can be given, counted in bytes, with the way out', async () => {
    const id = await running();
    const refused = async (input: object) => {
      const answered = await api.call('instances.exec', { id, command: ['cat'], ...input }, owner);
      expect([answered.status, answered.code]).toEqual([400, 'INVALID_INPUT']);
      return answered.message;
    };
    expect(await refused({ command: ['cat', 'a\0b'] })).toContain('by standard input');
    expect(await refused({ command: ['cat', 'é'.repeat(65_536)] })).toMatch(
      /command\[1\] has 131072 bytes.*131071.*standard input/,
    );
    expect(await refused({ stdin: 'é'.repeat(500_001) })).toContain('1000002 bytes');
    expect(await refused({ stdin: 'a\0b' })).toContain('base64');
    expect(await refused({ stdin: 'not base64!', stdin_encoding: 'base64' })).toContain('not valid base64');
    const launch = { name: 'x', image: 'busybox', env: ['A=b\0c'] };
    expect(await api.call('instances.launch', launch, owner)).toMatchObject({
      status: 400,
      message: expect.stringContaining('by standard input'),
    });
    expect((await api.call('instances.exec', { id, command: ['cat', 'é'.repeat(65_535)] }, owner)).status).toBe(200);
  });

  it('is to end a command whose caller has left, which frees its place; and logs have places of their own', async () => {
    const id = await running();
    const leaving = new AbortController();
    const calls = Array.from({ length: 16 }, () =>
      fetch(`${api.url}/instances/${id}/exec`, {
        method: 'POST',
        headers: { 'x-api-key': owner.key, 'content-type': 'application/json' },
        body: '{"command":["sleep","60"]}',
        signal: leaving.signal,
      }),
    );
    calls.forEach((call) => void call.catch(() => undefined));
    await eventually('all sixteen run', () => engine.running() === 16);
    expect((await api.call('instances.exec', { id, command: ['echo'] }, owner)).status).toBe(429);
    expect((await api.call('instances.logs', { id }, owner)).status).toBe(200);
    leaving.abort();
    await eventually('none runs', () => engine.running() === 0, 1_000);
    await eventually('there is a place', async () => {
      return (await api.call('instances.exec', { id, command: ['echo'] }, owner)).status === 200;
    });
  });

  it.each(ENDS)('is to end a command within a second when %s', async (_, takeAway, status) => {
    const id = await running();
    const member = await memberWith(api, owner, ['instance:read', 'instance:update']);
    const call = api.call('instances.exec', { id, command: ['sleep', '60'], timeout: 300 }, member);
    await eventually('it runs', () => engine.running() === 1);
    const began = performance.now();
    await takeAway(member);
    expect((await call).status).toBe(status);
    await eventually('none runs', () => engine.running() === 0, 1_000);
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('is to read the console, which is empty before there is a machine', async () => {
    const id = await running();
    const read = await api.call('instances.logs', { id }, owner);
    expect(read).toMatchObject({ status: 200, text: 'web starts\n' });
    expect(read.headers['content-type']).toContain('text/plain');
    const unmade = await insertInstance(api.worldOf(owner));
    expect(await api.call('instances.logs', { id: unmade }, owner)).toMatchObject({ status: 200, text: '' });
    engine.failNext('logs', 'unavailable', 'Incus is away');
    expect(await api.call('instances.logs', { id }, owner)).toMatchObject({ status: 503, code: 'ENGINE_UNAVAILABLE' });
  });

  it('is to read what an instance uses, with its CPU over a moment', async () => {
    const id = await running();
    const { status, data } = await api.call('instances.stats', { id }, owner);
    expect(status).toBe(200);
    expect(data).toMatchObject({
      vcpus: 1,
      memory_percentage: 25,
      memory_limit_bytes: 128 * 1024 ** 2,
      disk_limit_bytes: 1024 ** 3,
      process_limit: 100,
    });
    expect(data.cpu_percentage).toBeGreaterThan(40);
    expect(data.cpu_percentage).toBeLessThan(60);
    expect(data).not.toHaveProperty('network_rx_bytes');
    engine.end(id);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await api.call('instances.stats', { id }, owner)).toMatchObject({
      status: 409,
      code: 'INSTANCE_NOT_RUNNING',
      message: expect.stringContaining('is not running at the moment'),
    });
  });

  it('is to read what an instance uses while all places of commands are taken, for 32 pages at once', async () => {
    const id = await running();
    const leaving = new AbortController();
    const commands = Array.from({ length: 16 }, () =>
      fetch(`${api.url}/instances/${id}/exec`, {
        method: 'POST',
        headers: { 'x-api-key': owner.key, 'content-type': 'application/json' },
        body: '{"command":["sleep","60"]}',
        signal: leaving.signal,
      }),
    );
    commands.forEach((call) => void call.catch(() => undefined));
    await eventually('all sixteen run', () => engine.running() === 16);
    let reads = 0;
    engine.before = async (method) => void (reads += method === 'usage' ? 1 : 0);
    const pages = await Promise.all(Array.from({ length: 32 }, () => api.call('instances.stats', { id }, owner)));
    expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 200));
    expect(new Set(pages.map(({ data }) => data.read_at)).size).toBe(1);
    expect(reads).toBe(2);
    leaving.abort();
    await eventually('none runs', () => engine.running() === 0, 1_000);
  });
});
