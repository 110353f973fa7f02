import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { COMMAND_MARK, findMarked } from './command-processes.ts';

it('the mark of a command is found, and what a tenant puts beside it costs little memory', async () => {
  // 1.9 MB: about what the kernel takes.
  const filling = Object.fromEntries(Array.from({ length: 19 }, (_, at) => [`FILLING_${at}`, 'x'.repeat(100_000)]));
  const begin = (id: string) => spawn('sleep', ['60'], { env: { ...filling, [COMMAND_MARK]: id } });
  const [ours, others] = [begin('ours'), begin('others')];
  const gone = once(ours, 'exit');
  try {
    await Promise.all([ours, others].map((child) => once(child, 'spawn')));
    const before = process.memoryUsage.rss();
    // As many as an instance may have.
    const pids = [...Array<number>(512).fill(others.pid!), ours.pid!];
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 5);
    expect(await findMarked(pids, 'ours')).toEqual([ours.pid]);
    clearInterval(watch);
    most = Math.max(most, process.memoryUsage.rss());
    expect((most - before) / 1024 ** 2).toBeLessThan(300);
    expect(await findMarked([ours.pid!], 'our')).toEqual([]);
  } finally {
    ours.kill();
    others.kill();
  }
  await gone;
  expect(await findMarked([ours.pid!], 'ours')).toEqual([]);
});
