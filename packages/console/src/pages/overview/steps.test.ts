import { describe, expect, it } from 'vitest';
import { doneSteps, isNew } from './steps.ts';

const done = (progress: Partial<Parameters<typeof doneSteps>[0]>) => [
  ...doneSteps({ vpcs: [], instances: [], openedTerminal: false, ...progress }),
];

describe('the first steps', () => {
  it('are done one after the other', () => {
    const vpcs = [{ id: 'v' }];
    expect(done({})).toEqual([]);
    expect(done({ vpcs })).toEqual(['vpc']);
    expect(done({ vpcs, instances: [{ status: 'STARTING' }] })).toEqual(['vpc', 'instance']);
    expect(done({ vpcs, instances: [{ status: 'RUNNING' }] })).toEqual(['vpc', 'instance', 'running']);
    expect(done({ vpcs, instances: [{ status: 'RUNNING' }], openedTerminal: true })).toHaveLength(4);
  });

  it('are not taken as done for what has failed', () => {
    expect(done({ instances: [{ status: 'ERROR' }] })).toEqual(['instance']);
  });

  it('are for who has no more than one instance', () => {
    expect(isNew([])).toBe(true);
    expect(isNew([{}, {}])).toBe(false);
  });
});
