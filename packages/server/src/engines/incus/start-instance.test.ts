import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IncusClient, IncusError, type IncusInstance } from './incus-client.ts';
import { readRunRecord } from './run-record.ts';
import { startInstance } from './start-instance.ts';

const FOUND: IncusInstance = { name: 'x', project: 'p', status: 'Stopped', config: {}, devices: {} };
/** The hook's record: so many ends, and the number of the process that runs; 0: none. */
const recordOf = (ends: number, pid: number) => `${ends} 1767225600 100 boot ${pid} 1767225600 10 0 0\n`;

let logFolder: string;
beforeEach(async () => {
  logFolder = await mkdtemp(join(tmpdir(), 'cloud-start-'));
});
afterEach(() => rm(logFolder, { recursive: true }));

/** A start that Incus answers with these words, and after which the record says this. */
async function start(said: string, after: string | undefined): Promise<void> {
  const run = async () => {
    if (after !== undefined) await writeFile(`${logFolder}/runs`, after);
    throw new IncusError('failed', 400, `Incus failed at PUT /1.0/instances/x/state: ${said}`, { said });
  };
  const before = await readRunRecord(logFolder);
  const client = { run } as unknown as IncusClient;
  const nothing = async () => undefined;
  await startInstance(client, FOUND, { logFolder, before, removeLink: nothing, liftLimit: nothing }, undefined);
}

test('a first process that ended while Incus still looked at it was started', async () => {
  await start('no such file or directory', recordOf(1, 0));
  await start('no such file or directory', recordOf(2, 0));
  await start(`Block device path doesn't exist "/devices/x/disk.thecloud"`, recordOf(3, 0));
});

test.each([
  ['no such file or directory', undefined],
  ['no such file or directory', recordOf(3, 0)],
  ['no such file or directory', recordOf(3, 4242)],
  ['disk quota exceeded', recordOf(4, 0)],
])('any other failure is one: %s, %j', async (said, after) => {
  await writeFile(`${logFolder}/runs`, recordOf(3, 0));
  await expect(start(said, after)).rejects.toThrow(said);
});
