import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import Plot from 'uplot';
import { useDark } from './use-dark.ts';

const HEIGHT = 180;

export interface ChartLine {
  readonly label: string;
  /** One for each time; null is a gap. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** What the chart shows, for who does not see it. */
  readonly summary: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** At most three. */
  readonly lines: readonly ChartLine[];
  /** A value with its unit. */
  readonly format: (value: number) => string;
  /** The largest value that there can be; without it the axis fits what is shown. */
  readonly most?: number | undefined;
  /** The steps of the axis are powers of two, as of bytes. */
  readonly binary?: boolean | undefined;
  /** Charts with the same name have one cursor. */
  readonly group: string;
}

/** The roles of the style sheet that lines take in turn. */
const ROLES = ['--accent', '--good', '--warn'];
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Seconds that the axis shows at least. */
const SHORTEST = 60;

/** Lines over time. */
export function Chart({ summary, times, lines, format, most, binary = false, group }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const dark = useDark();
  const latest = useRef(format);
  latest.current = format;
  const labels = lines.map(({ label }) => label).join('\n');
  useEffect(() => {
    const role = (name: string) => getComputedStyle(place.current!).getPropertyValue(name).trim();
    const font = `11px ${getComputedStyle(place.current!).fontFamily}`;
    const axis = {
      stroke: role('--ink-soft'),
      font,
      grid: { stroke: role('--line'), width: 1 },
      ticks: { show: false },
    };
    const made = new Plot(
      {
        width: Math.max(200, place.current!.clientWidth),
        height: HEIGHT,
        padding: [8, 28, 0, 0],
        cursor: { sync: { key: group }, drag: { x: false, y: false }, points: { size: 6 } },
        legend: { live: true },
        scales: {
          x: { range: (_, from, to) => [Math.min(from, to - SHORTEST), to] },
          y: { range: (_, __, top) => [0, most ?? Math.max(1, top * 1.15)] },
        },
        axes: [
          { ...axis, size: 28, values: (_, seconds) => seconds.map(clock) },
          {
            ...axis,
            size: 72,
            values: (_, values) => values.map((value) => latest.current(value)),
            space: 36,
            ...(binary ? { incrs: POWERS } : {}),
          },
        ],
        series: [
          { label: 'Time', value: (_, seconds) => (seconds === null ? '–' : clock(seconds)) },
          ...labels.split('\n').map((label, index) => ({
            label,
            stroke: role(ROLES[index % ROLES.length]!),
            width: 1.5,
            points: { show: false },
            value: (_: Plot, value: number | null) => (value === null ? '–' : latest.current(value)),
          })),
        ],
      },
      [[], ...labels.split('\n').map(() => [])],
      place.current!,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => made.setSize({ width: entry!.contentRect.width, height: HEIGHT }));
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [labels, most, binary, group, dark]);
  useEffect(() => {
    plot.current?.setData([[...times], ...lines.map(({ values }) => [...values])] as Plot.AlignedData);
  });
  return <div ref={place} role="img" aria-label={summary} className="min-w-0 overflow-hidden" />;
}

const clock = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
