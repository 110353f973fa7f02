import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud } from './support/cloud.ts';
import { debianPython, latestPython, run } from './support/install.ts';

const file = (name: string) => fileURLToPath(new URL(`./support/${name}`, import.meta.url));

describe.each([
  ['the newest of the package index', latestPython, (python: string) => python.replace(/python$/, 'aws')],
  ["Debian's", debianPython, () => '/usr/bin/aws'],
])('boto3 and awscli, %s', (_name, install, cliOf) => {
  let cloud: Awaited<ReturnType<typeof startCloud>>;
  let python = '';
  let work = '';
  beforeAll(async () => {
    python = await install();
    cloud = await startCloud();
    work = mkdtempSync(join(tmpdir(), 'aws-cli-'));
  }, 600_000);
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true });
    await cloud.close();
  });

  it('runs every boto3 scenario', { timeout: 120_000 }, async () => {
    const out = await run(python, [file('scenarios.py'), cloud.url], { timeoutMs: 100_000 });
    expect(out.match(/^ok /gm)).toHaveLength(8);
    expect(cloud.errors).toEqual([]);
  });

  it('runs the CLI script, with a 20 MB copy', { timeout: 120_000 }, async () => {
    expect(await run('sh', [file('cli.sh'), cliOf(python), cloud.url, work], { timeoutMs: 110_000 })).toContain(
      'cli ok',
    );
    expect(cloud.errors).toEqual([]);
  });
});
