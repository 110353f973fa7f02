import type { Delivery, Indexed, Timed } from './history.ts';

export type FaultKind =
  | 'lost'
  | 'invented'
  | 'changed'
  | 'sent twice'
  | 'refused but delivered'
  | 'delivered after its deletion'
  | 'kept after its deletion'
  | 'two holders'
  | 'counted wrong'
  | 'handle given twice'
  | 'overtaken'
  | 'group with two holders'
  | 'numbered out of order';

export interface Fault {
  readonly kind: FaultKind;
  readonly text: string;
}

export type Accuse = (kind: FaultKind, text: string) => void;

/** What two clocks of one machine may differ by over a visibility timeout. */
export const SLACK_MS = 50;

/** The earliest moment at which a message's visibility may have ended, for somebody who asks for it between the two times. */
export function heldUntil(delivery: Delivery, asking: Timed, { changesOf }: Indexed): number {
  let until = delivery.begun + delivery.visibilityMs;
  for (const change of changesOf.get(delivery.handle) ?? []) {
    if (change.outcome === 'refused' || change.begun > asking.ended) continue;
    const next = change.begun + change.visibilityMs;
    // What may have happened, or not before the question, can only end it earlier.
    until = change.outcome === 'done' && change.ended < asking.begun ? next : Math.min(until, next);
  }
  return until;
}
