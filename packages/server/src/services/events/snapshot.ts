/**
 * What a statement of PostgreSQL saw (pg_snapshot): transactions below `xmin` had ended, those from `xmax` on and those in `xip` had not. A
 * transaction id here is xid8, which never wraps.
 */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly xip: readonly bigint[];
}

/** Reads PostgreSQL's own text, `xmin:xmax:xip,xip`. */
export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, xip] = text.split(':');
  return { xmin: BigInt(xmin!), xmax: BigInt(xmax!), xip: xip ? xip.split(',').map(BigInt) : [] };
}

export const snapshotText = ({ xmin, xmax, xip }: Snapshot): string => `${xmin}:${xmax}:${xip.join(',')}`;

/** Whether the snapshot saw what the transaction did. */
export const sees = ({ xmin, xmax, xip }: Snapshot, xid: bigint): boolean =>
  xid < xmin || (xid < xmax && !xip.includes(xid));

/** Whether it saw all that the other one saw. Of two snapshots of one server the later one does. */
export const seesAllOf = (later: Snapshot, earlier: Snapshot): boolean =>
  later.xmax >= earlier.xmax && later.xip.every((xid) => !sees(earlier, xid));
