import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { insertInstance } from '../../services/instances/examples.ts';
import { heldBytes } from '../../testing/held-bytes.ts';
import { memberWith, revoke, runMachine } from '../../testing/machines.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { Actor, TestApi } from '../../testing/test-api.ts';
import { openTestSocket } from '../../testing/test-socket.ts';

const { api, owner, engine } = await setUpApi();

const pathOf = (id: string, query: string) => `/instances/${id}/terminal?${query}`;

/** Opens a terminal, or is refused. */
async function open(
  id: string,
  query = 'command=sh',
  actor: Pick<Actor, 'key'> = owner,
  headers: Readonly<Record<string, string>> = {},
  at: TestApi = api,
) {
  const opened = await openTestSocket(at.url + pathOf(id, query), { 'x-api-key': actor.key, ...headers });
  const said = { out: '', err: '', texts: [] as { type: string; code?: unknown; message?: string }[] };
  const read = async () => {
    for await (const message of opened.messages) {
      if (typeof message === 'string') said.texts.push(JSON.parse(message));
      else said[message[0] === 1 ? 'out' : 'err'] += Buffer.from(message.subarray(1)).toString();
    }
  };
  return {
    ...opened,
    said,
    read,
    code: (JSON.parse(opened.text || '{}') as { error?: { code: string } }).error?.code,
    type: (text: string) => opened.socket!.send(Buffer.concat([Buffer.of(0), Buffer.from(text)])),
    tell: (message: object) => opened.socket!.send(JSON.stringify(message)),
    says: (word: string) => eventually(`'${word}' is said`, () => (said.out + said.err).includes(word), 2_000),
  };
}
/** The same, and reads what comes. */
async function talk(...words: Parameters<typeof open>) {
  const opened = await open(...words);
  expect(opened.text).toBe('');
  void opened.read();
  return opened;
}
const isQuiet = () => eventually('no terminal is open', () => engine.open() === 0, 1_000);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(ms);
  return result;
}

describe('a terminal', () => {
  it('has its size, takes what is typed and how it changes, and says last how the command ended', async () => {
    const id = await runMachine(api, engine, owner);
    const requestId = 'test-terminal-1';
    const terminal = await talk(id, 'command=sh&rows=31&cols=97', owner, { 'x-request-id': requestId });
    expect(terminal.status).toBe(101);
    expect(terminal.headers).toMatchObject({ 'x-request-id': requestId });
    expect(terminal.headers['sec-websocket-protocol']).toBeUndefined();
    terminal.type('stty size\r');
    await terminal.says('31 97\r\n');
    terminal.tell({ type: 'resize', rows: 50, cols: 132 });
    terminal.type('stty size\r');
    await terminal.says('50 132');
    terminal.type('sleep 60\r');
    terminal.type('\u0003');
    await terminal.says('^C');
    terminal.type('exit 7\r');
    expect(await terminal.closed).toEqual({ code: 1000, reason: '' });
    expect(terminal.said.texts).toEqual([{ type: 'exit', code: 7 }]);
    expect(terminal.said.err).toBe('');
    const { rows } = await api.owner.query('select * from audit_logs where request_id = $1', [requestId]);
    expect(rows).toMatchObject([
      { action: 'instance.terminal', resource_id: id, outcome: 'allowed', metadata: { rows: 31, cols: 97 } },
    ]);
    expect(JSON.stringify(rows)).not.toContain('"sh"');
    await isQuiet();
  });

  it('may be none: the outputs are apart, input ends, and signals are sent', async () => {
    const id = await runMachine(api, engine, owner);
    const sh = await talk(id, 'command=sh&tty=false');
    sh.type('echo out\nno-such-program\n');
    sh.tell({ type: 'eof' });
    await sh.closed;
    expect(sh.said).toEqual({
      out: 'out\n',
      err: 'sh: no-such-program: not found\n',
      texts: [{ type: 'exit', code: 0 }],
    });
    const sleep = await talk(id, 'command=sleep&command=60&tty=false');
    sleep.tell({ type: 'signal', name: 'TERM' });
    await sleep.closed;
    expect(sleep.said.texts).toEqual([{ type: 'exit', code: 143 }]);
  });

  it('ends within a second when the client leaves', async () => {
    for (const leave of ['close', 'terminate'] as const) {
      const terminal = await talk(await runMachine(api, engine, owner));
      expect(engine.open()).toBe(1);
      terminal.socket![leave]();
      await isQuiet();
    }
  });

  it('ends within a second when the key was revoked, and says so; others stay', async () => {
    const id = await runMachine(api, engine, owner);
    const other = await api.makeMember(owner.tenantId, 'developer');
    const [lost, kept] = [await talk(id, 'command=sh', other), await talk(id)];
    await revoke(api, other);
    expect(await within(1_000, lost.closed)).toEqual({
      code: 4401,
      reason: 'UNAUTHORIZED: this API key was revoked',
    });
    expect(lost.said.texts).toEqual([{ type: 'error', code: 'UNAUTHORIZED', message: 'this API key was revoked' }]);
    await eventually('one is left', () => engine.open() === 1, 1_000);
    kept.type('echo still here\r');
    await kept.says('still here\r\n');
    kept.socket!.close();
    await isQuiet();
  });

  it('ends when the permission was taken away', async () => {
    const member = await memberWith(api, owner, ['instance:update']);
    const terminal = await talk(await runMachine(api, engine, owner), 'command=sh', member);
    await member.takeAway();
    expect((await within(1_000, terminal.closed)).code).toBe(4403);
    await isQuiet();
  });

  it('ends when its instance stops or goes', async () => {
    for (const state of ['stopped', undefined] as const) {
      const id = await runMachine(api, engine, owner);
      const terminal = await talk(id);
      engine.meddle(id, state);
      expect((await within(1_000, terminal.closed)).code).toBe(1000);
      expect(terminal.said.texts).toEqual([{ type: 'exit', code: 137 }]);
    }
  });

  it('is closed to a client that says what nobody understands', async () => {
    const id = await runMachine(api, engine, owner);
    const sayings: readonly (string | Buffer)[] = [
      'nonsense',
      '{"type":"resize","rows":0,"cols":80}',
      '{"type":"signal","name":"SEGV"}',
      '{"type":"eof","more":1}',
      '{"type":"close","stream":"stdin"}',
      '{"type":"command","command":["sh"]}',
      `{"type":${'['.repeat(100_000)}`,
      `{"type":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      Buffer.from([7, 1, 2]),
    ];
    for (const saying of sayings) {
      const terminal = await talk(id);
      terminal.socket!.send(saying);
      expect((await terminal.closed).code, String(saying)).toBe(4400);
      expect(terminal.said.texts).toMatchObject([{ type: 'error', code: 'INVALID_INPUT' }]);
    }
    const loud = await talk(id);
    loud.socket!.send(Buffer.alloc(300_000));
    expect((await loud.closed).code).toBe(1009);
    await isQuiet();
  });

  it('takes its command from the first message, so that no URL has it, and closes an output that is not read', async () => {
    const id = await runMachine(api, engine, owner);
    const long = ['sh', 'x'.repeat(100_000)];
    const sh = await talk(id, 'tty=false');
    sh.socket!.send(JSON.stringify({ type: 'command', command: long }));
    sh.socket!.send(Buffer.from('\0echo it runs\nexit 4\n'));
    expect((await within(5_000, sh.closed)).code).toBe(1000);
    expect(sh.said.texts).toEqual([{ type: 'exit', code: 4 }]);
    const yes = await talk(id, 'tty=false&command=yes');
    yes.socket!.send('{"type":"close","stream":"stdout"}');
    expect((await within(5_000, yes.closed)).code).toBe(1000);
    expect(yes.said.texts).toEqual([{ type: 'exit', code: 141 }]);
    const wrong = ['{"type":"eof"}', '{"type":"command","command":[]}', '{"type":"command","command":["a\\u0000b"]}'];
    for (const first of [...wrong, JSON.stringify({ type: 'command', command: ['sh', 'é'.repeat(65_536)] })]) {
      const refused = await talk(id, 'tty=false');
      refused.socket!.send(first);
      expect((await within(5_000, refused.closed)).code, first.slice(0, 50)).toBe(4400);
    }
    await isQuiet();
  });

  it('holds little of what its client does not read, and of what its command does not', async () => {
    const id = await runMachine(api, engine, owner);
    const before = await heldBytes();
    const loud = await open(id, 'command=yes&tty=false');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await heldBytes()) - before).toBeLessThan(1_000_000);
    loud.socket!.terminate();
    await isQuiet();

    const deaf = await talk(id, 'command=sleep&command=60&tty=false');
    let taken = 0;
    const message = Buffer.alloc(60_000);
    for (let i = 0; i < 400; i++) deaf.socket!.send(message, () => (taken += message.length));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // What the kernel holds of the two connections between us and the command.
    expect(taken).toBeLessThan(16_000_000);
    // Either side still notices its end.
    deaf.socket!.terminate();
    await eventually('it is let go of', () => engine.open() === 0, 3_000);
    const again = await talk(id, 'command=sleep&command=60&tty=false');
    for (let i = 0; i < 400; i++) again.socket!.send(message, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    engine.meddle(id, 'stopped');
    expect((await within(2_000, again.closed)).code).toBe(1000);
  });
});

describe('who asks for a terminal', () => {
  it('is refused with a status and a body like anywhere else', async () => {
    const id = await runMachine(api, engine, owner);
    const stopped = await insertInstance(api.worldOf(owner), 'stopped');
    const refusals = [
      [401, 'UNAUTHORIZED', await open(id, 'command=sh', { key: '' })],
      [401, 'UNAUTHORIZED', await open(id, 'command=sh', { key: `thecloud_${'0'.repeat(32)}` })],
      [404, 'NOT_FOUND', await open(id, 'command=sh', await api.makeActor())],
      [403, 'FORBIDDEN', await open(id, 'command=sh', await memberWith(api, owner, ['instance:read']))],
      [409, 'INSTANCE_NOT_RUNNING', await open(stopped)],
      [400, 'INVALID_INPUT', await open(id, 'command=sh&rows=many')],
      [400, 'INVALID_INPUT', await open(id, 'command=sh', owner, { 'sec-websocket-protocol': 'other' })],
      // It runs for the API, and there is no machine.
      [409, 'CONFLICT', await open(await insertInstance(api.worldOf(owner)))],
    ] as const;
    for (const [status, code, refused] of refusals) {
      expect([refused.status, refused.code]).toEqual([status, code]);
      expect(refused.headers).toMatchObject({ 'x-content-type-options': 'nosniff', connection: 'close' });
      expect(JSON.parse(refused.text).meta.request_id).toBe(refused.headers['x-request-id']);
    }
    const { rows } = await api.owner.query('select count(*)::int as left from stream_tickets');
    expect(rows).toEqual([{ left: 0 }]);
  });

  it('must speak the protocol of websockets', async () => {
    const id = await runMachine(api, engine, owner);
    const good = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const ask = (headers: Readonly<Record<string, string | undefined>>, line = `GET ${pathOf(id, 'command=sh')}`) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
        let text = '';
        socket.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        socket.once('close', () => resolve(text));
        socket.on('error', () => undefined);
        const lines = Object.entries({ host: 'localhost', 'x-api-key': owner.key, ...headers })
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`${line} HTTP/1.1\r\n${lines.join('')}\r\n`);
        setTimeout(() => socket.destroy(), 1_000).unref();
      });
    expect(await ask({ ...good, 'sec-websocket-version': '8' })).toMatch(/^HTTP\/1.1 400 [^]*must be 13/);
    expect(await ask({ ...good, 'sec-websocket-key': 'short' })).toMatch(/^HTTP\/1.1 400 [^]*must be 16 bytes/);
    expect(await ask({ ...good, 'sec-websocket-key': undefined })).toMatch(/^HTTP\/1.1 400 /);
    for (const upgrade of ['h2c', undefined])
      expect(await ask({ ...good, upgrade, connection: 'close' })).toMatch(/^HTTP\/1.1 400 [^]*this is a websocket/);
    // Elsewhere nobody minds being asked.
    expect(await ask(good, 'GET /auth/me')).toMatch(/^HTTP\/1.1 200 [^]*"email"/);
    expect(await ask(good, 'GET /nowhere')).toMatch(/^HTTP\/1.1 404 /);
    expect(await ask({ ...good, connection: 'close' }, 'POST /auth/me')).toMatch(/^HTTP\/1.1 405 /);
    expect(await ask({ ...good, 'x-api-key': undefined })).toMatch(/^HTTP\/1.1 401 /);
    expect(await ask(good)).toMatch(/^HTTP\/1.1 101 /);
    await isQuiet();
  });

  it('may be a page, which says its key and its tenant in subprotocols, and hears neither again', async () => {
    const id = await runMachine(api, engine, owner);
    const guest = await api.makeActor();
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'developer')`, [
      owner.tenantId,
      guest.userId,
    ]);
    const offer = ['thecloud.v1', `thecloud.key.${guest.key}`, `thecloud.tenant.${owner.tenantId}`];
    const opened = await openTestSocket(api.url + pathOf(id, 'command=cat'), { origin: 'https://console' }, offer);
    expect([opened.status, opened.socket?.protocol]).toEqual([101, 'thecloud.v1']);
    opened.socket!.close();
    const elsewhere = await openTestSocket(api.url + pathOf(id, 'command=cat'), {}, offer.slice(0, 2));
    expect(elsewhere.status).toBe(404);
    expect(JSON.stringify(api.logLines)).not.toContain(guest.key);
    await isQuiet();
  });

  it('has sixteen in a tenant at a time', async () => {
    const id = await runMachine(api, engine, owner);
    const terminals = await Promise.all(Array.from({ length: 16 }, () => talk(id)));
    const refused = await open(id);
    expect([refused.status, refused.code, refused.headers['retry-after']]).toEqual([429, 'RATE_LIMITED', '5']);
    // Commands have places of their own.
    expect((await api.call('instances.exec', { id, command: ['true'] }, owner)).status).toBe(200);
    for (const terminal of terminals) terminal.socket!.close();
    await isQuiet();
    const again = await talk(id);
    again.socket!.close();
    await isQuiet();
  });
});

describe('a socket', () => {
  it('ends when its client answers no more, or nothing is said for an hour', async () => {
    const clock = createManualClock(Date.now());
    const { api: timed, owner: whose, engine: machines } = await setUpApi({ clock });
    const id = await runMachine(timed, machines, whose);
    const turn = () => new Promise((resolve) => setTimeout(resolve, 10));

    const mute = connect(Number(new URL(timed.url).port), '127.0.0.1');
    mute.on('error', () => undefined);
    mute.resume();
    mute.write(
      `GET ${pathOf(id, 'command=sh')} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${whose.key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const gone = new Promise((resolve) => mute.once('close', resolve));
    await eventually('it is open', () => machines.open() === 1);
    await clock.advance(14_000);
    await turn();
    expect(machines.open()).toBe(1);
    await clock.advance(17_000);
    await gone;
    await eventually('it is let go of', () => machines.open() === 0, 1_000);

    const idle = await talk(id, 'command=sh', whose, {}, timed);
    let closed: { code: number } | undefined;
    void idle.closed.then((how) => {
      closed = how;
    });
    for (let minutes = 0; minutes < 59; minutes += 0.25) {
      await clock.advance(15_000);
      await turn();
    }
    expect(closed).toBeUndefined();
    for (let i = 0; i < 8; i++) {
      await clock.advance(15_000);
      await turn();
    }
    expect(closed?.code).toBe(4408);
  }, 60_000);

  it('ends with its API, at once', async () => {
    const { api: stopping, owner: whose, engine: machines } = await setUpApi();
    const id = await runMachine(stopping, machines, whose);
    const terminal = await talk(id, 'command=sh', whose, {}, stopping);
    await within(3_000, stopping.stop());
    expect((await terminal.closed).code).toBe(4503);
    expect(machines.open()).toBe(0);
  });
});
