import { auditableInput, recordChange, recordRefusal, type Trace } from './audit.ts';
import { type Caller, isPermitted, type Origin, tenantIdOf, userIdOf } from './caller.ts';
import type { Clock } from './clock.ts';
import { translateDatabaseError } from './database-errors.ts';
import { CloudError, conflict, forbidden, internal, invalidInput, notFound, unauthorized } from './errors.ts';
import { claimKey, fingerprint } from './idempotency.ts';
import { newId } from './ids.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { wake } from './reconcile-queue.ts';
import { checkQuota, lockQuota } from './quota.ts';
import type { Entry, Registry } from './registry.ts';
import type { Call } from './service.ts';
import { enterScope } from './scope.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';
import { createTokenBuckets } from './token-bucket.ts';

export interface ExecuteDeps {
  readonly database: Database;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface CallOptions {
  readonly origin: Origin;
  readonly idempotencyKey?: string;
  /** The version that the caller last saw (If-Match). */
  readonly ifMatch?: number;
}

export interface Executed {
  readonly operation: Entry;
  readonly output: unknown;
  /** True when an Idempotency-Key answered and nothing was done. */
  readonly replayed: boolean;
}

export type Execute = (name: string, caller: Caller, input: unknown, options: CallOptions) => Promise<Executed>;

/** Most times a transaction that PostgreSQL aborted for another's sake is run again. */
const MAX_TRIES = 3;
/** Most tenants whose refusals are counted, each for itself: more than are active on one machine. The longest quiet is forgotten first. */
const MAX_REFUSED = 1_000;

/**
 * The one door. In this order: parse, tenant scope, begin, look the target up (404), authorise (403), replay, quota, handler, audit and
 * event rows, commit. Every front and every worker that changes the control plane goes through it.
 */
export function createExecute(deps: ExecuteDeps): Execute {
  const { database, registry, clock, log, metrics } = deps;
  const refusals = createTokenBuckets(clock, { perSecond: 10, burst: 100 }, MAX_REFUSED);

  return async (name, caller, input, options) => {
    const entry = registry.entries.get(name);
    if (!entry) throw internal(`no operation '${name}'`);
    const started = clock.monotonic();
    let outcome = 'ok';
    try {
      admit(entry, caller);
      const parsed = entry.validate(input);
      for (let attempt = 1; ; attempt++) {
        try {
          const executed = await run(entry, caller, parsed as Record<string, unknown>, options);
          if (executed.output instanceof CloudError) throw executed.output;
          return executed;
        } catch (error) {
          const translated = translateDatabaseError(error);
          if (translated.retry && attempt < MAX_TRIES) continue;
          throw translated.error;
        }
      }
    } catch (error) {
      outcome = error instanceof CloudError ? error.code : 'INTERNAL';
      if (error instanceof CloudError && error.code === 'FORBIDDEN') await auditRefusal(entry, caller, input, options);
      throw error;
    } finally {
      metrics.operation(name, outcome, clock.monotonic() - started);
    }
  };

  async function run(
    entry: Entry,
    caller: Caller,
    input: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Executed> {
    const tenantId = tenantIdOf(caller);
    const scope = { userId: userIdOf(caller), ...(tenantId === undefined ? {} : { tenantId }) };
    let recorded: Promise<void> | undefined;
    const transacted = database.transaction(
      scope,
      async (sql) => {
        const target = await lookUp(entry, sql, caller, input);
        authorise(entry, caller);
        checkVersion(entry, target, options.ifMatch);

        const createdId = newId(clock.now());
        if (options.idempotencyKey !== undefined && entry.createdKind && tenantId !== undefined) {
          const claim = await claimKey(sql, {
            tenantId,
            operation: entry.name,
            key: checkKey(options.idempotencyKey),
            hash: fingerprint(input),
            resourceId: createdId,
          });
          if (claim.replayOf !== undefined) {
            const row = await entry.createdKind.find(sql, tenantId, claim.replayOf, scope.userId);
            if (!row)
              throw conflict(
                `what this Idempotency-Key made (${entry.createdKind.noun} '${claim.replayOf}') is gone; take a new key`,
              );
            return { operation: entry, output: entry.createdKind.present(row), replayed: true };
          }
        }

        let subject: Parameters<Call['about']>[0] = {};
        let became: Parameters<Call['becomes']>[0] | undefined;
        const call: Call = {
          sql,
          caller,
          tenantId: tenantId ?? '',
          userId: scope.userId,
          input,
          target,
          now: new Date(clock.now()),
          origin: options.origin,
          createdId,
          newId: () => newId(clock.now()),
          wake: (kind, id, hostId) => wake(sql, { kind, id, tenantId: tenantId ?? null, hostId: hostId ?? null }),
          becomes: async (who) => {
            became = who;
            await enterScope(sql, who);
          },
          about: (facts) => {
            subject = { ...subject, ...facts };
          },
        };
        if (entry.quota && tenantId !== undefined) {
          await lockQuota(sql, tenantId);
          await checkQuota(sql, tenantId, await entry.quota(call));
        }
        const output = await entry.handler(call).catch(async (error: unknown) => {
          if (!(error instanceof CloudError && error.commits)) throw error;
          await recordRefusal(sql, traceOf(entry, caller, input, options), newId(clock.now()));
          return error;
        });
        if (output instanceof CloudError) return { operation: entry, output, replayed: false };
        checkOvertaken(entry, output, options.ifMatch);

        if (entry.writes && entry.plane === 'control') {
          const trace: Trace = {
            operation: entry,
            caller,
            origin: options.origin,
            tenantId: became ? became.tenantId : tenantId,
            userId: became?.userId,
            resourceId:
              subject.id ?? (target as { id?: string } | undefined)?.id ?? (output as { id?: string } | undefined)?.id,
            metadata: subject.metadata ?? auditableInput(entry, input),
          };
          // Not waited for: it travels with the commit, which fails when it does.
          recorded = recordChange(sql, trace, newId(clock.now()), newId(clock.now()));
          recorded.catch(() => undefined);
        }
        return { operation: entry, output, replayed: false };
      },
      { readOnly: !entry.writes && !entry.descriptor.live },
    );
    return transacted.catch(async (error: unknown) => {
      await recorded;
      throw error;
    });
  }

  async function lookUp(entry: Entry, sql: Sql, caller: Caller, input: Record<string, unknown>): Promise<unknown> {
    const target = entry.descriptor.target;
    if (!target || !entry.targetKind) return undefined;
    const ref = String(input[target.param]);
    const row = await entry.targetKind.find(sql, tenantIdOf(caller) ?? '', ref, userIdOf(caller));
    if (!row) throw notFound(entry.targetKind.noun, ref);
    return row;
  }

  async function auditRefusal(entry: Entry, caller: Caller, input: unknown, options: CallOptions): Promise<void> {
    const tenantId = tenantIdOf(caller);
    if (!refusals.of(tenantId ?? userIdOf(caller)).take()) {
      metrics.refusalDropped();
      return;
    }
    const scope = { userId: userIdOf(caller), ...(tenantId === undefined ? {} : { tenantId }) };
    try {
      await database.transaction(scope, (sql) =>
        recordRefusal(sql, traceOf(entry, caller, input, options), newId(clock.now())),
      );
    } catch (error) {
      // The caller's answer stays FORBIDDEN; that the attempt could not be audited is an operator's matter.
      log.error({ err: error, operation: entry.name }, 'a refused attempt could not be audited');
    }
  }
}

/** What a caller named as the target: it has not been checked to be text. */
const nameOf = (value: unknown): string | undefined => (typeof value === 'string' ? value.slice(0, 255) : undefined);

/** What is known of an attempt that was refused. */
function traceOf(entry: Entry, caller: Caller, input: unknown, options: CallOptions): Trace {
  const members = (input && typeof input === 'object' ? input : {}) as Record<string, unknown>;
  const target = entry.descriptor.target;
  return {
    operation: entry,
    caller,
    origin: options.origin,
    tenantId: tenantIdOf(caller),
    userId: undefined,
    resourceId: target ? nameOf(members[target.param]) : undefined,
    metadata: auditableInput(entry, members),
  };
}

/** Who has no business at this door at all. */
function admit(entry: Entry, caller: Caller): void {
  if (entry.scope === 'public') return;
  if (caller.kind === 'anonymous') throw unauthorized('this needs an API key: send it as X-API-Key, or log in');
  if (entry.scope === 'tenant' && tenantIdOf(caller) === undefined) {
    throw invalidInput('this acts in a tenant, and neither X-Tenant-ID nor the key names one');
  }
}

function authorise(entry: Entry, caller: Caller): void {
  if (caller.kind === 'system' || entry.scope === 'public' || caller.kind === 'anonymous') return;
  if (entry.scope === 'operator') {
    if (caller.platformRole !== 'admin') throw forbidden('only the operator of the platform may do this');
    return;
  }
  if (entry.permission !== undefined && !isPermitted(caller.permissions, entry.permission)) {
    throw forbidden(
      `this needs the permission '${entry.permission}', which the role '${caller.role ?? 'none'}' does not have in this tenant`,
    );
  }
}

function checkVersion(entry: Entry, target: unknown, ifMatch: number | undefined): void {
  const version = (target as { version?: number } | undefined)?.version;
  if (ifMatch === undefined || version === undefined || version === ifMatch || !entry.writes) return;
  throw new CloudError('CONFLICT', 409, `it is at version ${version}, not ${ifMatch}: read it again and decide anew`);
}

/**
 * Two writers who saw the same version both pass checkVersion; the second one waits for the row and then counts one further than it may.
 * Only outputs with a version tell: a deletion is not caught here.
 */
function checkOvertaken(entry: Entry, output: unknown, ifMatch: number | undefined): void {
  const version = (output as { version?: number } | undefined)?.version;
  if (ifMatch === undefined || version === undefined || !entry.writes || !entry.targetKind) return;
  if (version > ifMatch + 1)
    throw new CloudError('CONFLICT', 409, `another change was faster than this one: read it again and decide anew`);
}

function checkKey(key: string): string {
  if (key.length < 1 || key.length > 255)
    throw invalidInput(`Idempotency-Key has ${key.length} characters; 1 to 255 are allowed`);
  return key;
}
