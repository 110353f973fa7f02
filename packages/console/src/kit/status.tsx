import { classes } from './classes.ts';

type Tone = 'good' | 'busy' | 'bad' | 'warn' | 'quiet';

/** By the words that statuses of all services are made of. Anything else is quiet. */
const TONES: Readonly<Record<string, Tone>> = {
  RUNNING: 'good',
  ACTIVE: 'good',
  AVAILABLE: 'good',
  READY: 'good',
  OPERATIONAL: 'good',
  ALLOWED: 'good',
  STARTING: 'busy',
  STOPPING: 'busy',
  PENDING: 'busy',
  CREATING: 'busy',
  UPDATING: 'busy',
  DELETING: 'busy',
  DRAINING: 'warn',
  DEGRADED: 'warn',
  SUSPENDED: 'warn',
  LOCKED: 'warn',
  EXPIRED: 'warn',
  UP: 'good',
  ERROR: 'bad',
  FAILED: 'bad',
  REFUSED: 'bad',
  DOWN: 'bad',
  UNAVAILABLE: 'bad',
};

const LOOKS: Readonly<Record<Tone, string>> = {
  good: 'bg-good-soft text-good',
  busy: 'bg-accent-soft text-accent',
  bad: 'bg-bad-soft text-bad',
  warn: 'bg-warn-soft text-warn',
  quiet: 'bg-raised text-ink-soft',
};

export const toneOf = (status: string): Tone => TONES[status.toUpperCase()] ?? 'quiet';

/** A status as a badge: a dot and the word, so that colour alone says nothing. */
export function Status({
  value,
  title,
  tone: like = value,
}: {
  readonly value: string;
  readonly title?: string;
  /** The status that it looks like, where the value says more than that. */
  readonly tone?: string;
}) {
  const tone = toneOf(like);
  return (
    <span
      title={title}
      className={classes('inline-flex h-5.5 items-center gap-1.5 rounded-full px-2 text-xs font-medium', LOOKS[tone])}
    >
      <span aria-hidden className={classes('size-1.5 rounded-full bg-current', tone === 'busy' && 'animate-pulse')} />
      {value}
    </span>
  );
}

/** A small word beside others, such as the role or a label. */
export function Tag({ children }: { readonly children: React.ReactNode }) {
  return (
    <span className="inline-flex max-w-full items-center rounded bg-raised px-1.5 py-0.5 text-xs text-ink-soft">
      <bdi className="truncate">{children}</bdi>
    </span>
  );
}
