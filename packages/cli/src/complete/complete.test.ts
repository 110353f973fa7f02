import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../../build.ts';
import { cloudAgainstFakeServer, KEY, WEB, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const run = promisify(execFile);
const offers = async (...line: string[]) =>
  (await at.cloud(['__complete', '--', ...line])).stdout.split('\n').slice(0, -1);

const NAMES = ['web', 'web two', 'worker', 'a\nb', 'db'];
const answerNames = () => {
  at.answer = ({ path }) => ({
    data: (path === '/vpcs' ? ['main', 'spare'] : NAMES).map((name) => ({ ...WEB, name })),
  });
};

describe('completion', () => {
  it('offers the names of resources, as arguments and in flags', async () => {
    answerNames();
    expect(await offers('instances', 'get', 'w')).toEqual(['web', 'web two', 'worker']);
    expect(await offers('instances', 'delete', '--yes', '')).toEqual(['web', 'web two', 'worker', 'db']);
    expect(await offers('instances', 'launch', 'new', '--vpc-id', '')).toEqual(['main', 'spare']);
    expect(await offers('instances', 'launch', '--vpc-id', '=', 'sp')).toEqual(['spare']);
    expect(await offers('vpcs', 'get', '-o', 'json', 'm')).toEqual(['main']);
    expect(await offers('vpcs', 'get', 'main', '')).toEqual([]);
    expect(await offers('instances', 'list', '--columns', 'vpc')).toEqual(['vpc_id']);
  });

  it('asks the platform once for the keys of one word, and shares names with nobody', async () => {
    answerNames();
    for (const typed of ['', 'w', 'wo']) await offers('instances', 'get', typed);
    expect(at.seen).toHaveLength(1);
    const folder = join(at.homeDir, '.cache/thecloud');
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).join('')).not.toContain(KEY);
    await offers('instances', 'get', '--tenant', 't2', '');
    expect(at.seen).toHaveLength(2);
    expect(at.seen[1]!.headers['x-tenant-id']).toBe('t2');
  });

  it('removes names that it kept for other keys a while ago', async () => {
    answerNames();
    await offers('instances', 'get', 'w');
    const folder = join(at.homeDir, '.cache/thecloud');
    const old = join(folder, 'names-of-yesterday.json');
    writeFileSync(old, '{}');
    utimesSync(old, new Date(0), new Date(0));
    await offers('vpcs', 'get', 'm');
    expect(readdirSync(folder)).toHaveLength(2);
    expect(readdirSync(folder)).not.toContain('names-of-yesterday.json');
  });

  it('ends in time and offers nothing where no answer comes, or nobody is logged in', async () => {
    at.answer = () => ({ status: 500, error: { code: 'INTERNAL', message: 'broken' } });
    expect(await at.cloud(['__complete', '--', 'instances', 'get', ''])).toEqual({ code: 0, stdout: '', stderr: '' });
    const nobody = { env: { CLOUD_API_KEY: '' } };
    expect(await at.cloud(['__complete', '--', 'vpcs', 'get', ''], nobody)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const begun = performance.now();
    // An address that drops what it gets.
    const far = { env: { CLOUD_ENDPOINT: 'http://192.0.2.1:81' } };
    expect(await at.cloud(['__complete', '--', 'vpcs', 'get', ''], far)).toMatchObject({ code: 0, stdout: '' });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('offers contexts', async () => {
    for (const name of ['prod', 'staging']) await at.cloud(words(`context create ${name} --endpoint ${at.endpoint}`));
    expect(await offers('context', 'use', '')).toEqual(['prod', 'staging']);
    expect(await offers('context', 'delete', 's')).toEqual(['staging']);
    expect(await offers('instances', 'list', '--context', 'p')).toEqual(['prod']);
  });
});

// The bundle, because the sources start ten times as slowly.
let bundle: string;
const folder = mkdtempSync(join(tmpdir(), 'thecloud-complete-'));
beforeAll(async () => {
  bundle = await buildCli(join(folder, 'cloud.js'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder in which `cloud` is the command, and its environment. */
function shellEnv() {
  const bin = join(at.homeDir, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'cloud'), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
  return {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: at.homeDir,
    CLOUD_ENDPOINT: at.endpoint,
    CLOUD_API_KEY: KEY,
  };
}

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'exit 0']);
    return true;
  } catch {
    return false;
  }
};

describe('the completion script', () => {
  it('completes in bash, with names quoted', async () => {
    answerNames();
    const script = `eval "$(cloud completion bash)"
      ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cloud; printf '%s\\n' "\${COMPREPLY[@]}"; }
      ask cloud inst; ask cloud instances get w; ask cloud instances launch --vpc-id ma`;
    const { stdout } = await run('bash', ['-c', script], { env: shellEnv() });
    expect(stdout).toBe('instance-types\ninstances\nweb\nweb\\ two\nworker\nmain\n');
  });

  it.runIf(has('fish'))('completes in fish', async () => {
    answerNames();
    const script = 'cloud completion fish | source; complete -C "cloud instances get wo"; complete -C "cloud inst"';
    const { stdout } = await run('fish', ['-c', script], { env: shellEnv() });
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['worker', 'instances']));
  });

  it.runIf(has('zsh'))('is accepted by zsh, and calls the command with the words before the cursor', async () => {
    answerNames();
    const script = `compdef() { :; }; compadd() { shift; print -l -- "$@"; }
      eval "$(cloud completion zsh)"; words=(cloud instances get w); CURRENT=4; _cloud`;
    const { stdout } = await run('zsh', ['-f', '-c', script], { env: shellEnv() });
    expect(stdout).toBe('web\nweb two\nworker\n');
  });
});
if (!has('zsh') || !has('fish')) console.log('completion: zsh and fish are tested only where they are installed');
