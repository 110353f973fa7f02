import { type CloudError, conflict, notFound } from './errors.ts';
import type { Entry } from './registry.ts';
import { ambiguous, isAmbiguous, isPartOf, partOfId } from './partial-id.ts';
import type { CallFacts, Kind, Look } from './service.ts';
import type { Sql } from './sql/tx.ts';

// What a call names: found, locked where it is written, and refused where it cannot be.

/** In sentences: its name, or its id where its kind has no names. */
export const nameOf = (kind: Kind, row: unknown): string => kind.name?.(row) ?? kind.id(row);

/** The targets in their order, up to the first that the tenant lacks. `toWrite`: the last one is locked until the end of the transaction. */
export async function lookUp(
  entry: Entry,
  sql: Sql,
  { tenantId, userId, input }: CallFacts,
  toWrite: boolean,
): Promise<{ targets: readonly unknown[]; missing?: { ref: string; error: CloudError } }> {
  const targets: unknown[] = [];
  for (const [place, kind] of entry.targetKinds.entries()) {
    const ref = String((input as Record<string, unknown>)[entry.targets[place]!.param]);
    const isLast = place === entry.targetKinds.length - 1;
    const lock = isLast && toWrite && !entry.descriptor.live;
    const look: Look = { tenantId, userId, ref, lock, within: targets.at(-1) };
    let row: unknown;
    try {
      row = (await kind.find(sql, look)) ?? (await findByPart(kind, sql, look));
    } catch (error) {
      // Who may not do it does not learn what fits.
      if (isAmbiguous(error)) return { targets, missing: { ref, error } };
      throw error;
    }
    if (row === undefined) return { targets, missing: { ref, error: notFound(kind.noun, ref) } };
    targets.push(row);
  }
  return { targets };
}

/** Most rows of a kind without an index of its own for parts of ids. */
const MOST_LISTED = 1_000;

/** For kinds whose rows are few: keys, roles, members. */
async function findByPart(kind: Kind, sql: Sql, look: Look): Promise<unknown> {
  if (kind.findsParts || !kind.list) return undefined;
  const digits = partOfId(look.ref);
  if (digits === undefined) return undefined;
  const rows = await kind.list(sql, look, { limit: MOST_LISTED, after: null }, undefined);
  const fits = rows.filter((row) => isPartOf(digits, kind.id(row)));
  if (fits.length > 1)
    throw ambiguous(
      look.ref,
      fits.map((row) => ({ id: kind.id(row), name: kind.name?.(row) ?? null })),
    );
  return fits.length === 0 ? undefined : kind.find(sql, { ...look, ref: kind.id(fits[0]) });
}

/** Throws CONFLICT for a write to what is being deleted, or to a part of it. A deletion may be asked for again. */
export function refuseDeleting(entry: Entry, targets: readonly unknown[]): void {
  if (!entry.writes || entry.descriptor.effect === 'delete') return;
  for (const [place, kind] of entry.targetKinds.entries()) {
    const row = targets[place];
    if (!kind.isDeleting?.(row) || kind.restoredBy === entry.name) continue;
    const wayOut = kind.restoredBy
      ? `; to restore it: cloud ${kind.restoredBy.replace('.', ' ')} ${nameOf(kind, row)}`
      : '';
    throw conflict(`${kind.noun} '${nameOf(kind, row)}' is being deleted${wayOut}`);
  }
}

/** Refuses a write to what is being deleted, or to what has changed since the caller saw it. The row is locked: it stays as it is. */
export function refuseStale(entry: Entry, targets: readonly unknown[], ifMatch: number | undefined): void {
  refuseDeleting(entry, targets);
  if (!entry.writes || targets.length === 0) return;
  const version = entry.targetKind?.version?.(targets.at(-1));
  if (ifMatch !== undefined && version !== undefined && version !== ifMatch)
    throw conflict(`the resource is at version ${version}, not ${ifMatch}; read it again before you change it`);
}

/** Throws CONFLICT for the deletion of what others still use. */
export async function refuseWhileUsed(entry: Entry, sql: Sql, target: unknown): Promise<void> {
  const kind = entry.targetKind!;
  if (kind.isDeleting?.(target)) return;
  const counts = await Promise.all(entry.blockers.map((blocker) => blocker.count(sql, kind.id(target))));
  const inTheWay = entry.blockers
    .map(({ noun }, place) => ({ noun, count: counts[place]! }))
    .filter(({ count }) => count > 0)
    .map(({ noun, count }) => `${count} ${noun}${count === 1 ? '' : 's'}`);
  if (inTheWay.length > 0)
    throw conflict(
      `the ${kind.noun} '${nameOf(kind, target)}' still contains ${inTheWay.join(', ')}; delete them first`,
    );
}
