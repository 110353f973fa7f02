import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../packages/server/src/kernel/registry.ts';
import { createSealer } from '../../packages/server/src/kernel/seal.ts';
import { composeRegistry } from '../../packages/server/src/services.ts';
import { setUpOperations } from '../../packages/server/src/testing/operation-world.ts';
import { createInstanceLive } from '../../packages/server/src/services/instances/live.ts';
import { createFakeComputeEngine } from '../../packages/server/src/testing/fake-engines.ts';
import { type Actor, startTestApi } from '../../packages/server/src/testing/test-api.ts';
import type { TestDatabase } from '../../packages/testkit/src/index.ts';

/** A fuzzer that others wrote: it reads our openapi.json, calls what it says, and compares every answer with it. */
const FUZZER = 'schemathesis==4.32.5';
/** Random calls of each operation, beside those that cover its schema. */
const CALLS = Number(process.env.CLOUD_FUZZ_CALLS ?? 300);
const SEED = Number(process.env.CLOUD_FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
/** Inputs that are good, of each operation: their ids and names are among the values that the fuzzer tries. */
const GOOD_INPUTS = 4;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

const registry = composeRegistry({
  sealer: createSealer(new Map([[1, Buffer.alloc(32)]])),
  region: 'us-east-1',
  platformId: '00000000-0000-7000-8000-0000000000ff',
});
// A websocket is more than a fuzzer of requests can open, and it would wait for the end of a stream of events.
const entries = [...registry.entries.values()].filter((entry) => !['socket', 'events'].includes(entry.answer));
const home = resolve('.cache/fuzzer');

describe('every operation, called by a fuzzer', () => {
  const start = (database: TestDatabase) =>
    startTestApi({ database, live: createInstanceLive(createFakeComputeEngine()) });
  const world = setUpOperations({ registry, start });
  let folder: string;

  beforeAll(async () => {
    console.info(`seed ${SEED}, ${CALLS} random calls of each operation`);
    folder = mkdtempSync(join(tmpdir(), 'thecloud-fuzz-'));
    if (existsSync(join(home, FUZZER))) return;
    await run('python3', ['-m', 'venv', '--clear', home]);
    await run(join(home, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', FUZZER]);
    writeFileSync(join(home, FUZZER), '');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Calls an operation many times as this actor. Throws with the fuzzer's report when an answer is not as documented. */
  async function fuzz(
    entry: Entry,
    actor: Actor,
    inputs: readonly Readonly<Record<string, unknown>>[],
  ): Promise<string> {
    const config = join(folder, `${entry.name}.toml`);
    writeFileSync(config, configOf(entry, actor, inputs));
    const phases = ['--phases', 'examples,coverage,fuzzing', '-n', String(CALLS), '--seed', String(SEED)];
    const what = ['--include-operation-id', entry.name, '--checks', CHECKS.join(',')];
    const how = ['--no-color', '--request-timeout', '70', '--suppress-health-check', 'all', '--warnings', 'off'];
    const key = ['--header', `X-API-Key: ${actor.key}`];
    const from = ['--config-file', config, 'run', `${world.api.url}/openapi.json`];
    return run(join(home, 'bin', 'schemathesis'), [...from, ...what, ...key, ...phases, ...how]);
  }

  test.for(entries.map((entry) => [entry.name, entry] as const))(
    '%s answers as its document says',
    async ([, entry]) => {
      const actor = await world.api.makeActor({ platformRole: 'admin' });
      const inputs = [];
      for (let i = 0; i < GOOD_INPUTS; i++) inputs.push(await world.inputOf(entry, actor));
      await fuzz(entry, actor, inputs);
      // Otherwise only refusals were tried.
      expect(await world.api.countOf(entry.name), 'successful calls').toBeGreaterThan(0);
    },
  );

  test.for(
    entries
      .filter((entry) => entry.writes && entry.permission !== undefined)
      .map((entry) => [entry.name, entry] as const),
  )('%s changes nothing for a member without permissions', async ([, entry]) => {
    const { tenantId } = await world.api.makeActor();
    const nobody = await world.api.makeMember(tenantId, 'none');
    await world.changes.take();
    await fuzz(entry, nobody, []);
    expect(await world.changes.take()).toEqual([]);
  });
});

/** Real ids and names, half the time, where a parameter or a member takes a text or a number. */
function configOf(entry: Entry, actor: Actor, inputs: readonly Readonly<Record<string, unknown>>[]): string {
  const members = new Map<string, Set<string>>();
  for (const input of inputs)
    for (const [member, value] of Object.entries(input))
      if (typeof value === 'string' || Number.isInteger(value))
        members.set(member, (members.get(member) ?? new Set()).add(JSON.stringify(value)));
  const { method } = entry.descriptor.http;
  const placeOf = (member: string) =>
    entry.pathParams.includes(member) ? 'path' : method === 'GET' || method === 'DELETE' ? 'query' : 'body';
  return [
    '[parameters]',
    `"header.X-Tenant-ID" = ${JSON.stringify(actor.tenantId)}`,
    ...[...members.keys()].map(
      (member) => `"${placeOf(member)}.${member}" = { dictionary = "${member}", probability = 0.5 }`,
    ),
    ...[...members].map(([member, values]) => `[dictionaries.${member}]\nvalues = [${[...values].join(', ')}]`),
  ].join('\n');
}

/** @throws Error with the end of what it printed. */
function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir() });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk));
    child.once('error', fail);
    child.once('close', (code) =>
      code === 0 ? done(text) : fail(new Error(`${command} ended with ${code}:\n${text.slice(-6_000)}`)),
    );
  });
}
