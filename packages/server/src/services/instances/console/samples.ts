/** What the page reads of instances.stats. */
export interface Stats {
  readonly read_at: string;
  readonly cpu_percentage: number;
  readonly vcpus: number;
  readonly memory_usage_bytes: number;
  readonly memory_limit_bytes: number;
  readonly disk_usage_bytes?: number;
  readonly disk_limit_bytes?: number;
  readonly process_count: number;
  readonly process_limit: number;
  readonly network_rx_bytes?: number;
  readonly network_tx_bytes?: number;
}

/** Milliseconds between two readings. */
export const INTERVAL_MS = 2_000;
/** Milliseconds that readings are kept. */
export const KEPT_MS = 600_000;
/** Milliseconds between two readings from which on the time between them is a gap. */
const GAP_MS = INTERVAL_MS * 3;

const timeOf = ({ read_at }: Stats): number => Date.parse(read_at);

/** The readings with one more, without those that are too old. The same reading twice counts once. */
export function withReading(readings: readonly Stats[], next: Stats): readonly Stats[] {
  const last = readings.at(-1);
  if (last && timeOf(next) <= timeOf(last)) return readings;
  return [...readings.filter((one) => timeOf(next) - timeOf(one) <= KEPT_MS), next];
}

/** Bytes in a second between two readings of a counter. Null if it began again in between, or one is missing. */
export function rateOf(before: number | undefined, now: number | undefined, ms: number): number | null {
  if (before === undefined || now === undefined || now < before || ms <= 0) return null;
  return ((now - before) * 1000) / ms;
}

type Line = (number | null)[];

export interface Series {
  /** Seconds since 1970. */
  readonly times: number[];
  readonly cpu: Line;
  readonly memory: Line;
  readonly disk: Line;
  readonly received: Line;
  readonly sent: Line;
}

/** The readings as lines of a chart. Where the page did not look, or nothing ran, the lines have a gap. */
export function seriesOf(readings: readonly Stats[]): Series {
  const series: Series = { times: [], cpu: [], memory: [], disk: [], received: [], sent: [] };
  const add = (ms: number, values: readonly (number | null)[]) => {
    series.times.push(ms / 1000);
    for (const [index, line] of [series.cpu, series.memory, series.disk, series.received, series.sent].entries())
      line.push(values[index] ?? null);
  };
  readings.forEach((one, index) => {
    const before = readings[index - 1];
    const apart = before ? timeOf(one) - timeOf(before) : 0;
    const isGap = apart > GAP_MS;
    if (before && isGap) add(timeOf(before) + INTERVAL_MS, []);
    const rate = (member: 'network_rx_bytes' | 'network_tx_bytes') =>
      before && !isGap ? rateOf(before[member], one[member], apart) : null;
    add(timeOf(one), [
      one.cpu_percentage,
      one.memory_usage_bytes,
      one.disk_usage_bytes ?? null,
      rate('network_rx_bytes'),
      rate('network_tx_bytes'),
    ]);
  });
  return series;
}

/** The last value of a line, its mean and its largest; undefined for a line without any. */
export function summaryOf(line: readonly (number | null)[]): { last: number; mean: number; peak: number } | undefined {
  const values = line.filter((one) => one !== null);
  const last = values.at(-1);
  if (last === undefined) return undefined;
  return { last, mean: values.reduce((sum, one) => sum + one, 0) / values.length, peak: Math.max(...values) };
}
