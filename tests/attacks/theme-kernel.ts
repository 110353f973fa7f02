import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, TINY, type Use } from '../acceptance/instances.ts';
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

/** Tables and buffers of the kernel: every address of the network is asked for, and sockets are full of what nobody reads. */
const FILLED = ['neighbours 2 2000000000 0', 'udp 2 200 4', 'tcp 2 100 4'];

/** MiB that sockets of TCP and UDP hold, of the whole host. */
async function bufferMib(): Promise<number> {
  const pages = [...(await readFile('/proc/net/sockstat', 'utf8')).matchAll(/ mem (\d+)/g)].map(([, count]) =>
    Number(count),
  );
  return (pages.reduce((sum, count) => sum + count, 0) * 4) / 1024;
}

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
      await createVpc(greedy, 'net');
      for (const [client, name] of [
        [greedy, 'greedy'],
        [greedy, 'flood'],
        [beside().client, 'other'],
      ] as const) {
        const { id } = await launch(client, name, { vpc_id: 'net' });
        await bring(use(), id, take());
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
        const taking = Promise.all([
          ...kinds.map((kind) => sh(greedy, 'greedy', `/take ${kind} ${TAKEN[kind].join(' ')} 4 || :`, 30)),
          ...FILLED.map((words) => sh(greedy, 'flood', `timeout 5 /take ${words} || :`, 30)),
        ]);
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        const each = kinds.map((kind) => `echo ${kind} $(/take ${kind} 1 3 0)`).join('; ');
        const whole = kinds.map((kind) => `${kind} 3\n`).join('');
        expect((await sh(beside().client, 'other', each)).out).toBe(whole);
        expect((await run('sh', ['-c', each.replaceAll('/take', take())])).stdout).toBe(whole);
        // Counted to its memory, or an eighth in addition; without a limit it is hundreds.
        expect(await bufferMib()).toBeLessThan(TINY.memory_mb);
        if (!ended.aborted) await once(ended, 'abort');
        for (const { err } of await taking) expect(err).not.toMatch(/not found|cannot execute/);
      });
    });

    test('is ended when it leaves messages of netlink unread', async () => {
      const began = performance.now();
      await sh(greedy, 'flood', '/take unread 1 100 60', 90).catch(() => undefined);
      expect(performance.now() - began).toBeLessThan(30_000);
      const ends = async () => (await greedy.ask('GET', '/instances/flood')).last_exit;
      await expect.poll(ends, { timeout: 20_000 }).toMatchObject({ code: 137 });
    });

    test('makes no network, and few of the cgroups of which the host has 65,535', async () => {
      const network = await sh(
        greedy,
        'greedy',
        'unshare -n true; unshare -r -n true; ip link set eth0 mtu 1400; ip addr add 10.9.0.1/8 dev eth0',
      );
      expect(network.err.match(/not permitted/g)).toHaveLength(4);
      const cgroups = await sh(
        greedy,
        'greedy',
        `mkdir /tmp/v1 /tmp/v2; mount -t cgroup -o memory none /tmp/v1; mkdir /tmp/v1/mine && echo one of version 1
         mount -t cgroup2 none /tmp/v2; i=0; while [ $i -lt 3000 ] && mkdir /tmp/v2/mine$i; do i=$((i + 1)); done; rmdir /tmp/v2/mine*; echo $i`,
        30,
      );
      expect(Number(cgroups.out), cgroups.err).toBeLessThanOrEqual(1024);
    });

    test('opens sockets and pairs of the allowed families only, and has no call that a container does without', async () => {
      const ran = await sh(
        greedy,
        'greedy',
        '/take families; echo; /take pairs; echo; /take unix 1 1 0; /take calls; echo; /take rings 1 1 0; /take keys 1 1 0',
      );
      expect(ran.out).toBe('1 2 10 16 17 \n1 2 10 16 17 \n1\n\n0\n0\n');
    });

    test('opens no other sockets or pairs by calls of 32-bit programs', async () => {
      const ran = await sh(greedy, 'greedy', '/take families32; echo; /take pairs32; echo; /take rings32 1 1 0');
      expect(ran.out).toBe(process.arch === 'x64' ? '1 2 10 16 17 \n1 2 10 16 17 \n0\n' : '\n\n0\n');
    });
  });
}

/** Copies a program into a running instance, through the host's back door. */
async function bring({ incus }: ReturnType<Use>, id: string, program: string): Promise<void> {
  const pid = String(await incus.initOf((await incus.machineOf(id))!));
  const place = ['--target', pid, '--mount', '--user', '--setuid', '0', '--setgid', '0', '--'];
  const copy = spawn('nsenter', [...place, '/bin/sh', '-c', 'cat > /take && chmod 755 /take']);
  copy.stdin.end(await readFile(program));
  const [code] = await once(copy, 'close');
  if (code !== 0) throw new Error(`/take could not be written into ${id}`);
}
