import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../kernel/clock.ts';
import { replaceFile } from '../../kernel/files.ts';
import type { Log } from '../../kernel/log.ts';
import {
  MASTER_KEY_BYTES,
  type MasterKeys,
  newestOf,
  parseMasterKeys,
  serializeMasterKeys,
} from '../../kernel/master-keys.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { sweep } from '../../kernel/sweep.ts';
import { createPgRotations } from './rotation-repository.pg.ts';
import { BEGINNING, type Place, type RotationRow } from './rotation.ts';

export interface MasterKeyWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the keys lie, and those that this process has. */
  readonly masterKeyPath: string;
  readonly masterKeys: MasterKeys;
  /** Whether a supervisor gives the processes the keys of that file as they change. */
  readonly isSupervised: boolean;
}

type Deps = MasterKeyWorkerDeps & { readonly sealer: Sealer };

const LOOK_MS = 5_000;
/** Values that are sealed again in one transaction. */
const BATCH = 200;
/** Milliseconds between looks at whether this process has the new key, and between that and the first value: the API gets it at the same moment. */
const ASK_MS = 200;
const SETTLE_MS = 2_000;

export const createMasterKeyWorker = (deps: Deps): WorkerSide => ({
  reconcilers: [sweep('master-key', LOOK_MS, (signal) => rotateMasterKey(deps, signal))],
});

/**
 * Does what is left of a rotation that is under way, from where an earlier run stopped: chooses the version of the new key, puts the key into the file,
 * waits until the processes have it, seals each value again, and takes the old keys out of the file. Each step is written down before the next.
 */
export async function rotateMasterKey(deps: Deps, signal: AbortSignal): Promise<void> {
  const { database, clock, log, masterKeyPath, masterKeys, isSupervised } = deps;
  const commit = <T>(fn: (sql: Sql) => Promise<T>) => database.transaction({ tenantId: '*' }, fn);
  const now = () => new Date(clock.now());
  const row = await commit((sql) => createPgRotations(sql).findRunning());
  if (!row) return;
  if (!isSupervised)
    return commit((sql) =>
      createPgRotations(sql).end(
        row.id,
        'FAILED',
        'this worker runs alone, so nobody can give the new key to the other processes; rotate it where the API and the worker run under one supervisor',
        now(),
      ),
    );
  let keys = parseMasterKeys(readFileSync(masterKeyPath));
  const version = row.key_version ?? newestOf(keys) + 1;
  if (row.key_version === null) await commit((sql) => createPgRotations(sql).choose(row.id, version, now()));
  if (!keys.has(version)) {
    keys = new Map([...keys, [version, new Uint8Array(randomBytes(MASTER_KEY_BYTES))]]);
    replaceFile(masterKeyPath, serializeMasterKeys(keys));
  }
  while (!masterKeys.has(version)) await clock.sleep(ASK_MS, signal);
  await clock.sleep(SETTLE_MS, signal);

  let place: Place = row;
  do {
    const unopened = await resealFrom(deps, { ...row, key_version: version }, place, signal);
    if (unopened > 0) {
      const reason = `${unopened} values do not open under any key and were left as they are; the old keys stay in the file, and the log of the worker says where they are`;
      return commit((sql) => createPgRotations(sql).end(row.id, 'FAILED', reason, now()));
    }
    // What a process has sealed under the old key before it had the new one.
    place = BEGINNING;
  } while (await commit((sql) => createPgRotations(sql).isLeft(version)));
  replaceFile(masterKeyPath, serializeMasterKeys(new Map([[version, keys.get(version)!]])));
  await commit((sql) => createPgRotations(sql).end(row.id, 'DONE', null, now()));
  log.info({ version }, 'the master key was rotated; what is sealed is under the new key');
}

/** Answers how many values did not open. */
async function resealFrom(deps: Deps, row: RotationRow, from: Place, signal: AbortSignal): Promise<number> {
  const { database, clock, sealer, log } = deps;
  let unopened = 0;
  const version = row.key_version!;
  const commit = <T>(fn: (sql: Sql) => Promise<T>) => database.transaction({ tenantId: '*' }, fn);
  const columns = await commit((sql) => createPgRotations(sql).countColumns());
  let place = from;
  while (place.at_place <= columns) {
    signal.throwIfAborted();
    place = await commit(async (sql) => {
      const rotations = createPgRotations(sql);
      const found = await rotations.batch(place, version, BATCH);
      const again = found.flatMap((one) => {
        try {
          const next = sealer.seal(one.scope, one.purpose, sealer.open(one.scope, one.purpose, one.sealed));
          return [{ ...one, next }];
        } catch (error) {
          unopened++;
          log.error({ err: error, column: place.at_place, row: one.row_at }, 'a sealed value does not open');
          return [];
        }
      });
      const done = await rotations.reseal(place.at_place, again);
      const next =
        found.length < BATCH
          ? { at_place: place.at_place + 1, at_row: BEGINNING.at_row }
          : { at_place: place.at_place, at_row: found.at(-1)!.row_at };
      await rotations.proceed(row.id, next, done, new Date(clock.now()));
      return next;
    });
  }
  return unopened;
}
