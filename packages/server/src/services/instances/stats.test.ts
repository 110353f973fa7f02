import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../testing/manual-clock.ts';
import type { MachineUsage } from './compute-engine.ts';
import { createStatsReader } from './stats.ts';

const ref = { tenantId: 'tenant', instanceId: 'one' };

/** A machine that keeps `busy` of its two vCPUs busy, and how often it was read. */
function setUp() {
  const clock = createManualClock();
  const machine = { reads: 0, startedAt: clock.now(), cpuNs: 0, runs: true, at: clock.now(), busy: 1 };
  const usage = async (): Promise<MachineUsage | undefined> => {
    machine.reads++;
    machine.cpuNs += (clock.now() - machine.at) * 1e6 * machine.busy;
    machine.at = clock.now();
    if (!machine.runs) return undefined;
    return {
      at: machine.at,
      cpuNs: machine.cpuNs,
      vcpus: 2,
      memoryBytes: 250,
      memoryLimitBytes: 1000,
      processes: 3,
      processLimit: 10,
    };
  };
  const reader = createStatsReader({ usage }, clock);
  /** The answer of the first caller in a while, who waits for two readings. */
  const first = async () => {
    const asked = reader.read(ref);
    await clock.advance(250);
    return asked;
  };
  return { clock, machine, reader, first };
}

describe('what an instance uses', () => {
  it('is read twice for the first caller, and once for each later one: the CPU since the reading before', async () => {
    const { clock, machine, reader, first } = setUp();
    expect(await first()).toEqual({
      read_at: new Date(clock.now()).toISOString(),
      cpu_percentage: 50,
      cpu_time_nanoseconds: 250e6,
      vcpus: 2,
      memory_percentage: 25,
      memory_usage_bytes: 250,
      memory_limit_bytes: 1000,
      process_count: 3,
      process_limit: 10,
    });
    expect(machine.reads).toBe(2);
    machine.busy = 0.5;
    await clock.advance(2_000);
    expect(await reader.read(ref)).toMatchObject({ cpu_percentage: 25, cpu_time_nanoseconds: 1250e6 });
    expect(machine.reads).toBe(3);
    // What it did an hour ago is no answer.
    await clock.advance(3_600_000);
    machine.busy = 2;
    machine.at = clock.now();
    expect(await first()).toMatchObject({ cpu_percentage: 100 });
    expect(machine.reads).toBe(5);
  });

  it('is one reading for all who ask within half a second', async () => {
    const { clock, machine, reader, first } = setUp();
    await first();
    await clock.advance(1_000);
    const asked = await Promise.all(Array.from({ length: 32 }, () => reader.read(ref)));
    await clock.advance(400);
    asked.push(await reader.read(ref));
    expect(new Set(asked).size).toBe(1);
    expect(machine.reads).toBe(3);
    await clock.advance(200);
    await reader.read(ref);
    expect(machine.reads).toBe(4);
  });

  it('counts from 0 again after a restart, and is nothing while the machine does not run', async () => {
    const { clock, machine, reader, first } = setUp();
    await first();
    machine.runs = false;
    await clock.advance(2_000);
    expect(await reader.read(ref)).toBeUndefined();
    // What does not run is not remembered.
    machine.runs = true;
    machine.cpuNs = 0;
    machine.at = clock.now();
    expect(await first()).toMatchObject({ cpu_percentage: 50, cpu_time_nanoseconds: 250e6 });
  });
});
