import { expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

test('is over soon after its time, also where a child of the program holds its output', async () => {
  const begun = performance.now();
  const run = runCommand('sh', ['-c', 'sleep 5 & wait'], { timeoutMs: 100 });
  await expect(run).rejects.toMatchObject({ kind: 'timeout', message: expect.stringContaining('100 ms') });
  expect(performance.now() - begun).toBeLessThan(4_000);
});

test('tells what a program that failed said last', async () => {
  await expect(runCommand('sh', ['-c', 'echo no >&2; exit 3'])).rejects.toMatchObject({
    kind: 'failed',
    message: expect.stringMatching(/ended with 3: no$/),
  });
});
