import { expect, it } from 'vitest';
import { createMetrics } from '../kernel/metrics.ts';
import { createHeldBytes } from './held-bytes.ts';
import type { Passage } from './passage.ts';

const MIB = 1 << 20;

/** A request whose client takes its answer when the test says so. */
function open() {
  const atEnd: (() => void)[] = [];
  const passage = { isOver: false, atEnd: (callback: () => void) => void atEnd.push(callback) } as unknown as Passage;
  return { passage, take: () => atEnd.forEach((callback) => callback()) };
}

it('answers of one tenant that nobody reads are bounded, and leave others theirs', () => {
  const held = createHeldBytes(createMetrics('test'));
  const requests = Array.from({ length: 20 }, open);
  for (const { passage } of requests) held.answer('a', 10 * MIB, passage);
  const refused = {
    code: 'RATE_LIMITED',
    message: expect.stringMatching(/^answers of 192 MiB of this tenant have not/),
  };
  expect(() => held.answer('a', 10 * MIB, open().passage)).toThrow(expect.objectContaining(refused));
  // Small ones go on, so that the client hears what is wrong.
  held.answer('a', 1_000, open().passage);
  held.answer('b', 10 * MIB, open().passage);
  requests[0]!.take();
  held.answer('a', 10 * MIB, open().passage);
  for (let nth = 0; nth < 31; nth++) held.answer(`tenant ${nth}`, 10 * MIB, open().passage);
  expect(() => held.answer('c', 10 * MIB, open().passage)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
});
