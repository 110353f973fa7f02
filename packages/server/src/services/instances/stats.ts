import Type, { type Static } from 'typebox';
import type { Clock } from '../../kernel/clock.ts';
import { createShortMemory } from '../../kernel/short-memory.ts';
import type { ComputeEngine, MachineRef, MachineUsage } from './compute-engine.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const percentage = (description: string) => Type.Number({ minimum: 0, maximum: 100, description });

export const InstanceStats = Type.Object(
  {
    read_at: Type.String({ format: 'date-time', description: 'Time of the reading' }),
    cpu_percentage: percentage(
      'CPU in use, in percent of all vCPUs: the mean since the reading before, if that is at most a minute old, otherwise over a quarter of a second',
    ),
    cpu_time_nanoseconds: count('CPU time of all processes since the last start'),
    vcpus: Type.Number({ description: 'Limit of the CPU: seconds of CPU time per second' }),
    memory_percentage: percentage('memory_usage_bytes in percent of the limit'),
    memory_usage_bytes: count(
      'Memory that processes, files in memory (tmpfs) and the kernel use for the instance. Page cache is left out, because the kernel frees it when memory is needed',
    ),
    memory_limit_bytes: count('Memory of the instance type'),
    disk_usage_bytes: Type.Optional(
      count('Disk in use, with the files of the image. Absent if the host does not report it'),
    ),
    disk_limit_bytes: Type.Optional(count('Disk of the instance type')),
    process_count: count('Processes and threads'),
    process_limit: count('Most processes and threads'),
    network_rx_bytes: Type.Optional(
      count('Bytes received since the last start. Absent if the instance is in no VPC, as the other network members'),
    ),
    network_tx_bytes: Type.Optional(count('Bytes sent since the last start')),
    network_rx_packets: Type.Optional(count('Packets received since the last start')),
    network_tx_packets: Type.Optional(count('Packets sent since the last start')),
  },
  { $id: 'InstanceStats' },
);
export type InstanceStats = Static<typeof InstanceStats>;

/** Milliseconds for which all who ask share one reading of a machine. */
const SHARED_MS = 500;
/** Longest time over which the CPU's mean is taken: an older reading says nothing about now. */
const MEAN_MS = 60_000;
/** Milliseconds between the two readings that the first caller in a minute costs. */
const FIRST_MS = 250;
/** Most machines whose last reading is kept; the one that was read longest ago goes first. */
const MAX_KEPT = 10_000;

export interface StatsReader {
  /** Undefined if the machine does not run. */
  read(ref: MachineRef): Promise<InstanceStats | undefined>;
}

/** Reads what machines use, however many callers look at the same one. */
export function createStatsReader(engine: Pick<ComputeEngine, 'usage'>, clock: Clock): StatsReader {
  const shared = createShortMemory<InstanceStats>(clock, SHARED_MS);
  const last = new Map<string, MachineUsage>();

  const keep = (id: string, usage: MachineUsage) => {
    last.delete(id);
    last.set(id, usage);
    if (last.size > MAX_KEPT) last.delete(last.keys().next().value!);
  };

  const read = async (ref: MachineRef): Promise<InstanceStats | undefined> => {
    let usage = await engine.usage(ref);
    if (!usage) return undefined;
    let before = last.get(ref.instanceId);
    // After a restart the machine counts from 0 again.
    if (!before || usage.at - before.at > MEAN_MS || usage.at <= before.at || usage.cpuNs < before.cpuNs) {
      before = usage;
      await clock.sleep(FIRST_MS);
      usage = await engine.usage(ref);
      if (!usage) return undefined;
    }
    keep(ref.instanceId, usage);
    return presentStats(usage, before);
  };
  return { read: (ref) => shared.get(ref.instanceId, () => read(ref)) };
}

function presentStats(usage: MachineUsage, before: MachineUsage): InstanceStats {
  const { cpuNs, vcpus, memoryBytes, memoryLimitBytes, disk, network } = usage;
  const availableNs = Math.max(1, usage.at - before.at) * 1e6 * vcpus;
  return {
    read_at: new Date(usage.at).toISOString(),
    cpu_percentage: percent(cpuNs - before.cpuNs, availableNs),
    cpu_time_nanoseconds: cpuNs,
    vcpus,
    memory_percentage: percent(memoryBytes, memoryLimitBytes),
    memory_usage_bytes: memoryBytes,
    memory_limit_bytes: memoryLimitBytes,
    ...(disk ? { disk_usage_bytes: disk.bytes, disk_limit_bytes: disk.limitBytes } : {}),
    process_count: usage.processes,
    process_limit: usage.processLimit,
    ...(network
      ? {
          network_rx_bytes: network.rxBytes,
          network_tx_bytes: network.txBytes,
          network_rx_packets: network.rxPackets,
          network_tx_packets: network.txPackets,
        }
      : {}),
  };
}

/** To two decimals. The kernel counts in ticks, so a busy machine may seem to use more than it has. */
const percent = (part: number, whole: number): number =>
  Math.round(Math.min(1, Math.max(0, part / whole)) * 10_000) / 100;
