import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startCloud } from '../test/support/cloud.ts';
import { CACHE, run } from '../test/support/install.ts';

/** Compiling the Go SDK's EC2 client takes minutes: `npm run test:slow`, not the default suite. */
it('runs every scenario with the AWS SDK for Go v2', { timeout: 900_000 }, async () => {
  const folder = fileURLToPath(new URL('../test/support/go/', import.meta.url));
  const program = `${CACHE}go-scenarios`;
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: folder, inherit: true, timeoutMs: 800_000 });
  } catch (error) {
    throw new Error('This test needs Go 1.24 or later, able to reach a module proxy.', { cause: error });
  }
  const cloud = await startCloud();
  try {
    const out = await run(program, [cloud.url], { timeoutMs: 60_000 });
    expect(out.match(/^ok /gm)).toHaveLength(6);
    expect(cloud.errors).toEqual([]);
  } finally {
    await cloud.close();
  }
});
