import type { QueueMessage } from '@thecloud/console';
import { useEffect, useState } from 'react';

/** A message that this page has received. */
export type Held = QueueMessage & {
  readonly receipt_handle: string;
  /** When others may receive it, by the page's own clock: milliseconds as `performance.now()` counts. */
  readonly until: number;
};

export const isHeld = (message: QueueMessage): message is QueueMessage & { readonly receipt_handle: string } =>
  message.receipt_handle !== undefined;

export const isStale = ({ until }: Held, now: number): boolean => until <= now;

/** The time as `performance.now()` counts; a new one each second. */
export function useNow(): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
