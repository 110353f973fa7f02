import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineName, projectName } from '../../packages/server/src/engines/names.ts';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { deleteAll, launch, sh, type Use } from '../acceptance/instances.ts';
import { attackBeside, type Neighbour } from './neighbour.ts';

const run = promisify(execFile);

/** What the kernel counts over all: how many processes take it, and how many each. Far more than the kernel's defaults have. */
const TAKEN = {
  inotify: [3, 5_000],
  timers: [2, 100_000],
  queues: [2, 1_000],
  requests: [2, 1_000],
  locked: [2, 10_000],
  terminals: [2, 1_000],
} as const;

/** Who uses up what all instances and the host have of one kernel. */
export function describeKernel(use: Use, beside: () => Neighbour): void {
  describe('a tenant that takes of the kernel', () => {
    let greedy: Client;
    let folder: string;
    const take = (): string => `${folder}/take`;

    beforeAll(async () => {
      folder = await mkdtemp(`${tmpdir()}/take-`);
      await run('gcc', ['-O1', '-static', '-s', '-o', take(), new URL('take.c', import.meta.url).pathname]);
      greedy = await createTenant(use(), 'greedy');
      for (const [client, name] of [
        [greedy, 'greedy'],
        [beside().client, 'other'],
      ] as const) {
        const { id } = await launch(client, name);
        await bring(use(), client.tenantId, id, take());
      }
    }, 60_000);

    afterAll(async () => {
      await deleteAll(use(), greedy);
      await beside().client.call('DELETE', '/instances/other');
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    test('uses up its own share, and neither the neighbour’s nor the host’s', async () => {
      const kinds = Object.keys(TAKEN) as (keyof typeof TAKEN)[];
      await attackBeside(beside(), 'what the kernel counts over all', async (ended) => {
        const taking = Promise.all(
          kinds.map((kind) => sh(greedy, 'greedy', `/take ${kind} ${TAKEN[kind].join(' ')} 5 || :`, 30)),
        );
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        const each = kinds.map((kind) => `echo ${kind} $(/take ${kind} 1 3 0)`).join('; ');
        const whole = kinds.map((kind) => `${kind} 3\n`).join('');
        expect((await sh(beside().client, 'other', each)).out).toBe(whole);
        expect((await run('sh', ['-c', each.replaceAll('/take', take())])).stdout).toBe(whole);
        if (!ended.aborted) await once(ended, 'abort');
        for (const { err } of await taking) expect(err).not.toMatch(/not found|cannot execute/);
      });
    });

    test('opens sockets of the allowed families only, and has no call that a container does without', async () => {
      const ran = await sh(
        greedy,
        'greedy',
        '/take families; echo; /take calls; echo; /take rings 1 1 0; /take keys 1 1 0',
      );
      expect(ran.out).toBe('1 2 10 16 17 \n\n0\n0\n');
    });
  });
}

/** Copies a program into a running instance, through the host's back door. */
async function bring(
  { dataDir, platformId }: ReturnType<Use>,
  tenantId: string,
  id: string,
  program: string,
): Promise<void> {
  const logs = `${dataDir}/incus/logs/${projectName(platformId(), tenantId)}_${machineName(platformId(), id)}`;
  const pid = (await readFile(`${logs}/runs`, 'utf8')).split(' ')[4]!;
  const place = ['--target', pid, '--mount', '--user', '--setuid', '0', '--setgid', '0', '--'];
  const copy = spawn('nsenter', [...place, '/bin/sh', '-c', 'cat > /take && chmod 755 /take']);
  copy.stdin.end(await readFile(program));
  const [code] = await once(copy, 'close');
  if (code !== 0) throw new Error(`/take could not be written into ${id}`);
}
