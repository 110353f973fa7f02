import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openShell, type TestShell } from '../../testing/test-world.ts';
import { runProgram } from './host.ts';

let folder: string;
let shell: TestShell;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thecloud-broken-'));
  shell = openShell({ CLOUD_DATA_DIR: folder });
});
afterEach(() => {
  shell.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('a program that hangs and heeds no request to end is given up', async () => {
  const program = join(folder, 'deaf');
  writeFileSync(program, "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.2; done\n");
  chmodSync(program, 0o755);
  expect(await runProgram(program, [], { timeoutMs: 200 })).toMatchObject({ ok: false });
}, 5_000);

it('a file of passwords that was half written is no reason to say nothing', async () => {
  for (const name of ['secrets', 'postgres']) mkdirSync(join(folder, name), { mode: 0o700 });
  writeFileSync(join(folder, 'secrets/database.json'), '{"owner":"half');
  writeFileSync(join(folder, 'postgres/postmaster.pid'), `1\n${folder}\n0\n1\n`);
  const ended = await shell.cloud(['doctor']);
  expect(ended.stderr).toBe('');
  expect(ended.stdout).toMatch(/\n(fail|warn) {2}database /);
});

it('an address of the database that cannot be decoded is named', async () => {
  const { stdout, stderr } = await shell.cloud(['doctor'], {
    env: { DATABASE_URL: 'postgres://u:100%@127.0.0.1:1/d' },
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('DATABASE_URL is not the address of a database');
  expect(stdout).not.toContain('100%');
});

it('no terminal obeys the words of a process that holds a port', async () => {
  const code = `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`;
  const other = spawn(process.execPath, ['-e', code], {
    argv0: '\u001b]0;owned\u0007',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [port] = (await once(other.stdout, 'data')) as [Buffer];
    const { stdout } = await shell.cloud(['doctor'], {
      env: { CLOUD_LISTEN: `127.0.0.1:${String(port).trim()}` },
    });
    expect(stdout).toContain(String.raw`(\x1b]0;owned\x07`);
    expect(stdout).not.toContain('\u001b]');
  } finally {
    other.kill('SIGKILL');
  }
});
