import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listProcesses, readArguments, waitUntil } from '../../processes.ts';
import { mountsBelow } from '../mount-namespace.ts';
import { packImage } from './pack-image.ts';

const obstacle = process.geteuid?.() === 0 ? undefined : 'it needs root';
if (obstacle !== undefined) console.warn(`NOT RUN, image builds that are killed: ${obstacle}`);

/** A root that is made like Debian's: a program mounts in it, and starts others; it takes longer than any test waits. */
const MAKE_ROOT = `
mkdir "$1/proc" "$1/run"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
sleep 600 &
echo "mounted"
wait
`;

describe.skipIf(obstacle !== undefined)('an image build', { timeout: 30_000 }, () => {
  let folder: string;
  let build: ChildProcess | undefined;

  const begin = (): ChildProcess => {
    const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
    const code = `
      const { packImage } = await import(${url('./pack-image.ts')});
      const { runContained } = await import(${url('../../run-command.ts')});
      const recipe = { name: 'slow/1', version: '1', timeoutMs: 60_000, description: 'slow' };
      recipe.buildRoot = (root, onLine) => runContained('sh', ['-ec', ${JSON.stringify(MAKE_ROOT)}, 'sh', root], { timeoutMs: 60_000, onLine });
      await packImage(recipe, ${JSON.stringify(folder)}, ${JSON.stringify(`${folder}/slow`)}, (line) => console.log(line));`;
    build = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    return build;
  };
  const printed = (child: ChildProcess): Promise<unknown> =>
    new Promise((done, fail) => {
      child.stdout?.once('data', done);
      child.once('exit', (exitCode) => fail(new Error(`the build ended with ${exitCode}`)));
    });
  const kill = async (child: ChildProcess): Promise<void> => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  };
  const findWorking = async (): Promise<number[]> => {
    const found: number[] = [];
    for (const pid of await listProcesses())
      if ((await readArguments(pid)).some((word) => word.startsWith(`${folder}/.`))) found.push(pid);
    return found;
  };
  const mounts = (): string[] => mountsBelow(readFileSync('/proc/self/mounts', 'utf8'), folder);
  const left = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.slow-1.'));
  const packAgain = (): Promise<void> =>
    packImage(
      {
        name: 'slow/1',
        version: '1',
        timeoutMs: 10_000,
        description: 'quick now',
        buildRoot: async (root) => writeFileSync(`${root}/file`, 'whole'),
      },
      folder,
      `${folder}/slow`,
      () => undefined,
    );

  beforeEach(() => {
    folder = mkdtempSync('/tmp/tc-pack-');
  });
  afterEach(async () => {
    if (build?.exitCode === null && build.signalCode === null) await kill(build);
    build = undefined;
    expect(mounts()).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([0, 30, 200])(
    'killed %i ms after it mounted: its mounts and processes end with it, the next one builds',
    async (ms) => {
      const child = begin();
      await printed(child);
      await new Promise((done) => setTimeout(done, ms));
      await kill(child);
      expect(await waitUntil(async () => (await findWorking()).length === 0, 2_000)).toBe(true);
      expect(mounts()).toEqual([]);
      expect(left()).toHaveLength(1);
      await packAgain();
      expect(left()).toEqual([]);
      expect(existsSync(`${folder}/slow`)).toBe(true);
    },
  );

  test('a program that outlived its build is ended before the next one', async () => {
    mkdirSync(join(folder, '.slow-1.abc'));
    const lost = spawn('sleep', ['600'], { argv0: `${folder}/.slow-1.abc/image`, stdio: 'ignore' });
    const ended = new Promise((done) => lost.once('exit', (_, signal) => done(signal)));
    await packAgain();
    expect(await ended).toBe('SIGKILL');
  });

  test('what is mounted below an old build is taken away, and nothing of it is removed', async () => {
    const precious = join(folder, 'precious');
    const root = join(folder, '.slow-1.abc', 'image', 'rootfs', 'with a blank');
    for (const path of [precious, root]) mkdirSync(path, { recursive: true });
    writeFileSync(join(precious, 'file'), 'kept');
    execFileSync('mount', ['--bind', precious, root]);
    await packAgain();
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('kept');
    expect(left()).toEqual([]);
  });
});
