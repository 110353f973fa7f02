import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startPostgresCluster } from './postgres-cluster.ts';
import { withClient } from './test-database.ts';

const folderOf = (url: string) => new URL(url.replace('@/', '@x/')).searchParams.get('host')!;

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a private cluster', () => {
  it('serves on its socket alone, and leaves nothing behind', async () => {
    const cluster = await startPostgresCluster({ settings: ['work_mem=5MB'] });
    const url = cluster.url('postgres', 'postgres');
    const [row] = await withClient(
      url,
      async (client) =>
        (
          await client.query(
            `select current_setting('listen_addresses') as listen, current_setting('fsync') as fsync, current_setting('work_mem') as mem`,
          )
        ).rows,
    );
    expect(row).toEqual({ listen: '', fsync: 'off', mem: '5MB' });
    await cluster.stop();
    expect(existsSync(folderOf(url))).toBe(false);
  });

  it('ends with the process that started it, even by kill -9', async () => {
    const module = fileURLToPath(new URL('postgres-cluster.ts', import.meta.url));
    const script = `import { startPostgresCluster } from ${JSON.stringify(module)};
      const cluster = await startPostgresCluster({ durable: true });
      console.log(cluster.url('postgres', 'postgres'));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve) =>
      child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim())),
    );
    const folder = folderOf(url);
    expect(await withClient(url, async (client) => (await client.query('show fsync')).rows)).toEqual([{ fsync: 'on' }]);
    child.kill('SIGKILL');
    await until(() => !existsSync(folder));
    await expect(withClient(url, async () => undefined)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });

  it('says why it did not start', async () => {
    await expect(startPostgresCluster({ settings: ['no_such_setting=1'], startTimeoutMs: 500 })).rejects.toThrow(
      /no_such_setting/,
    );
  });
});
