import { expect, it } from 'vitest';
import { phasesOf, type StatusEvent } from './phases.ts';

const event = (id: string, second: number, to?: string, metadata?: object): StatusEvent => ({
  id,
  action: 'INSTANCE',
  created_at: new Date(second * 1000).toISOString(),
  ...(to ? { changes: { status: { from: null, to } } } : {}),
  ...(metadata ? { metadata: metadata as Record<string, unknown> } : {}),
});

it('tells how long each status lasted, and why it came', () => {
  const phases = phasesOf([
    event('e', 100, 'ERROR', { reason: 'the image cannot be built' }),
    event('d', 50),
    event('c', 12.5, 'RUNNING'),
    event('b', 11, 'STARTING'),
  ]);
  expect(phases.map(({ status, ms, reason }) => [status, ms, reason])).toEqual([
    ['ERROR', undefined, 'the image cannot be built'],
    ['RUNNING', 87_500, undefined],
    ['STARTING', 1_500, undefined],
  ]);
});
