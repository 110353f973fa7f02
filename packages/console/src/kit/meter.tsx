import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import { partOf, toneOfUse, type UseTone } from './use.ts';

const FILLS: Readonly<Record<UseTone, string>> = { calm: 'bg-accent', near: 'bg-warn', full: 'bg-bad' };

/** How much of something is used: a bar with its numbers, which warns from 80 % on, and says so in words. */
export function Meter({
  label,
  used,
  max,
  unit,
  children,
}: {
  readonly label: ReactNode;
  readonly used: number;
  readonly max: number;
  /** Follows the numbers: `MB`. */
  readonly unit?: string | undefined;
  /** Below the bar. */
  readonly children?: ReactNode;
}) {
  const tone = toneOfUse(used, max);
  const part = partOf(used, max);
  const numbers = `${used.toLocaleString('en')} of ${max.toLocaleString('en')}${unit ? ` ${unit}` : ''}`;
  return (
    <div className="grid min-w-0 gap-1">
      <div className="flex flex-wrap items-baseline gap-x-2">
        <span className="min-w-0 grow font-medium">{label}</span>
        <span className="text-sm tabular-nums">{numbers}</span>
      </div>
      <div
        role="meter"
        aria-label={typeof label === 'string' ? label : numbers}
        aria-valuemin={0}
        aria-valuemax={Math.max(max, used, 1)}
        aria-valuenow={used}
        aria-valuetext={numbers}
        className="h-2 overflow-hidden rounded-full bg-raised ring-1 ring-line ring-inset"
      >
        <div className={classes('h-full rounded-full', FILLS[tone])} style={{ width: `${part}%` }} />
      </div>
      {tone !== 'calm' && (
        <p className={classes('text-sm', tone === 'full' ? 'text-bad' : 'text-warn')}>
          {tone === 'full' ? 'Nothing is left' : `${Math.floor((used / max) * 100)} % is used`}
        </p>
      )}
      {children}
    </div>
  );
}
