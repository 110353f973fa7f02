import { useSyncExternalStore } from 'react';

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' });

/** One clock for all times of the page: it ticks each 10 s, and only while something shows a time. */
let now = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
const subscribe = (watcher: () => void) => {
  watchers.add(watcher);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of watchers) one();
  }, 10_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
};

/** How long ago, or how long from now: `5 min. ago`. */
export function ago(then: number, from: number): string {
  const seconds = Math.round((then - from) / 1000);
  const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** A time as people say it, with the exact one on hover. */
export function Time({ value }: { readonly value: string }) {
  const current = useSyncExternalStore(subscribe, () => now);
  const then = Date.parse(value);
  if (Number.isNaN(then)) return <>{value}</>;
  return (
    <time dateTime={value} title={exact.format(then)}>
      {ago(then, Math.max(current, Math.min(then, Date.now())))}
    </time>
  );
}
