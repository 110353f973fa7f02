import { execFile } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type Client, createClient, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { sh, type Use, waitForStatus, waitUntilGone } from './instances.ts';

/** The README's story, step by step, each within its time. */
export function describeStory(use: Use, operator: () => Client): void {
  describe('the story', () => {
    let client: Client;
    let first: any;

    test('the documents are there without a key', async () => {
      const { address } = use();
      expect(await (await fetch(`${address}/health/live`)).json()).toEqual({ status: 'ok' });
      expect(((await (await fetch(`${address}/openapi.json`)).json()) as any).openapi).toBe('3.1.0');
      const page = await (await fetch(`${address}/docs`)).text();
      const script = /<script src="([^"]+)"/.exec(page)?.[1] ?? 'none';
      expect((await fetch(new URL(script, address))).status).toBe(200);
    });

    test('a browser is led to the console, which is built and compressed', async () => {
      const { address, output } = use();
      expect(output()).toContain(`Console    ${address}/console/ `);
      const page = await fetch(address);
      expect([page.status, page.url]).toEqual([200, `${address}/console/`]);
      const script = /<script [^>]*src="([^"]+)"/.exec(await page.text())?.[1] ?? 'none';
      const { status, headers } = await fetch(new URL(script, address), { headers: { 'accept-encoding': 'br' } });
      expect([status, headers.get('content-encoding')]).toEqual([200, 'br']);
      expect(await (await fetch(`${address}/console/t/some/page`)).text()).toContain(script);
    });

    test('the first user is the operator, a later one is not', async () => {
      expect((await operator().ask('GET', '/auth/me')).role).toBe('admin');
    });

    test('register, log in, make a key', async () => {
      const nobody = createClient(use().address, '');
      const user = { email: 'You@Example.com', password: 'a long pass phrase', name: 'You' };
      const registered = await nobody.call('POST', '/auth/register', user);
      expect(registered.status).toBe(201);
      expect(registered.text).not.toContain(user.password);
      const login = await nobody.ask('POST', '/auth/login', { email: 'you@example.com', password: user.password });
      const key = await createClient(use().address, login.api_key).ask('POST', '/auth/keys', { name: 'laptop' });
      expect(key.key).toMatch(/^thecloud_[0-9a-f]{32}$/);
      client = createClient(use().address, key.key, login.user.tenant_id);
      expect((await client.ask('GET', '/auth/me')).email).toBe('you@example.com');
      expect((await client.ask('GET', '/auth/me')).role).not.toBe('admin');
    });

    test('a network, and an instance in it that runs within 15 s', async () => {
      const vpc = await client.ask('POST', '/vpcs?wait=15', { name: 'net' });
      expect(vpc).toMatchObject({ name: 'net', cidr_block: '10.0.0.0/16', status: 'active' });
      const begun = performance.now();
      const answer = await client.call('POST', '/instances', {
        name: 'web',
        image: 'busybox',
        instance_type: 'basic-1',
        vpc_id: 'net',
      });
      expect(answer.status).toBe(202);
      expect(answer.data).toMatchObject({ name: 'web', status: 'STARTING', vpc_id: vpc.id });
      first = await client.ask('GET', '/instances/web?wait=15');
      expect(first).toMatchObject({ id: answer.data.id, status: 'RUNNING', private_ip: '10.0.0.2', version: 1 });
      expect(performance.now() - begun).toBeLessThan(15_000);
      expect(Date.parse(first.started_at)).toBeGreaterThan(Date.parse(first.created_at));
    });

    test('its log, and commands in it: exit code, stdout and stderr apart, stdin, a time limit', async () => {
      expect((await client.call('GET', '/instances/web/logs')).text).toContain('web');
      const line = 'echo to stdout; echo to stderr >&2; cat; exit 7';
      const ran = await client.ask('POST', '/instances/web/exec', { command: ['sh', '-c', line], stdin: 'from stdin' });
      expect(ran).toMatchObject({ exit_code: 7, stdout: 'to stdout\nfrom stdin', stderr: 'to stderr\n' });
      const late = await client.ask('POST', '/instances/web/exec', { command: ['sleep', '60'], timeout: 1 });
      expect(late.timed_out).toBe(true);
      const absent = await client.call('POST', '/instances/web/exec', { command: ['no-such-program'] });
      expect([absent.status, absent.data?.exit_code]).toEqual([200, 127]);
    });

    test('what it uses, what is in its network, and a search that finds both', async () => {
      const idle = await client.ask('GET', '/instances/web/stats');
      const work = sh(client, 'web', '(while :; do :; done) & sleep 3; kill $!; ping -c 3 10.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const busy = await client.ask('GET', '/instances/web/stats');
      // Others may work on this machine: a core, or what is left of one.
      expect(busy.cpu_percentage).toBeGreaterThan(20);
      expect(busy.cpu_time_nanoseconds - idle.cpu_time_nanoseconds).toBeGreaterThan(400e6);
      expect(busy).toMatchObject({ vcpus: 1, memory_limit_bytes: 512 * 1024 ** 2, disk_limit_bytes: 8 * 1024 ** 3 });
      await work;
      const after = await client.ask('GET', '/instances/web/stats');
      expect(after.network_tx_packets - idle.network_tx_packets).toBeGreaterThanOrEqual(3);
      expect(await client.ask('GET', '/vpcs/net/interfaces')).toMatchObject([
        { private_ip: '10.0.0.2', resource_type: 'instance', resource_id: first.id, hostname: 'web' },
      ]);
      expect(await client.ask('GET', '/vpcs/net')).toMatchObject({ addresses_in_use: 1, addresses_free: 65_532 });
      const found = async (q: string) =>
        (await client.ask('GET', `/search?q=${q}`)).map(({ kind, name }: any) => `${kind} ${name}`);
      expect(await found('WE')).toContain('instance web');
      expect(await found('ne')).toContain('vpc net');
    });

    test('bytes by the command line as they are, the exit code also behind head, and nothing is left at Ctrl-C', async () => {
      const env = {
        PATH: process.env.PATH!,
        HOME: '/nonexistent',
        CLOUD_ENDPOINT: use().address,
        CLOUD_API_KEY: client.key,
      };
      const cloud = `${process.execPath} packages/cli/src/main.ts instances exec web --`;
      const shell = (line: string) =>
        new Promise<string>((resolve) => execFile('bash', ['-c', line], { env }, (_, out, err) => resolve(out + err)));
      const [here, there] = (
        await shell(`${cloud} cat /bin/busybox | sha256sum; ${cloud} sha256sum /bin/busybox`)
      ).split('\n');
      expect(here!.split(' ')[0]).toBe(there!.split(' ')[0]);
      expect(
        await shell(
          `head -c 3000000 /dev/urandom > /tmp/$$; sha256sum < /tmp/$$; ${cloud} sha256sum < /tmp/$$; rm /tmp/$$`,
        ),
      ).toMatch(/^(\w{64}) {2}-\n\1 {2}-\n$/);
      const early = `${cloud} sh -c 'yes; exit 3' | head -1; echo "\${PIPESTATUS[0]}"`;
      expect(await shell(early)).toBe('y\n3\n');
      expect(await shell(`timeout -s INT 3 ${cloud} sh -c 'sleep 54321 & sleep 54321'; echo $?`)).toMatch(
        /^(130|124)\n$/,
      );
      const left = async () => (await sh(client, 'web', 'ps | grep -c "[s]leep 54321"')).out;
      await waitFor('nothing of it to run', async () => (await left()) === '0\n', { deadlineMs: 1_000 });
    });

    test('its log as it is written, and a terminal in it, opened as a browser does', async () => {
      const leaving = new AbortController();
      const log = await fetch(`${use().address}/instances/web/logs?follow=true`, {
        headers: { 'x-api-key': client.key },
        signal: leaving.signal,
      });
      let followed = '';
      const following = (async () => {
        for await (const chunk of log.body!) followed += Buffer.from(chunk).toString();
      })().catch(() => undefined);

      const query = new URLSearchParams([
        ['command', 'sh'],
        ['rows', '31'],
        ['cols', '97'],
      ]);
      const url = `${use().address.replace('http', 'ws')}/instances/web/terminal?${query.toString()}`;
      const socket = new WebSocket(url, ['thecloud.v1', `thecloud.key.${client.key}`]);
      socket.binaryType = 'arraybuffer';
      let said = '';
      let exit: unknown;
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string') exit = JSON.parse(data);
        else said += Buffer.from(data as ArrayBuffer).toString('utf8', 1);
      });
      const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const type = (text: string): void => socket.send(Buffer.concat([Buffer.of(0), Buffer.from(text)]));
      type('stty size\r');
      await waitFor('the size of the terminal', async () => said.includes('31 97'), { explain: use().explain });
      type('echo a line for the log > /dev/console\r');
      await waitFor('a line in the log', async () => followed.includes('a line for the log'), {
        explain: use().explain,
        deadlineMs: 2_000,
      });
      type('exit 7\r');
      expect([await closed, exit]).toEqual([1000, { type: 'exit', code: 7 }]);
      leaving.abort(new Error('enough'));
      await following;
    });

    test('stop, start and reboot keep its disk and its address', async () => {
      await client.ask('POST', '/instances/web/exec', { command: ['sh', '-c', 'echo kept > /root/file'] });
      const stopping = await client.ask('POST', '/instances/web/stop');
      expect(['STOPPING', 'STOPPED']).toContain(stopping.status);
      await waitForStatus(use(), client, 'web', 'STOPPED', 20_000);
      const refused = await client.call('POST', '/instances/web/exec', { command: ['true'] });
      expect([refused.status, refused.code]).toEqual([409, 'INSTANCE_NOT_RUNNING']);
      expect((await client.call('POST', '/instances/web/reboot')).code).toBe('INSTANCE_NOT_RUNNING');
      const started = await client.ask('POST', '/instances/web/start?wait=20');
      expect(started).toMatchObject({ status: 'RUNNING', private_ip: first.private_ip, id: first.id });
      const machine = (await use().incus.machineOf(first.id))!;
      const before = await use().incus.initOf(machine);
      const rebooted = await client.ask('POST', '/instances/web/reboot?wait=20');
      expect(rebooted).toMatchObject({ status: 'RUNNING', private_ip: first.private_ip });
      expect(await use().incus.initOf(machine)).not.toBe(before);
      const kept = await client.ask('POST', '/instances/web/exec', { command: ['cat', '/root/file'] });
      expect(kept.stdout).toBe('kept\n');
    });

    test('ids and names both name it', async () => {
      for (const ref of ['web', first.id]) expect((await client.ask('GET', `/instances/${ref}`)).id).toBe(first.id);
      for (const ref of ['net', first.vpc_id]) expect((await client.ask('GET', `/vpcs/${ref}`)).id).toBe(first.vpc_id);
      const twin = await client.call('POST', '/instances', { name: 'web', image: 'busybox' });
      expect([twin.status, twin.code]).toEqual([409, 'CONFLICT']);
    });

    test('a network with something in it stays, and goes when it is empty', async () => {
      const refused = await client.call('DELETE', '/vpcs/net');
      expect([refused.status, refused.code]).toEqual([409, 'CONFLICT']);
      await client.ask('DELETE', '/instances/web');
      await waitUntilGone(use(), client, `/instances/${first.id}`);
      await waitFor('its machine to be gone', async () => (await use().incus.machineOf(first.id)) === undefined, {
        explain: use().explain,
      });
      await client.ask('DELETE', '/vpcs/net');
      await waitUntilGone(use(), client, `/vpcs/${first.vpc_id}`);
      expect(await client.ask('GET', '/instances')).toEqual([]);
    });
  });
}
