import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBackOff } from './back-off.ts';
import { claimDataFolder } from './claim-data-folder.ts';
import { urlsOfLoneApi } from './database-roles.ts';
import { makeFolders } from './data-folder.ts';
import { keepRunning, type Life } from './keep-running.ts';
import { boundLogs } from './log-files.ts';
import { parseMigrateArguments } from './migrate-command.ts';
import { replaceFile } from '../kernel/files.ts';
import { serializeMasterKeys } from '../kernel/master-keys.ts';
import { bindDataFolder, recallPlatformId } from './platform-id.ts';
import { endLeftovers, recordProcesses, startOf, waitForEnd } from './processes.ts';
import { readyMessage } from './ready-message.ts';
import { readDatabasePasswords, readMasterKeys, watchMasterKeys } from './secrets.ts';
import type { Platform } from './supervise.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tc-small-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('back-off doubles to ten seconds and resets after a minute of running', () => {
  const backOff = createBackOff();
  expect([0, 0, 0, 0, 0, 0, 0, 0].map((lived) => backOff.next(lived))).toEqual([
    200, 400, 800, 1600, 3200, 6400, 10_000, 10_000,
  ]);
  expect(backOff.next(60_000)).toBe(200);
});

describe('keepRunning', () => {
  const neverHurry = new AbortController().signal;

  function makeLives() {
    const ends: ((how: string) => void)[] = [];
    const start = async (): Promise<Life> => {
      let end: (how: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      ends.push(end);
      return { pid: ends.length, ended, stop: async () => end('stopped') };
    };
    return { ends, start };
  }

  test('starts again what died, and not what was stopped', async () => {
    const { ends, start } = makeLives();
    const said: string[] = [];
    const kept = await keepRunning({ name: 'thing', start, say: (line) => said.push(line) });
    ends[0]?.('ended by SIGKILL');
    await expect.poll(() => kept.life()?.pid, { timeout: 3_000 }).toBe(2);
    await kept.stop(neverHurry);
    expect(ends).toHaveLength(2);
    expect(said).toEqual(['thing ended by SIGKILL; restarting it', 'thing is running again']);
  });

  test('a first start that fails is told, a later one tried again', async () => {
    const fail = () => Promise.reject(new Error('no'));
    await expect(keepRunning({ name: 'thing', start: fail, say: () => undefined })).rejects.toThrow('no');
    const { start } = makeLives();
    let tries = 0;
    const kept = await keepRunning({
      name: 'thing',
      firstMayFail: true,
      say: () => undefined,
      start: () => (++tries < 3 ? fail() : start()),
    });
    await expect.poll(() => kept.life()?.pid, { timeout: 3_000 }).toBe(1);
    await kept.stop(neverHurry);
    expect(tries).toBe(3);
  });

  test('stopped during a start: nothing is born after it', async () => {
    const { ends, start } = makeLives();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    const kept = await keepRunning({
      name: 'thing',
      say: () => undefined,
      start: async () => {
        if (!first) await gate;
        first = false;
        return start();
      },
    });
    ends[0]?.('ended');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = kept.stop(neverHurry);
    release();
    await stopped;
    const how = await kept.life()?.ended;
    expect(how === undefined || how === 'stopped').toBe(true);
  });
});

describe('what must be made once', () => {
  test('the master key stays the same and a short one is refused', () => {
    const path = join(folder, 'master.key');
    const keys = readMasterKeys(path);
    expect(readMasterKeys(path)).toEqual(keys);
    expect([...keys.keys()]).toEqual([1]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    truncateSync(path, 31);
    expect(() => readMasterKeys(path)).toThrow(
      'must have 32 bytes, or be JSON with keys by version; it has 31 bytes; restore it from a backup',
    );
  });

  test('a file of master keys that changes is told to who watches it, and one that breaks as well', async () => {
    const path = join(folder, 'master.key');
    const first = readMasterKeys(path).get(1)!;
    const second = new Uint8Array(32).fill(2);
    const told: unknown[] = [];
    const next = async () => {
      const before = told.length;
      for (let n = 0; n < 100 && told.length === before; n++) await new Promise((resolve) => setTimeout(resolve, 50));
      return told.at(-1);
    };
    const timer = watchMasterKeys(
      path,
      (keys) => told.push(keys),
      (error) => told.push(error.message),
    );
    const both = new Map([
      [1, first],
      [2, second],
    ]);
    replaceFile(path, serializeMasterKeys(both));
    expect(await next()).toEqual(both);
    expect(readMasterKeys(path)).toEqual(both);
    writeFileSync(path, '{"1": "short"}');
    expect(await next()).toContain('it has 14 bytes');
    clearInterval(timer);
  });

  test('passwords are one for each who logs in, long and stay', () => {
    const made = readDatabasePasswords(folder);
    expect(Object.keys(made)).toEqual(['superuser', 'owner', 'api', 'worker', 'operator', 'data']);
    expect(new Set(Object.values(made)).size).toBe(6);
    for (const password of Object.values(made)) expect(password).toMatch(/^[\w-]{32}$/);
    expect(readDatabasePasswords(folder)).toEqual(made);
  });

  test('a file of passwords from before a role was there gets its password, and keeps the others', () => {
    const path = join(folder, 'database.json');
    const { operator: _operator, data: _data, ...older } = readDatabasePasswords(folder);
    writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
    const made = readDatabasePasswords(folder);
    expect(made).toMatchObject(older);
    expect(new Set(Object.values(made)).size).toBe(6);
    expect(readDatabasePasswords(folder)).toEqual(made);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith('database.json'))).toEqual(['database.json']);
  });

  test('a lone API has the logins it is given, or its DATABASE_URL with the other users', () => {
    const url = 'postgres://cloud_api:pw@h:5432/d?sslmode=verify-full';
    const none = { operatorDatabaseUrl: undefined, dataDatabaseUrl: undefined };
    expect(urlsOfLoneApi(url, none)).toEqual({
      operatorDatabaseUrl: 'postgres://cloud_operator:pw@h:5432/d?sslmode=verify-full',
      dataDatabaseUrl: 'postgres://cloud_data:pw@h:5432/d?sslmode=verify-full',
    });
    expect(urlsOfLoneApi(url, { ...none, dataDatabaseUrl: 'postgres://d:p@h/d' }).dataDatabaseUrl).toBe(
      'postgres://d:p@h/d',
    );
    expect(urlsOfLoneApi('postgres://localhost/d?host=/run/pg', none).dataDatabaseUrl).toBe(
      'postgres://cloud_data@localhost/d?host=/run/pg',
    );
  });

  test('a data folder is bound to one platform', () => {
    expect(recallPlatformId(folder)).toBeUndefined();
    bindDataFolder(folder, 'a');
    bindDataFolder(folder, 'a');
    expect(recallPlatformId(folder)).toBe('a');
    expect(() => bindDataFolder(folder, 'b')).toThrow('belongs to platform a, but the database belongs to b');
  });
});

test('leftovers are ended by pid and start time; another process with the pid is left alone', async () => {
  const left = spawn('sleep', ['60']);
  const other = spawn('sleep', ['60']);
  try {
    const file = join(folder, 'processes.json');
    const started = startOf(left.pid ?? 0) ?? '';
    recordProcesses(file, [
      { name: 'api', pid: left.pid ?? 0, started },
      { name: 'worker', pid: other.pid ?? 0, started: '1' },
    ]);
    expect(await endLeftovers(file, 50)).toEqual(['api']);
    await waitForEnd(left);
    expect(other.exitCode).toBeNull();
    expect(startOf(other.pid ?? 0)).toBeDefined();
    writeFileSync(file, '[{"name":"api","pi');
    expect(await endLeftovers(file)).toEqual([]);
  } finally {
    left.kill('SIGKILL');
    other.kill('SIGKILL');
    await waitForEnd(other);
  }
});

describe('the data folder', () => {
  test('is made with those above it; what cannot be made is told, and leaves nothing', () => {
    expect(makeFolders(join(folder, 'a/b'), 0o711)).toEqual([join(folder, 'a'), join(folder, 'a/b')]);
    expect(makeFolders(join(folder, 'a/b'), 0o711)).toEqual([]);
    // Node's own mkdir with `recursive` never comes back from here.
    expect(() => claimDataFolder('/proc/thecloud')).toThrow('CLOUD_DATA_DIR=/proc/thecloud: cannot be used (ENOENT');
    expect(() => makeFolders(join(folder, 'c', 'd'.repeat(300)), 0o711)).toThrow('ENAMETOOLONG');
    expect(existsSync(join(folder, 'c'))).toBe(false);
  });

  test('is taken away by a start that was refused, if that start made it and nothing came into it', () => {
    claimDataFolder(join(folder, 'a/b')).abandon();
    expect(readdirSync(folder)).toEqual([]);
    const claim = claimDataFolder(join(folder, 'a/b'));
    writeFileSync(join(folder, 'a/b/kept'), '');
    claim.abandon();
    claimDataFolder(join(folder, 'a/b')).abandon();
    expect(readdirSync(join(folder, 'a/b')).toSorted()).toEqual(['kept', 'lock']);
  });

  test('is held by one at a time', () => {
    const claim = claimDataFolder(folder);
    expect(() => claimDataFolder(folder)).toThrow(`another platform is running in it (process ${process.pid})`);
    claim.release();
    claimDataFolder(folder).release();
  });

  test('is never one that holds other things: its mode would change for everybody', () => {
    writeFileSync(join(folder, 'letters'), '');
    expect(() => claimDataFolder(folder)).toThrow("contains files that are not the platform's (letters)");
    expect(() => claimDataFolder(join(folder, 'letters'))).toThrow('is a file, not a folder');
    expect(readdirSync(folder)).toEqual(['letters']);
    writeFileSync(join(folder, 'platform.id'), '');
    claimDataFolder(folder).release();
  });
});

describe('the first steps that are proposed', () => {
  const message = (engine: Platform['engine'], awsAddress?: string, publicUrl?: string, hasConsole = true): string => {
    const processes = () => [{ name: 'Incus', pid: 1 }];
    const addresses = ['http://127.0.0.1:8080'];
    return readyMessage(
      { addresses, awsAddress, engine, hasConsole, processes, howToConnect: '' },
      { dataDir: '/d', publicUrl },
      1,
    );
  };

  test('begin with the console, at the address that people know', () => {
    const first = (told: string) => told.split('\n')[3];
    expect(first(message({ available: true }))).toMatch(/^ {2}Console +http:\/\/127\.0\.0\.1:8080\/console\/ /);
    const url = 'https://cloud.example.com';
    expect(first(message({ available: true }, undefined, url))).toContain(` ${url}/console/ `);
    expect(message({ available: true }, undefined, url, false)).not.toContain('/console/');
  });

  test('end with an instance', () => {
    expect(message({ available: true })).toContain('npx cloud instances launch web');
  });

  test('point AWS clients at the door, where it is open', () => {
    const told = message({ available: true }, 'http://127.0.0.1:4566');
    expect(told).toContain('To connect AWS clients to http://127.0.0.1:4566:\n    eval "$(npx cloud aws env)"\n');
    expect(message({ available: true })).not.toContain('AWS');
  });

  test('wait for nothing where there can be no instance', () => {
    const told = message({ available: false, reason: 'Instances need this.' });
    expect(told).toContain('not available. Instances need this.');
    expect(told).toContain('npx cloud register\n    npx cloud whoami');
    expect(told).not.toContain('--wait');
  });
});

describe('a log that is too long', () => {
  const MIB = 1024 * 1024;
  const bound = (...names: string[]): string[] => {
    const told: string[] = [];
    const paths = names.map((name) => join(folder, name));
    boundLogs(paths, (line) => told.push(line));
    return told;
  };

  test('is cut, its end kept in .1 with its mode', () => {
    const path = join(folder, 'api.log');
    writeFileSync(path, Buffer.concat([Buffer.alloc(MIB, 'a'), Buffer.alloc(16 * MIB, 'b')]), { mode: 0o600 });
    expect(bound('api.log', 'worker.log')).toEqual([]);
    expect(statSync(path).size).toBe(0);
    expect(readFileSync(`${path}.1`).equals(Buffer.alloc(16 * MIB, 'b'))).toBe(true);
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
    writeFileSync(path, 'short');
    bound('api.log');
    expect(readFileSync(path, 'utf8')).toBe('short');
  });

  test('is bounded on the disk also when its writer does not append', () => {
    const path = join(folder, 'incusd.out');
    const writer = openSync(path, 'w');
    try {
      for (const letter of ['a', 'b']) {
        writeSync(writer, Buffer.alloc(17 * MIB, letter));
        bound('incusd.out');
        expect(statSync(path).blocks * 512).toBeLessThan(MIB);
        expect(readFileSync(`${path}.1`).equals(Buffer.alloc(16 * MIB, letter))).toBe(true);
      }
      // It goes on at its old place, behind a hole: no reason to cut again.
      writeSync(writer, 'more');
      bound('incusd.out');
      expect(statSync(path).size).toBe(34 * MIB + 4);
      expect(readFileSync(`${path}.1`).at(-1)).toBe('b'.charCodeAt(0));
    } finally {
      closeSync(writer);
    }
  });

  test('is cut also when its end cannot be kept, and that is told', () => {
    for (const name of ['api.log', 'worker.log']) writeFileSync(join(folder, name), Buffer.alloc(17 * MIB, 'x'));
    mkdirSync(join(folder, 'api.log.1'));
    expect(bound('api.log', 'worker.log')).toEqual([expect.stringMatching(/api\.log.*EISDIR/)]);
    expect(statSync(join(folder, 'api.log')).size).toBe(0);
    expect(statSync(join(folder, 'worker.log')).size).toBe(0);
  });
});

test.each([
  [[], { kind: 'up' }],
  [['up'], { kind: 'up' }],
  [['down'], { kind: 'down' }],
  [['--down'], { kind: 'down' }],
  [['--status'], { kind: 'status' }],
  [['up-to', '3'], { kind: 'up', upTo: 3 }],
  [['--up-to=3'], { kind: 'up', upTo: 3 }],
])('migrate %j', (args, verb) => {
  expect(parseMigrateArguments(args)).toEqual(verb);
});

test.each([[['sideways']], [['up-to']], [['up-to', 'x']], [['down', 'all']]])('migrate %j is refused', (args) => {
  expect(() => parseMigrateArguments(args)).toThrow('not a migrate command; use no argument, down, status or up-to N');
});
