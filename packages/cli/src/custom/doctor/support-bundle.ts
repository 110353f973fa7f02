import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VERSION } from '../../version.ts';
import type { World } from '../../world.ts';
import { askDatabase, databaseEnvironment } from './database.ts';
import { examine } from './examine.ts';
import { findProgram, listNames, readText, runProgram } from './host.ts';
import { findPlace, type Place } from './place.ts';
import { createRedactor, REMOVED } from './redact.ts';

/** Bytes of the end of each log: some thousand lines. */
const LOG_BYTES = 512 * 1024;
/** Bytes of the metrics: ten times what a busy platform has. */
const METRICS_BYTES = 16 * 1024 * 1024;
const METRICS_TIMEOUT_MS = 10_000;

/** Questions to the database, each answered as JSON. None reads what belongs to a tenant, but its id. */
const QUESTIONS: Readonly<Record<string, string>> = {
  'migrations.json': `select json_agg(m order by version_id) from (select version_id, is_applied, tstamp from goose_db_version order by version_id limit 1000) m`,
  'hosts.json': `select json_agg(h) from (select id, name, state, state_reason, vcpus, memory_mb, disk_gb, promised_vcpus, promised_memory_mb, promised_disk_gb,
    overcommit_cpu, overcommit_memory, overcommit_disk, draining_since, last_seen_at from hosts order by id limit 100) h`,
  'work.json': `select json_agg(w) from (select kind, count(*) as all, count(*) filter (where due_at <= now() and leased_until is null) as due,
    count(*) filter (where leased_until > now()) as running, count(*) filter (where attempts > 1) as failing, min(due_at) as oldest_due
    from reconcile group by kind order by kind limit 100) w`,
  'stuck.json': `select json_agg(s) from (select kind, id, tenant_id, attempts, last_error, due_at, failing_since from reconcile where attempts > 2 order by -attempts limit 200) s`,
  'platform-settings.json': `select json_agg(s) from (select name, value, updated_at from platform_settings order by name limit 1000) s`,
  'sizes.json': `select json_agg(t) from (select relname as table, n_live_tup as rows, pg_total_relation_size(relid) as bytes from pg_stat_user_tables order by 3 desc limit 100) t`,
};

/** Where it was written and what could not be had, or why nothing was written. */
export type Written = { readonly file: string; readonly missing: readonly string[] } | { readonly failed: string };

/** Writes the bundle, readable by this user alone. */
export async function writeSupportBundle(
  world: Pick<World, 'env' | 'homeDir'>,
  given: { readonly dataDir?: string; readonly file?: string },
): Promise<Written> {
  if (findProgram('tar') === undefined) return { failed: 'tar is not installed: apt-get install tar' };
  const name = `thecloud-support-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}`;
  const file = resolve(given.file || `${name}.tar.gz`);
  if (existsSync(file)) return { failed: `${file} exists; choose another file` };
  const place = findPlace(world, given);
  const clean = createRedactor(secretsOf(place, world.env));
  const folder = mkdtempSync(join(tmpdir(), 'thecloud-support-'));
  try {
    const { contents, missing } = await collect(world, given, place);
    mkdirSync(join(folder, name, 'logs'), { recursive: true, mode: 0o700 });
    for (const [path, text] of contents) writeFileSync(join(folder, name, path), clean(text), { mode: 0o600 });
    // Made first and by us, so that it never has other permissions.
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' });
    const packed = await runProgram('tar', ['-czf', file, '-C', folder, name], { timeoutMs: 60_000 });
    if (packed.ok) return { file, missing };
    rmSync(file, { force: true });
    return { failed: `tar failed: ${packed.said}` };
  } catch (error) {
    return { failed: `cannot write ${file}: ${(error as Error).message}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Contents = Map<string, string>;

async function collect(
  world: Pick<World, 'env' | 'homeDir'>,
  given: { readonly dataDir?: string },
  place: Place,
): Promise<{ readonly contents: Contents; readonly missing: readonly string[] }> {
  const contents: Contents = new Map();
  const missing: string[] = [];
  const { facts, findings } = await examine(world, given);
  contents.set('doctor.json', JSON.stringify(findings, null, 2));
  contents.set(
    'versions.json',
    JSON.stringify(
      {
        cloud: VERSION,
        node: process.versions.node,
        kernel: release(),
        distribution: /^PRETTY_NAME="?([^"\n]*)/m.exec(readText('/etc/os-release') ?? '')?.[1],
        postgresql: facts.postgres,
        incus: facts.incus,
        platform: readText(join(place.dataDir, 'platform.id'))?.trim(),
      },
      null,
      2,
    ),
  );
  contents.set('settings.json', JSON.stringify(shownSettings(place.settings), null, 2));
  for (const [path, text] of readLogs(place.dataDir)) contents.set(path, text);
  if (![...contents.keys()].some((path) => path.startsWith('logs/')))
    missing.push(`logs: none can be read below ${place.dataDir}${place.isRoot ? '' : '; run it with sudo'}`);
  const metrics = await readMetrics(place.listen).catch(
    (error: Error) => void missing.push(`metrics: ${error.message}`),
  );
  if (metrics !== undefined) contents.set('metrics.txt', metrics);
  const env = databaseEnvironment(place);
  if (env === undefined) missing.push('the database: it does not run, or only root can read its password');
  else
    for (const [path, question] of Object.entries(QUESTIONS)) {
      const { ok, stdout, said } = await askDatabase(env, question);
      if (ok) contents.set(path, stdout.trim() || '[]');
      else missing.push(`${path}: ${said}`);
    }
  return { contents, missing };
}

const isSecret = (name: string): boolean => /KEY|PASSWORD|SECRET|TOKEN/.test(name);

/** Settings without the parts that let anybody in: of an address, the host stays. */
function shownSettings(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(settings)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => [name, isSecret(name) ? REMOVED : value]),
  );
}

function readLogs(dataDir: string): readonly (readonly [path: string, text: string])[] {
  const files = [
    ...listNames(join(dataDir, 'logs')).map((name) => join(dataDir, 'logs', name)),
    ...['incusd.log', 'incusd.out', 'lxcfs.out'].map((name) => join(dataDir, name)),
  ];
  return files.flatMap((path) => {
    const text = readEnd(path);
    return text === undefined ? [] : [[`logs/${path.slice(path.lastIndexOf('/') + 1)}`, text] as const];
  });
}

/** The last lines of a file. Half a line at the beginning could be half a secret, which nothing would recognise. */
function readEnd(path: string): string | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const from = Math.max(0, size - LOG_BYTES);
      const bytes = Buffer.alloc(Math.min(size, LOG_BYTES));
      const text = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, from)).toString('utf8');
      return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** From the API on this machine, which asks for no key on loopback. */
function readMetrics(listen: string): Promise<string> {
  const port = /:(\d+)$/.exec(listen)?.[1];
  if (port === undefined || port === '0') return Promise.reject(new Error(`the port of ${listen} is not known`));
  return new Promise((done, fail) => {
    const request = get({ host: '127.0.0.1', port, path: '/metrics', timeout: METRICS_TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > METRICS_BYTES) request.destroy(new Error(`they have more than ${METRICS_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', fail);
      answer.on('end', () =>
        answer.statusCode === 200
          ? done(Buffer.concat(chunks).toString('utf8'))
          : fail(new Error(`the API answered ${answer.statusCode}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${METRICS_TIMEOUT_MS / 1000} s`)));
    request.on('error', fail);
  });
}

/** All secrets that this machine holds, to be found wherever they were written down. */
function secretsOf({ dataDir, settings }: Place, env: World['env']): readonly (string | Uint8Array)[] {
  const folder = join(dataDir, 'secrets');
  const files = listNames(folder).flatMap((name) => {
    try {
      return [readFileSync(join(folder, name))];
    } catch {
      return [];
    }
  });
  const texts = files.map((bytes) => bytes.toString('utf8'));
  const members = texts.flatMap((text) => [...text.matchAll(/"([^"]{6,})"\s*[,}\]]/g)].map((match) => match[1]!));
  // A master key after a rotation: base64 in JSON, and in other forms elsewhere.
  const decoded = members
    .filter((text) => /^[A-Za-z0-9+/]{43}=$/.test(text))
    .map((text) => Buffer.from(text, 'base64'));
  // The last field of a line of PostgreSQL's password file.
  const passwords = texts.flatMap((text) =>
    [...text.matchAll(/^(?:[^:\n]*:){4}([^:\n]+)$/gm)].map((match) => match[1]!),
  );
  const given = { ...settings, CLOUD_API_KEY: env.CLOUD_API_KEY, PGPASSWORD: env.PGPASSWORD };
  const ofSettings = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : isSecret(name) ? [value] : secretsOfSetting(value),
  );
  return [...files.filter((bytes) => bytes.length <= 4096), ...members, ...decoded, ...passwords, ...ofSettings];
}

/** The password of an address. */
function secretsOfSetting(value: string): readonly string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^:/@]*:([^\s/]*)@/i.exec(value)?.[1];
  if (!password) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
