import { describe, expect, it } from 'vitest';
import { type Host, limitsOf, sharesOf } from './capacity.ts';

const host: Host = {
  id: 'h',
  name: 'anchor',
  state: 'up',
  capacity: { vcpus: 8, memory_mb: 16_384, disk_gb: 100 },
  overcommit: { cpu: 4, memory: 1, disk: 1.5 },
  limits: { disk_gb: 100 },
  promised: { vcpus: 24, memory_mb: 4_608, disk_gb: 150 },
};

describe('the shares of a host', () => {
  it('are of what may be promised: its capacity times the overcommit', () => {
    expect(sharesOf(host)).toEqual([
      { title: 'vCPUs', promised: 24, most: 32, why: '8 × 4 overcommit' },
      { title: 'Memory', unit: 'GB', promised: 4.5, most: 16, why: undefined },
      { title: 'Disk', unit: 'GB', promised: 150, most: 150, why: '100 GB × 1.5 overcommit, limited by you' },
    ]);
  });

  it('of a small host count memory in MB', () => {
    const small = { ...host, capacity: { ...host.capacity, memory_mb: 2_048 } };
    expect(sharesOf(small)[1]).toMatchObject({ unit: 'MB', promised: 4_608, most: 2_048 });
  });

  it('are what the form of limits begins with', () => {
    expect(limitsOf(host)).toEqual({
      limit_disk_gb: 100,
      overcommit_cpu: 4,
      overcommit_memory: 1,
      overcommit_disk: 1.5,
    });
  });
});
