import { invalidInput } from '../../kernel/errors.ts';
import { type Snapshot } from './snapshot.ts';

/**
 * How far somebody has read a tenant's events. Rows commit out of order, and one that was written long ago may commit now, so a number is no
 * position: it would skip that row. What a snapshot saw has been read; what it did not see is to come, however late it commits.
 *
 * Events committed between two snapshots are read in the order of `seq`. Of one resource that is the order of their commits, because a writer
 * holds the resource's row from before it takes `seq` until its commit.
 */
export interface Position {
  /** All that this snapshot saw has been read. */
  readonly seen: Snapshot;
  /** The greatest `seq` of the tenant that it saw. A transaction that began later writes greater ones. */
  readonly high: bigint;
  /** Milliseconds since the epoch when it was taken: what is removed before it is read must not be skipped in silence. */
  readonly at: number;
  /** Set between two snapshots: what the second one saw has been read up to this `seq`. */
  readonly within?: { readonly seen: Snapshot; readonly high: bigint; readonly seq: bigint };
}

/** The position once all is read that `within.seen` saw. */
export const reached = (seen: Snapshot, high: bigint, at: number): Position => ({ seen, high, at });

const number = (value: bigint): string => value.toString(36);
const snapshot = ({ xmin, xmax, xip }: Snapshot): string =>
  [number(xmin), number(xmax - xmin), xip.map((xid) => number(xid - xmin)).join('_')].join('.');

/** As text that a client sends back: `xmin.xmax.xip~high~at`, and the same of what it is within. Numbers have base 36. */
export function positionText({ seen, high, at, within }: Position): string {
  const whole = [snapshot(seen), number(high), at.toString(36)];
  return (within ? [...whole, snapshot(within.seen), number(within.high), number(within.seq)] : whole).join('~');
}

const SNAPSHOT = '[0-9a-z]{1,13}\\.[0-9a-z]{1,13}\\.(?:[0-9a-z]{1,13}(?:_[0-9a-z]{1,13})*)?';
const FORM = new RegExp(
  `^(${SNAPSHOT})~([0-9a-z]{1,13})~([0-9a-z]{1,10})(?:~(${SNAPSHOT})~([0-9a-z]{1,13})~([0-9a-z]{1,13}))?$`,
);
/** The greatest of PostgreSQL's int8 and xid8 that is needed. */
const MOST = 2n ** 63n - 1n;

/** Throws INVALID_INPUT for what no stream gave out. */
export function readPosition(text: string): Position {
  const match = FORM.exec(text);
  if (!match) throw invalidInput(`after '${text.slice(0, 60)}' is not the id of an event of a stream; omit it`);
  const [, seen, high, at, toSeen, toHigh, seq] = match;
  const whole = reached(readSnapshot(seen!), read(high!), Number(read(at!)));
  if (toSeen === undefined) return whole;
  return { ...whole, within: { seen: readSnapshot(toSeen), high: read(toHigh!), seq: read(seq!) } };
}

function readSnapshot(text: string): Snapshot {
  const [xmin, width, xip] = text.split('.');
  const least = read(xmin!);
  const ids = xip ? xip.split('_').map((one) => least + read(one)) : [];
  const xmax = least + read(width!);
  // PostgreSQL takes no other snapshot.
  if (least === 0n || ids.some((xid, nth) => xid >= xmax || (nth > 0 && xid <= ids[nth - 1]!)))
    throw invalidInput('after is not the id of an event of a stream; omit it');
  return { xmin: least, xmax, xip: ids };
}

function read(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  if (value > MOST / 4n) throw invalidInput('after contains a number that is too large; omit it');
  return value;
}
