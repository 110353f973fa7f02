const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const price = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });

/** Units of amounts of data, in bytes. */
const SIZES: Readonly<Record<string, number>> = {
  bytes: 1,
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** Units of durations, in seconds. */
const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  seconds: 1,
  min: 60,
  minutes: 60,
  h: 3600,
  hours: 3600,
};

/** Units of people, in their singular. */
const SINGULAR: Readonly<Record<string, string>> = { vCPUs: 'vCPU', days: 'day' };

/** An amount of data in the largest unit that it fills: 1536 MB is `1.5 GB`. */
export function shownSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${number.format(value)} ${BYTE_UNITS[unit]}`;
}

/** A duration in its two largest units: 3661 s is `1 h 1 min`. */
export function shownDuration(seconds: number): string {
  if (seconds !== 0 && Math.abs(seconds) < 1) return `${number.format(seconds * 1000)} ms`;
  const rounded = Math.round(seconds);
  const parts: readonly (readonly [string, number])[] = [
    ['d', Math.floor(rounded / 86_400)],
    ['h', Math.floor(rounded / 3600) % 24],
    ['min', Math.floor(rounded / 60) % 60],
    ['s', rounded % 60],
  ];
  const first = parts.findIndex(([, amount]) => amount > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([, amount]) => amount > 0)
    .map(([unit, amount]) => `${amount} ${unit}`)
    .join(' ');
}

/** A number with its unit, as people say it. */
export function shownAmount(value: number, unit: string | undefined): string {
  if (unit === undefined) return number.format(value);
  if (unit in SIZES) return shownSize(value * SIZES[unit]!);
  if (unit in SECONDS) return shownDuration(value * SECONDS[unit]!);
  if (unit === '%' || unit === 'percent') return `${number.format(value)} %`;
  if (unit.startsWith('per ')) return `${price.format(value)} ${unit}`;
  return `${number.format(value)} ${value === 1 ? (SINGULAR[unit] ?? unit) : unit}`;
}
