import { describe, expect, it } from 'vitest';
import { rateOf, seriesOf, type Stats, summaryOf, withReading } from './samples.ts';

const reading = (second: number, received = 0, more: Partial<Stats> = {}): Stats => ({
  read_at: new Date(second * 1000).toISOString(),
  cpu_percentage: 5,
  vcpus: 1,
  memory_usage_bytes: 10,
  memory_limit_bytes: 100,
  process_count: 3,
  process_limit: 100,
  network_rx_bytes: received,
  network_tx_bytes: 0,
  ...more,
});

describe('the readings of an instance', () => {
  it('keep ten minutes, and the same reading once', () => {
    let readings: readonly Stats[] = [];
    for (let second = 0; second <= 700; second += 2) readings = withReading(readings, reading(second));
    expect(readings.length).toBe(301);
    expect(withReading(readings, reading(700))).toBe(readings);
    // An answer that comes late is older than what is shown.
    expect(withReading(readings, reading(699))).toBe(readings);
  });

  it('make rates of counters', () => {
    expect(rateOf(1_000, 3_000, 2_000)).toBe(1_000);
    expect(rateOf(3_000, 10, 2_000)).toBe(null);
    expect(rateOf(undefined, 10, 2_000)).toBe(null);
  });

  it('have no rate over a restart, and a gap where nobody looked', () => {
    const series = seriesOf([reading(0, 0), reading(2, 4_000), reading(4, 100), reading(60, 200)]);
    expect(series.times).toEqual([0, 2, 4, 6, 60]);
    expect(series.received).toEqual([null, 2_000, null, null, null]);
    expect(series.cpu).toEqual([5, 5, 5, null, 5]);
  });

  it('have no network without a VPC, and no disk where the host does not report it', () => {
    const alone = { ...reading(0) } as Record<string, unknown>;
    delete alone.network_rx_bytes;
    const series = seriesOf([alone as unknown as Stats, { ...alone, read_at: reading(2).read_at } as unknown as Stats]);
    expect(series.received).toEqual([null, null]);
    expect(summaryOf(series.received)).toBe(undefined);
    expect(summaryOf(series.disk)).toBe(undefined);
  });

  it('are summed up by the last, the mean and the peak', () => {
    expect(summaryOf([1, null, 5, 3])).toEqual({ last: 3, mean: 3, peak: 5 });
  });
});
