import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createFakeComputeEngine } from '../../server/src/testing/fake-engines.ts';
import { createInstanceLive } from '../../server/src/services/instances/live.ts';
import { revoke, runMachine } from '../../server/src/testing/machines.ts';
import { eventually } from '../../server/src/testing/seed.ts';
import { type Actor, startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { buildCli } from '../build.ts';

// The command as it is installed, at a real terminal (script(1) makes one), against the real API with a fake engine behind it.

const folder = mkdtempSync(join(tmpdir(), 'thecloud-terminal-'));
const engine = createFakeComputeEngine();
let database: TestDatabase;
let api: TestApi;
let owner: Actor;
let id: string;
let bundle: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  bundle = await buildCli(join(folder, 'dist', 'cloud.js'));
  database = await createTestDatabase();
  api = await startTestApi({ database, live: createInstanceLive(engine) });
  owner = await api.makeActor();
  id = await runMachine(api, engine, owner);
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await eventually('nothing is open', () => engine.open() === 0, 3_000);
});
afterAll(async () => {
  await api.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const cloud = (line: string) => `${process.execPath} ${bundle} ${line}`;
const env = (key = owner.key) => ({
  PATH: process.env.PATH!,
  HOME: folder,
  TERM: 'xterm',
  CLOUD_ENDPOINT: api.url,
  CLOUD_API_KEY: key,
});

function watch(child: ChildProcess) {
  running.push(child);
  const said = { out: '', err: '' };
  child.stdout!.on('data', (chunk) => (said.out += String(chunk)));
  child.stderr?.on('data', (chunk) => (said.err += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    child,
    said,
    ended,
    type: (text: string) => child.stdin!.write(text),
    says: (word: string | RegExp) =>
      eventually(`${word} in ${JSON.stringify(said)}`, () => said.out.search(word) >= 0, 10_000),
  };
}

/** Runs a line of shell at a terminal of 33 rows and 101 columns, and tells afterwards how it ended and left the terminal. */
function atTerminal(line: string, key?: string) {
  const script = `stty rows 33 cols 101; tty; ${line}; echo "ended with $?"; stty -a | grep -ow -e '-*opost' -e '-*icanon' -e '-*echo' -e '-*isig'; echo that was all`;
  return watch(spawn('script', ['-qec', script, '/dev/null'], { env: env(key), stdio: ['pipe', 'pipe', 'pipe'] }));
}
const SANE = /\bopost\s+isig\s+icanon\s+echo\s+that was all/;

/** Pid of the command below script(1). */
const commandOf = (child: ChildProcess): number => {
  const below = (pid: number): number[] =>
    execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
      .map(Number);
  const [shell] = below(child.pid!);
  return below(shell!)[0]!;
};

describe('exec -it', () => {
  it('is a shell in the instance: its size, what is typed, Ctrl-C, exit code; and the terminal is as it was', async () => {
    const { says, type, ended, said } = atTerminal(cloud(`instances exec -it ${id} -- sh`));
    await eventually('it is open', () => engine.open() === 1);
    type('stty size\r');
    await says('33 101');
    const terminal = /\/dev\/pts\/\d+/.exec(said.out)![0];
    const settings = () => execFileSync('stty', ['-F', terminal, '-a'], { encoding: 'utf8' });
    // Nothing comes between the command and the screen.
    await eventually('the terminal is taken', () => /-opost[^]*-isig -icanon/.test(settings()));
    execFileSync('stty', ['-F', terminal, 'rows', '40', 'cols', '120']);
    await eventually('the new size is known', async () => {
      type('stty size\r');
      return said.out.includes('40 120');
    });
    type('sleep 60\r');
    type('\u0003');
    await says('\\^C');
    type('echo still here\r');
    await says(/\r\nstill here\r\n/);
    type('exit 7\r');
    await says('ended with 7');
    await says(SANE);
    await ended;
  });

  it('leaves the terminal as it was when it is killed, and when the key is revoked', async () => {
    const killed = atTerminal(cloud(`instances exec -it ${id} -- sh`));
    await eventually('it is open', () => engine.open() === 1);
    killed.type('echo ready\r');
    await killed.says(/\nready/);
    process.kill(commandOf(killed.child), 'SIGTERM');
    await killed.says('ended with 143');
    await killed.says(SANE);

    const guest = await api.makeMember(owner.tenantId, 'developer');
    const revoked = atTerminal(cloud(`instances exec -it ${id} -- sh`), guest.key);
    await eventually('it is open', () => engine.open() === 1);
    await revoke(api, guest);
    await revoked.says('this API key was revoked. Log in');
    await revoked.says('ended with 3');
    await revoked.says(SANE);
  });

  it('tells why it was refused, without touching the terminal', async () => {
    const { says } = atTerminal(
      `${cloud('instances exec -it nowhere -- sh')}; ${cloud(`instances exec -it ${id} --timeout 5 -- sh`)}`,
    );
    await says("instance 'nowhere' does not exist");
    await says('--timeout cannot be used with -i or -t');
    await says('ended with 2');
    await says(SANE);
    const piped = watch(spawn(process.execPath, [bundle, 'instances', 'exec', '-it', id, '--', 'sh'], { env: env() }));
    expect(await piped.ended).toBe(2);
    expect(piped.said.err).toContain('standard input is not a terminal');
  });
});

describe('exec -i', () => {
  const start = (...words: string[]) =>
    watch(spawn(process.execPath, [bundle, 'instances', 'exec', '-i', id, '--', ...words], { env: env() }));

  it('passes bytes through as they are, however many, and keeps the outputs apart', async () => {
    const cat = start('cat');
    const bytes = Buffer.alloc(3_000_000, 'abc\n');
    cat.child.stdin!.end(bytes);
    expect(await cat.ended).toBe(0);
    expect(cat.said.out).toHaveLength(bytes.length);
    const sh = start('sh');
    sh.child.stdin!.end('echo out\nno-such-program\nexit 3\n');
    expect(await sh.ended).toBe(3);
    expect(sh.said).toEqual({ out: 'out\n', err: 'sh: no-such-program: not found\n' });
  });

  it('ends the command when it is told to end', async () => {
    const cat = start('cat');
    cat.type('it runs\n');
    await cat.says('it runs');
    cat.child.kill('SIGTERM');
    expect(await cat.ended).toBe(143);
  });
});

describe('exec', () => {
  const start = (words: readonly string[], options: readonly string[] = []) =>
    watch(spawn(process.execPath, [bundle, 'instances', 'exec', id, ...options, '--', ...words], { env: env() }));

  it('passes on what is piped in and prints what comes, byte by byte, without a limit', async () => {
    const bytes = randomBytes(3_000_000);
    const cat = spawn(process.execPath, [bundle, 'instances', 'exec', id, '--', 'cat'], { env: env() });
    running.push(cat);
    const out: Buffer[] = [];
    cat.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    cat.stdin.end(bytes);
    expect(await new Promise((resolve) => cat.once('close', resolve))).toBe(0);
    expect(Buffer.concat(out).equals(bytes)).toBe(true);
  });

  it('keeps the outputs apart and ends as the command did, also while its input is open', async () => {
    const absent = start(['no-such-program']);
    expect(await absent.ended).toBe(127);
    expect(absent.said).toEqual({ out: '', err: 'no-such-program: command not found\n' });
    const sh = start(['sh']);
    sh.type('echo out\nnonsense\nexit 3\n');
    expect(await sh.ended).toBe(3);
    expect(sh.said).toEqual({ out: 'out\n', err: 'sh: nonsense: not found\n' });
  });

  it('ends as the command did also when its output is read no further', async () => {
    const line = `${cloud(`instances exec ${id} -- yes`)} | head -c 10 > /dev/null; echo "ended with \${PIPESTATUS[0]}"`;
    const piped = watch(spawn('bash', ['-c', line], { env: env() }));
    await piped.ended;
    expect(piped.said).toEqual({ out: 'ended with 141\n', err: '' });
  });

  it('says in one line that what came cannot be written', async () => {
    const full = watch(spawn('bash', ['-c', `${cloud(`instances exec ${id} -- yes`)} > /dev/full`], { env: env() }));
    expect(await full.ended).toBe(1);
    expect(full.said.err).toBe('cloud: cannot write to stdout: ENOSPC\n');
  });

  it('ends the command when its time is up, and at Ctrl-C', async () => {
    const late = start(['sleep', '60'], ['--timeout', '1']);
    expect(await late.ended).toBe(124);
    expect(late.said.err).toContain('set a longer one with --timeout');
    await eventually('it has ended there too', () => engine.open() === 0);
    const left = start(['sleep', '60']);
    await eventually('it runs', () => engine.open() === 1);
    left.child.kill('SIGINT');
    expect(await left.ended).toBe(130);
    await eventually('the command is gone', () => engine.open() === 0, 1_000);
    const refused = start(['true'], ['--timeout', '0']);
    expect(await refused.ended).toBe(2);
  });

  it('takes a command of more than a URL holds, and says what is too long', async () => {
    const long = start(['sh', 'x'.repeat(100_000)]);
    long.child.stdin!.end('exit 5\n');
    expect(await long.ended).toBe(5);
    const longer = start(['sh', ...Array.from({ length: 3 }, () => 'x'.repeat(100_000))]);
    expect(await longer.ended).toBe(2);
    expect(longer.said.err).toContain('by standard input');
  });
});

describe('logs --follow', () => {
  it('prints what comes, and ends with the instance', async () => {
    const brief = await runMachine(api, engine, owner);
    const logs = watch(spawn(process.execPath, [bundle, 'instances', 'logs', brief, '--follow'], { env: env() }));
    await logs.says('web starts');
    engine.say(brief, 'a line\n');
    await logs.says('a line');
    engine.meddle(brief, undefined);
    expect(await logs.ended).toBe(0);
    expect(logs.said).toEqual({ out: 'web starts\na line\n', err: '' });
  });

  it('fails when it is cut off', async () => {
    const guest = await api.makeMember(owner.tenantId, 'developer');
    const logs = watch(spawn(process.execPath, [bundle, 'instances', 'logs', id, '--follow'], { env: env(guest.key) }));
    await logs.says('web starts');
    await revoke(api, guest);
    expect(await logs.ended).toBe(8);
    expect(logs.said.err).toContain('was cut off before its end');
  });
});
