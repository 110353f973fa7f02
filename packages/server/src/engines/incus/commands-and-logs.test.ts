import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IncusClient, type IncusInstance } from './incus-client.ts';
import { waitUntil } from '../processes.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of commands and logs: ${obstacle}`);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.skipIf(obstacle !== undefined)('commands and logs', () => {
  let platform: TestPlatform;
  const ref = { tenantId: 'tenant', instanceId: 'long-lived' };
  const exec = (command: readonly string[], more: object = {}) =>
    platform.compute.exec(ref, { command, timeoutMs: 10_000, outputLimit: 100_000, ...more });
  const fresh = (instanceId: string) => ({ tenantId: 'tenant', instanceId });

  beforeAll(async () => {
    platform = await startTestPlatform();
    const env = { PLAIN: 'a b', QUOTED: `"it's" $HOME #`, PEM: 'line one\nlxc.uts.name = evil\n', BLANK: 'x ' };
    await platform.compute.define(ref, testSpec('long-lived', undefined, { env }));
    await platform.compute.start(ref);
  });
  afterAll(() => platform?.close());

  test('exec: exit code, both outputs apart, input, folder, variables', async () => {
    const both = await exec(['sh', '-c', 'echo out; echo err >&2; pwd; exit 42'], { cwd: '/tmp' });
    expect([both.exitCode, text(both.stdout), text(both.stderr), both.truncated, both.timedOut]).toEqual([
      42,
      'out\n/tmp\n',
      'err\n',
      false,
      false,
    ]);
    const input = randomBytes(300_000);
    const echoed = await exec(['cat'], { stdin: input, outputLimit: 400_000 });
    expect(Buffer.compare(echoed.stdout, input)).toBe(0);
    expect(text((await exec(['sh', '-c', 'printf "%s|%s|%s|%s" "$PLAIN" "$QUOTED" "$PEM" "$BLANK"'])).stdout)).toBe(
      `a b|"it's" $HOME #|line one\nlxc.uts.name = evil\n|x `,
    );
    expect(text((await exec(['hostname'])).stdout)).toBe('long-lived\n');
    expect((await exec(['no-such-command'])).exitCode).toBe(127);
  });

  test('a start can give a stopped machine other values of its variables, which its first process and its commands get', async () => {
    const other = fresh('variables');
    const command = ['sh', '-c', 'echo "begun with $SECRET"; exec sleep 1000'];
    await platform.compute.define(other, testSpec('variables', undefined, { env: { SECRET: '', KEPT: 'k' }, command }));
    const ask = async () =>
      text(
        (
          await platform.compute.exec(other, {
            command: ['sh', '-c', 'echo "$SECRET|$KEPT"'],
            timeoutMs: 10_000,
            outputLimit: 1_000,
          })
        ).stdout,
      );
    for (const SECRET of ['first', "it's\nsecond $HOME"]) {
      await platform.compute.start(other, undefined, { env: { SECRET, KEPT: 'k' }, command });
      expect(await ask()).toBe(`${SECRET}|k\n`);
      expect(
        text(
          (
            await platform.compute.exec(other, {
              command: ['cat', '/proc/1/environ'],
              timeoutMs: 10_000,
              outputLimit: 10_000,
            })
          ).stdout,
        ),
      ).not.toBe('');
      await platform.compute.stop(other, 1_000);
    }
    await platform.compute.remove(other);
  });

  test('exec: short commands, four at once, lose no word', async () => {
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(
        [1, 2, 3, 4].map((lane) => exec(['sh', '-c', `echo out ${lane}; echo err ${lane} >&2`])),
      );
      const said = results.map((result) => [result.exitCode, text(result.stdout), text(result.stderr)]);
      expect(said).toEqual([1, 2, 3, 4].map((lane) => [0, `out ${lane}\n`, `err ${lane}\n`]));
    }
  });

  test('exec: too long and too much', async () => {
    const slow = await exec(['sleep', '60'], { timeoutMs: 300 });
    expect([slow.timedOut, slow.exitCode]).toEqual([true, 137]);
    const loud = await exec(['sh', '-c', 'head -c 5000000 /dev/zero; head -c 70000 /dev/zero >&2'], {
      outputLimit: 65_536,
    });
    expect([loud.exitCode, loud.truncated, loud.stdout.length, loud.stderr.length]).toEqual([0, true, 65_536, 65_536]);
  });

  /** Processes of the instance whose words have this in them. */
  const running = async (word: string): Promise<number> =>
    text((await exec(['ps', '-o', 'args'])).stdout)
      .split('\n')
      .filter((line) => line.includes(word)).length;
  // A child in the foreground, one in the background, one whose parent is gone, one in a session of its own, and one without variables.
  const family =
    'sleep 98761 & (sleep 98762 &) ; setsid sleep 98763 & env -i sleep 98764 & (setsid sleep 98765 &) ; echo begun; sleep 98766';

  test('a command whose time is up, or whose caller leaves, is gone at once with all that it started', async () => {
    const late = await exec(['sh', '-c', family], { timeoutMs: 1_000 });
    expect([late.timedOut, late.exitCode, text(late.stdout)]).toEqual([true, 137, 'begun\n']);
    expect(await running('sleep 9876')).toBe(0);

    const leaving = new AbortController();
    const left = platform.compute.exec(
      ref,
      { command: ['sh', '-c', family], timeoutMs: 60_000, outputLimit: 100 },
      leaving.signal,
    );
    left.catch(() => undefined);
    expect(await waitUntil(async () => (await running('sleep 9876')) >= 6, 5_000)).toBe(true);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await running('sleep 9876')).toBe(0);

    for (const size of [undefined, { rows: 24, cols: 80 }]) {
      const hangingUp = new AbortController();
      const request = { command: ['sh', '-c', family], ...(size ? { size } : {}) };
      const terminal = await platform.compute.openTerminal(ref, request, hangingUp.signal);
      expect(text((await terminal.output[Symbol.asyncIterator]().next()).value!.bytes)).toContain('begun');
      expect(await waitUntil(async () => (await running('sleep 9876')) >= 6, 5_000)).toBe(true);
      hangingUp.abort(new Error('gone'));
      const began = performance.now();
      expect(await waitUntil(async () => (await running('sleep 9876')) === 0, 3_000)).toBe(true);
      expect(performance.now() - began).toBeLessThan(1_000);
    }
  });

  test('what a command leaves in the background when it ends by itself runs on, and other commands are not touched', async () => {
    expect((await exec(['sh', '-c', 'sleep 87651 > /dev/null 2>&1 &'])).exitCode).toBe(0);
    const other = exec(['sleep', '3'], { timeoutMs: 10_000 });
    await exec(['sleep', '60'], { timeoutMs: 300 });
    expect(await running('sleep 87651')).toBe(1);
    expect((await other).exitCode).toBe(0);
    await exec(['pkill', '-f', 'sleep 87651']);
  });

  test('no variable is in the arguments of any process on the host: not at a start, not in a command, not at a terminal', async () => {
    const secret = `secret-${randomBytes(8).toString('hex')}`;
    const hidden = fresh('hidden');
    const seen = new Set<string>();
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        for (const pid of await readdir('/proc'))
          if (/^\d+$/.test(pid)) seen.add(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
        await new Promise(setImmediate);
      }
    })();
    const env = { SECRET: secret, PATH: '/bin:/usr/bin:/sbin', HOME: '/tmp', TERM: 'dumb' };
    await platform.compute.define(
      hidden,
      testSpec('hidden', undefined, { env, command: ['sh', '-c', 'while :; do sleep 77771; done'] }),
    );
    const leaving = new AbortController();
    try {
      await platform.compute.start(hidden);
      const command = ['sh', '-c', 'pwd; printf "%s %s %s\\n" "$SECRET" "$TERM" "$0"; sleep 1; exit 3', 'name'];
      const { exitCode, stdout } = await platform.compute.exec(hidden, {
        command,
        timeoutMs: 10_000,
        outputLimit: 1000,
      });
      expect([exitCode, text(stdout)]).toEqual([3, `/tmp\n${secret} dumb name\n`]);
      const request = { command, term: 'xterm', size: { rows: 24, cols: 80 } };
      const terminal = await platform.compute.openTerminal(hidden, request, leaving.signal);
      let said = '';
      for await (const { bytes } of terminal.output) said += text(bytes);
      expect([await terminal.exitCode(), said]).toEqual([3, `/tmp\r\n${secret} xterm name\r\n`]);
    } finally {
      leaving.abort();
      isOver = true;
      await watching;
      await platform.compute.stop(hidden, 0);
    }
    const all = [...seen].join('\n');
    expect(all).toContain('forkexec');
    expect(all).toContain('77771');
    for (const word of [secret, Buffer.from(secret).toString('base64').slice(0, -4)]) expect(all).not.toContain(word);
    const { compute, dataDir } = platform;
    const folder = `${dataDir}/guest/variables`;
    const { mode, uid } = await stat(`${folder}/${compute.nameOf('hidden')}`);
    expect([mode & 0o777, uid >= 65_536, (await stat(folder)).mode & 0o777]).toEqual([0o400, true, 0o711]);
    await compute.remove(hidden);
    expect(await readdir(folder)).toEqual([compute.nameOf('long-lived')]);
  });

  test('the root of another instance reads no variables, with those or without', async () => {
    const other = fresh('other');
    const { compute } = platform;
    await compute.define(other, testSpec('other', undefined, { env: { A: 'b' } }));
    await compute.start(other);
    const look = async (file: string) =>
      sh(platform, other, `ls /dev/.thecloud/variables; cat /dev/.thecloud/variables/${file}`);
    expect((await look(compute.nameOf('other'))).out).toBe("export A='b'\n");
    const foreign = await look(compute.nameOf('long-lived'));
    expect([foreign.out, foreign.err]).toEqual(['', expect.stringMatching(/denied[^]*denied/)]);
    await compute.remove(other);
  });

  test.each([
    ['with variables', { A: 'b' }],
    ['without', {}],
  ])('only a command that is not there is not found; what cannot be executed says why, %s', async (_, env) => {
    const one = fresh(`telling-${Object.keys(env).length}`);
    await platform.compute.define(one, testSpec('telling', undefined, { env }));
    await platform.compute.start(one);
    const exec = (command: readonly string[]) =>
      platform.compute.exec(one, { command, timeoutMs: 10_000, outputLimit: 100_000 });
    const files = [
      'printf "#!/no/such/interpreter\\n" > /tmp/script; chmod +x /tmp/script',
      'echo text > /tmp/text',
      'printf "\\177ELFnonsense" > /tmp/elf; chmod +x /tmp/elf',
    ];
    expect((await exec(['sh', '-c', files.join('; ')])).exitCode).toBe(0);
    const told = async (...command: string[]) => {
      const { exitCode, stderr } = await exec(command);
      return [exitCode, text(stderr)];
    };
    expect(await told('no-such-command')).toEqual([127, 'no-such-command: command not found\n']);
    expect(await told('/no/such/command')).toEqual([127, '/no/such/command: command not found\n']);
    expect(await told('/etc/passwd/command')).toEqual([127, '/etc/passwd/command: command not found\n']);
    expect(await told('/tmp')).toEqual([126, '/tmp: is a directory\n']);
    expect(await told('/tmp/text')).toEqual([126, expect.stringContaining('/tmp/text: permission denied')]);
    expect(await told('/tmp/script')).toEqual([126, expect.stringContaining('interpreter does not exist')]);
    // A command's own message is kept, and nothing is added.
    for (const code of [126, 127, 255]) expect(await told('sh', '-c', `exit ${code}`)).toEqual([code, '']);
    expect(await told('/tmp/elf')).toEqual([expect.any(Number), expect.not.stringContaining('command not found')]);
    await platform.compute.remove(one);
  });

  test('an output that nobody reads any more fails for the command, as at a closed pipe', async () => {
    const terminal = await platform.compute.openTerminal(
      ref,
      { command: ['sh', '-c', 'yes; echo "yes ended with $?" >&2; exit 3'] },
      new AbortController().signal,
    );
    let errors = '';
    let isClosed = false;
    for await (const { from, bytes } of terminal.output) {
      if (from === 'stderr') errors += text(bytes);
      else if (!isClosed) await terminal.closeOutput('stdout');
      isClosed = true;
    }
    expect(errors).toMatch(/yes ended with (141|1)\n$/);
    expect(await terminal.exitCode()).toBe(3);
  });

  test('what runs at a terminal ends soon after its caller leaves, even if it ignores the hang-up', async () => {
    const open = async (command: string[], size?: { rows: number; cols: number }) => {
      const leaving = new AbortController();
      const request = size ? { command, size } : { command };
      const terminal = await platform.compute.openTerminal(ref, request, leaving.signal);
      const output = terminal.output[Symbol.asyncIterator]();
      return { leaving, output };
    };
    // What had come before is still read.
    const restOf = async (output: AsyncIterator<unknown>) => {
      while (!(await output.next()).done);
    };
    const stubborn = ['sh', '-c', 'trap "" HUP; echo runs; exec sleep 98765'];
    for (const size of [undefined, { rows: 24, cols: 80 }]) {
      const { leaving, output } = await open(stubborn, size);
      expect(text((await output.next()).value!.bytes)).toContain('runs');
      expect(text((await exec(['ps'])).stdout)).toContain('98765');
      leaving.abort(new Error('gone'));
      await expect(restOf(output)).rejects.toThrow('gone');
      expect(await waitUntil(async () => !text((await exec(['ps'])).stdout).includes('98765'), 3_000)).toBe(true);
    }
    const { leaving, output } = await open(['sh'], { rows: 24, cols: 80 });
    await output.next();
    const began = performance.now();
    leaving.abort(new Error('gone'));
    await expect(restOf(output)).rejects.toThrow('gone');
    expect(performance.now() - began).toBeLessThan(500);
  });

  test('a log gives whole lines, each once and in order, while it is trimmed and over stops and starts', async () => {
    const { compute } = platform;
    const loud = fresh('loud');
    await compute.define(loud, testSpec('loud'));
    await compute.start(loud);
    const ending = new AbortController();
    let followed = '';
    const following = (async () => {
      for await (const chunk of await compute.followLogs(loud, 1000, ending.signal)) followed += text(chunk);
    })();
    const count = async (from: number, to: number) => {
      const line = `(i=${from}; while [ $i -lt ${to} ]; do echo line $i; i=$((i+1)); done${from < 200_000 ? '' : '; printf open'}) > /dev/console`;
      expect((await sh(platform, loud, line, 60_000)).code).toBe(0);
    };
    const trimming = setInterval(() => void compute.trimLogs(), 50);
    // 5.2 MB, of which 4 are kept.
    for (const turn of [1, 2, 3, 4]) {
      await count(turn * 100_000, turn * 100_000 + 100_000);
      if (turn === 2) await compute.stop(loud, 0);
      if (turn === 3) await compute.stop(loud, 3_000);
      await compute.start(loud);
    }
    expect(await waitUntil(async () => followed.includes('line 499999\r\nopen'), 10_000)).toBe(true);
    clearInterval(trimming);
    const wanted = Array.from({ length: 400_000 }, (_, index) => `line ${100_000 + index}`);
    const linesIn = (all: string): string[] => all.split('\r\n').filter((line) => line.startsWith('line'));
    const said = linesIn(followed);
    const firstWrong = wanted.findIndex((line, place) => line !== said[place]);
    expect([said.length, said.slice(firstWrong, firstWrong + 3)]).toEqual([wanted.length, []]);
    expect(followed.match(/missing/)).toBeNull();
    // What a run left open is not joined with what the next one says.
    expect(followed.match(/^open(loud: up)?\r$/gm)).toEqual(Array(2).fill('open\r'));
    const kept = text(await compute.logs(loud, 128 * 1024));
    expect(kept.length).toBeGreaterThan(127 * 1024);
    expect(kept).toMatch(/^line \d{6}\r\n/);
    expect(followed.endsWith(kept)).toBe(true);
    const logs = `${platform.dataDir}/incus/logs`;
    const folder = (await readdir(logs)).find((name) => name.endsWith(compute.nameOf('loud')));
    expect((await stat(`${logs}/${folder}/console.out`)).size).toBeLessThan(5 * 1024 ** 2);
    ending.abort(new Error('enough'));
    await following;
    await compute.remove(loud);
  }, 180_000);

  test('who reads a log too slowly is told what is missing, and goes on at a whole line', async () => {
    const { compute } = platform;
    const slow = fresh('slow-reader');
    await compute.define(slow, testSpec('slow-reader'));
    await compute.start(slow);
    const ending = new AbortController();
    const chunks = (await compute.followLogs(slow, 1000, ending.signal))[Symbol.asyncIterator]();
    expect(text((await chunks.next()).value!)).toContain('up');
    expect((await sh(platform, slow, 'seq 1000000 1999999 > /dev/console', 60_000)).code).toBe(0);
    await compute.trimLogs();
    let rest = '';
    while (!rest.includes('1999999\r\n')) rest += text((await chunks.next()).value!);
    expect(rest).toMatch(/^\r\n\[thecloud: lines are missing here[^\r]*\]\r\n\d{7}\r\n/);
    const numbers = [...rest.matchAll(/^(\d+)\r$/gm)].map(([, number]) => Number(number));
    expect(numbers.every((number, place) => place === 0 || number === numbers[place - 1]! + 1)).toBe(true);
    ending.abort(new Error('enough'));
    await compute.remove(slow);
  }, 120_000);

  test('a machine that was made with another console has its log from the next start on', async () => {
    const { compute, daemon } = platform;
    const old = fresh('old');
    await compute.define(old, testSpec('old'));
    const client = new IncusClient(daemon.socketPath);
    const all = await client.list<IncusInstance>('/1.0/instances', { query: { 'all-projects': 'true' } });
    const { name, project } = all.find((instance) => instance.name === compute.nameOf('old'))!;
    const before = 'lxc.uts.name = old\nlxc.console.rotate = 1';
    await client.call('PATCH', `/1.0/instances/${name}`, { project, body: { config: { 'raw.lxc': before } } });
    await compute.start(old);
    expect(await waitUntil(async () => text(await compute.logs(old, 1000)).includes('old: up'), 3_000)).toBe(true);
    await client.close();
    await compute.remove(old);
  });
});
