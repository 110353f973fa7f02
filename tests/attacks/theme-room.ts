import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networkNames, platformNames } from '../../packages/server/src/engines/names.ts';
import { runInNamespace } from '../../packages/server/src/engines/run-command.ts';
import { attachTestInternet, type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, type Use } from '../acceptance/instances.ts';
import { attackBeside, type Neighbour } from './neighbour.ts';

/** Sends to as many ports of an address as it can, 500 packets every 25 ms: 20,000 connections a second. */
const MANY_CONNECTIONS = `
const { createSocket } = require('node:dgram');
const [address] = process.argv.slice(1);
let port = 1024, socket = createSocket('udp4');
setInterval(() => {
  socket.close();
  socket = createSocket('udp4').on('error', () => undefined);
  for (let nth = 0; nth < 500; nth++) socket.send('x', (port = port < 65000 ? port + 1 : 1024), address, () => undefined);
}, 25);
`;

/** Asks for names that nobody has, 500 every 25 ms. */
const MANY_NAMES = `
const { createSocket } = require('node:dgram');
const [server] = process.argv.slice(1);
const socket = createSocket('udp4').on('error', () => undefined);
let nth = 0;
setInterval(() => {
  for (let now = 0; now < 500; now++, nth++) {
    const name = String(nth).padStart(8, '0');
    socket.send(Buffer.from('000101000001000000000000' + '08' + Buffer.from(name).toString('hex') + '08' + Buffer.from('internal').toString('hex') + '0000010001', 'hex'), 53, server);
  }
}, 25);
`;

/** A tenant whose instances make others work for them: the kernel, the name server, the monitor, the daemon. */
export function describeRoom(use: Use, beside: () => Neighbour): void {
  describe('a tenant inside its instances', () => {
    let client: Client;
    let internet: Awaited<ReturnType<typeof attachTestInternet>>;

    beforeAll(async () => {
      client = await createTenant(use(), 'crowded');
      await createVpc(client, 'crowd');
      await launch(client, 'one', { vpc_id: 'crowd' });
      internet = await attachTestInternet(use().platformId());
    }, 60_000);

    afterAll(async () => {
      await internet?.detach();
      await deleteAll(use(), client);
    }, 60_000);

    /** Runs a program of ours among an instance's network until the signal. */
    const runBeside = async (name: string, words: readonly string[], ended: AbortSignal): Promise<void> => {
      const { pid } = await firstProcess(use, client, name);
      const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '-e', ...words], {
        stdio: 'ignore',
      });
      if (!ended.aborted) await once(ended, 'abort');
      child.kill('SIGKILL');
    };

    test('opens connections without end', async () => {
      const tracked = async (): Promise<number> => {
        const { stdout } = await runInNamespace(platformNames(use().platformId()).edgeNamespace, 'cat', [
          '/proc/sys/net/netfilter/nf_conntrack_count',
        ]);
        return Number(stdout);
      };
      await attackBeside(beside(), 'connections without end', async (ended) => {
        await runBeside('one', [MANY_CONNECTIONS, internet.address], ended);
        console.info(`tracked at the edge: ${await tracked()}`);
        expect(await tracked()).toBeLessThan(6_000);
        expect((await sh(beside().client, 'one', `ping -c 1 -W 2 ${internet.address}`)).code).toBe(0);
      });
    });

    test('asks its name server without end', async () => {
      const { bridge } = networkNames(use().platformId(), (await client.ask('GET', '/vpcs/crowd')).id);
      const { runDir } = platformNames(use().platformId());
      const server = Number(await readFile(`${runDir}/dns/${bridge}.pid`, 'utf8'));
      await attackBeside(beside(), 'names without end', async (ended) => {
        const { share } = await watchCpu(server, () => runBeside('one', [MANY_NAMES, '10.0.0.1'], ended));
        expect(share).toBeLessThan(0.1);
        expect((await sh(beside().client, 'one', 'nslookup two.internal')).code).toBe(0);
      });
    });

    test('runs commands that print without end', async () => {
      const worker = await use().pid('worker');
      await attackBeside(beside(), 'commands that print without end', async (ended) => {
        const command = ['timeout', '8', 'cat', '/dev/zero'];
        const run = () => client.call('POST', '/instances/one/exec', { command, timeout: 8 });
        const all = Promise.all(Array.from({ length: 8 }, run));
        await watchCpu(worker, async () => {
          if (!ended.aborted) await once(ended, 'abort');
        });
        await client.call('POST', '/instances/one/exec', { command: ['killall', 'cat'] });
        await all;
      });
    });

    test('prints without end', async () => {
      await launch(client, 'loud', { cmd: ['cat', '/dev/zero'] });
      const { parent } = await firstProcess(use, client, 'loud');
      await attackBeside(beside(), 'a log without end', async (ended) => {
        const { share } = await watchCpu(parent, async () => {
          if (!ended.aborted) await once(ended, 'abort');
        });
        expect(share).toBeLessThan(0.1);
      });
      await client.ask('DELETE', '/instances/loud');
    });
  });
}

async function firstProcess(use: Use, client: Client, name: string): Promise<{ pid: number; parent: number }> {
  const { id } = await client.ask('GET', `/instances/${name}`);
  const incus = use().incus;
  const pid = await incus.initOf((await incus.machineOf(id))!);
  return { pid, parent: Number((await statOf(pid))[1]) };
}

/** Words of /proc/PID/stat behind the name: state, parent, … */
const statOf = async (pid: number): Promise<readonly string[]> =>
  (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');

/** How much of a processor a process took while the work was done. */
async function watchCpu(pid: number, work: () => Promise<void>): Promise<{ readonly share: number }> {
  const [before, begun] = [await cpuSeconds(pid), performance.now()];
  await work();
  const share = (1000 * ((await cpuSeconds(pid)) - before)) / (performance.now() - begun);
  console.info(`process ${pid}: ${(100 * share).toFixed(1)} % of a processor`);
  return { share };
}

/** Of a process; the kernel counts in hundredths. */
const cpuSeconds = async (pid: number): Promise<number> => {
  const words = await statOf(pid);
  return (Number(words[11]) + Number(words[12])) / 100;
};
