import type { Host } from '@thecloud/console';

export type { Host };

type Amount = Host['capacity'];

export interface Share {
  readonly title: string;
  readonly unit?: string;
  readonly promised: number;
  /** What may be promised in all: the capacity times the overcommit. */
  readonly most: number;
  /** Where `most` comes from, unless it is just what the host has. */
  readonly why: string | undefined;
}

const MB_OF_GB = 1024;

/** How much of a host is promised, and of what. Memory is in GB from 10 GB on, so that people can read it. */
export function sharesOf({ capacity, overcommit, limits, promised }: Host): readonly Share[] {
  const share = (title: string, unit: string | undefined, amount: keyof Amount, factor: number): Share => {
    const isLarge = unit === 'MB' && capacity[amount] >= 10 * MB_OF_GB;
    const size = (number: number) => (isLarge ? Math.round((number / MB_OF_GB) * 10) / 10 : number);
    const shown = isLarge ? 'GB' : unit;
    const has = `${size(capacity[amount]).toLocaleString('en')}${shown ? ` ${shown}` : ''}`;
    const reasons = [
      factor === 1 ? '' : `${has} × ${factor} overcommit`,
      limits?.[amount] === undefined ? '' : 'limited by you',
    ].filter(Boolean);
    return {
      title,
      ...(shown === undefined ? {} : { unit: shown }),
      promised: size(promised[amount]),
      most: size(Math.floor(capacity[amount] * factor)),
      why: reasons.length === 0 ? undefined : reasons.join(', '),
    };
  };
  return [
    share('vCPUs', undefined, 'vcpus', overcommit.cpu),
    share('Memory', 'MB', 'memory_mb', overcommit.memory),
    share('Disk', 'GB', 'disk_gb', overcommit.disk),
  ];
}

/** What the form of the limits begins with. */
export const limitsOf = ({ limits = {}, overcommit }: Host): Readonly<Record<string, number>> => ({
  ...Object.fromEntries(Object.entries(limits).map(([name, value]) => [`limit_${name}`, value])),
  ...Object.fromEntries(Object.entries(overcommit).map(([name, value]) => [`overcommit_${name}`, value])),
});
