/** What the time line reads of an event. */
export interface StatusEvent {
  readonly id: string;
  readonly action: string;
  readonly actor?: string;
  readonly user_id?: string;
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly created_at: string;
}

/** A time during which the status was the same. */
export interface Phase {
  readonly event: StatusEvent;
  readonly status: string;
  readonly reason: string | undefined;
  /** Milliseconds; undefined: it lasts. */
  readonly ms: number | undefined;
}

/** The statuses that an instance had, newest first, from its events in the same order. */
export function phasesOf(events: readonly StatusEvent[]): readonly Phase[] {
  const phases: Phase[] = [];
  for (const event of events) {
    const status = event.changes?.status?.to;
    if (typeof status !== 'string') continue;
    const reason = event.metadata?.reason;
    const next = phases.at(-1);
    const at = Date.parse(event.created_at);
    phases.push({
      event,
      status,
      reason: typeof reason === 'string' ? reason : undefined,
      ms: next ? Math.max(0, Date.parse(next.event.created_at) - at) : undefined,
    });
  }
  return phases;
}
