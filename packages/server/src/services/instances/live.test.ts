import { expect, it } from 'vitest';
import { createFakeComputeEngine } from '../../testing/fake-engines.ts';
import { createInstanceLive } from './live.ts';
import type { ExecResult } from './compute-engine.ts';

const LIMIT = 1024 * 1024;
/** "a" and two of the three bytes of "€". */
const HALF = Buffer.from([0x61, 0xe2, 0x82]);

it('an output loses half a character only where the limit cut through it, and never because the other was cut', async () => {
  const exec = async (result: Pick<ExecResult, 'stdout' | 'stderr' | 'truncated'>) => {
    const engine = { ...createFakeComputeEngine(), exec: async () => ({ exitCode: 0, timedOut: false, ...result }) };
    const run = createInstanceLive(engine)['instances.exec'];
    if (typeof run !== 'function') throw new TypeError('exec answers once');
    const spec = { command: ['x'], timeoutMs: 1_000 };
    const ticket = { tenant_id: 't', user_id: 'u', operation: 'instances.exec', target_id: 'i', spec };
    return (await run(ticket, new AbortController().signal)) as Record<string, string>;
  };
  const full = Buffer.concat([Buffer.alloc(LIMIT - HALF.length, 'a'), HALF]);
  const cut = await exec({ stdout: full, stderr: Buffer.from('whole'), truncated: true });
  expect([cut.encoding, cut.stderr, cut.stdout]).toEqual(['utf-8', 'whole', 'a'.repeat(LIMIT - 2)]);
  const binary = await exec({ stdout: HALF, stderr: Buffer.alloc(LIMIT, 'e'), truncated: true });
  expect(binary.encoding).toBe('base64');
  expect(Buffer.from(binary.stdout!, 'base64').equals(HALF)).toBe(true);
});
