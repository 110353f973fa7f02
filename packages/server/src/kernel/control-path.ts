import type { Admission } from './admission.ts';
import { deletionOf, presented, presentedAs, replay } from './answers.ts';
import { auditableInput, recordChange, recordRefusal, storable, type Trace } from './audit.ts';
import { authorise, isAuthorised } from './authorise.ts';
import { type Caller, tenantIdOf, userIdOf } from './caller.ts';
import { changesOf } from './changes.ts';
import type { CallOptions, ExecuteDeps, Executed } from './execute.ts';
import { orAgain, translateDatabaseError } from './database-errors.ts';
import { CloudError, conflict, idempotencyMismatch, invalidInput } from './errors.ts';
import { canonicalText, checkKey, claimKey, findClaim, type KeyedCall } from './idempotency.ts';
import { newId } from './ids.ts';
import { isAmbiguous } from './partial-id.ts';
import { enterProof } from './proof.ts';
import { checkQuota } from './quota.ts';
import { wake } from './reconcile-queue.ts';
import type { Refusals } from './refusals.ts';
import type { Entry } from './registry.ts';
import { scopeOf } from './scope.ts';
import { sourceOf } from './source.ts';
import { createSharedRefusals } from './shared-refusals.ts';
import type { Call, CallFacts, Preparation } from './service.ts';
import type { Sql } from './sql/tx.ts';
import { issueTicket } from './ticket.ts';
import { lookUp, nameOf, refuseStale, refuseWhileUsed } from './targets.ts';
import { isWritten, ready } from './written-answer.ts';

export type ControlPath = (
  entry: Entry,
  caller: Caller,
  input: Record<string, unknown>,
  options: CallOptions,
) => Promise<Executed>;

/** What a transaction came to: an answer, or a refusal that is itself a change and was committed. */
type Outcome = { readonly executed: Executed } | { readonly refusal: CloudError };

interface Transacted {
  readonly outcome: Outcome;
  /** What is sent with the commit, in this order. */
  readonly last: readonly ((sql: Sql) => Promise<void>)[];
}

const answerOnly = (executed: Executed): Transacted => ({ outcome: { executed }, last: [] });

/**
 * Prepare; then one transaction: look the targets up and lock what is written (404), authorise (403), replay, check, quota, run, audit row
 * and event; commit; finish.
 */
export function createControlPath(
  deps: ExecuteDeps,
  admissionOf: (entry: Entry) => Admission,
  /** Turns between the addresses of those who call without a tenant, and share one tenant's place. */
  strangers: Admission,
  refusals: Pick<Refusals, 'take'>,
): ControlPath {
  const { databases, registry, clock, log, sealer } = deps;
  const sharedRefusals = createSharedRefusals();

  return async (entry, caller, input, options) => {
    const tenantId = tenantIdOf(caller);
    const database = entry.scope === 'operator' ? databases.operator : databases.api;
    const admission = admissionOf(entry);
    const admitted = <T>(alone: boolean, work: () => Promise<T>): Promise<T> =>
      tenantId !== undefined || entry.scope === 'operator'
        ? admission.run(tenantId ?? '', alone, work)
        : strangers.run(sourceOf(options.origin.ip ?? ''), alone, () => admission.run('', alone, work));
    const facts: CallFacts = {
      caller,
      tenantId: tenantId ?? '',
      userId: userIdOf(caller),
      input,
      now: new Date(clock.now()),
      origin: options.origin,
    };
    // A call that will be refused costs no connection, where no target has to be looked up first. What the operator could find is no business of others.
    if (entry.targetKinds.length === 0 || entry.scope === 'operator') authorise(entry, caller);
    const keyed = keyOf(entry, facts, options.idempotencyKey);
    const readAs = <T>(who: Caller, fn: (sql: Sql) => Promise<T>, signal?: AbortSignal) =>
      admitted(false, () => database.transaction(scopeOf(who), fn, { readOnly: true, ...(signal ? { signal } : {}) }));
    const read: Preparation['read'] = (fn) => readAs(caller, fn);
    // Who may not do it is told so below, after the target was looked for.
    const prepared = isAuthorised(entry, caller) ? await entry.steps.prepare?.({ ...facts, read }) : undefined;

    const attempt = async () => {
      let recorded: Promise<unknown> | undefined;
      try {
        return await database.transaction(
          scopeOf(caller),
          async (sql) => {
            const transacted = await transact(entry, facts, sql, prepared, keyed, options);
            // Not waited for: they travel with the commit, which fails when one of them does.
            recorded = Promise.all(transacted.last.map((send) => send(sql)));
            recorded.catch(() => undefined);
            return transacted.outcome;
          },
          { readOnly: !entry.leavesTrace && !entry.descriptor.live },
        );
      } catch (error) {
        // The commit tells only that something before it failed; this tells what.
        await recorded;
        throw error;
      }
    };
    const { quota } = entry.steps;
    const shares = quota && entry.descriptor.effect === 'create' && entry.targetKinds.length === 0 && !keyed;
    const arrival = sharedRefusals.arrive();
    const work = () => orAgain(attempt);
    const outcome = await admitted(
      quota !== undefined,
      shares ? () => sharedRefusals.run(`${entry.name} ${facts.tenantId}`, arrival, work) : work,
    ).catch((error: unknown) => Promise.reject(translateDatabaseError(error).error));
    if ('refusal' in outcome) throw outcome.refusal;
    await entry.steps
      .finish?.(facts)
      .catch((error: unknown) =>
        log.error({ err: error, operation: entry.name }, 'a step after a committed change failed'),
      );
    const { executed } = outcome;
    if (!isWritten(entry)) return executed;
    return { ...executed, output: ready(executed.output as Parameters<typeof ready>[0], readAs) };
  };

  function keyOf(entry: Entry, facts: CallFacts, key: string | undefined): KeyedCall | undefined {
    if (key === undefined || !entry.writes) return undefined;
    if (!entry.idempotent)
      throw invalidInput(
        `${entry.name} does not accept an Idempotency-Key, because its answer cannot be repeated; remove the header`,
      );
    const { tenantId, userId, input } = facts;
    // The user's too: what a name stands for may differ from one user to the next.
    const text = `${userId} ${canonicalText(input as object, entry.descriptor.secrets)}`;
    const hash = sealer.fingerprint(tenantId, text);
    const olderHashes = sealer.olderFingerprints(tenantId, text);
    return { tenantId, userId, operation: entry.name, key: checkKey(key), hash, olderHashes };
  }

  async function transact(
    entry: Entry,
    facts: CallFacts,
    sql: Sql,
    prepared: unknown,
    keyed: KeyedCall | undefined,
    options: CallOptions,
  ): Promise<Transacted> {
    const { caller, tenantId } = facts;
    const input = facts.input as Record<string, unknown>;
    const { targets, missing } = await lookUp(entry, sql, facts, entry.writes && isAuthorised(entry, caller));
    if (missing !== undefined) {
      if (isAmbiguous(missing.error)) authorise(entry, caller);
      // What a replayed deletion removed is gone.
      if (keyed && entry.descriptor.effect === 'delete' && isAuthorised(entry, caller) && (await findClaim(sql, keyed)))
        return answerOnly(replay(entry, deletionOf(entry, missing.ref)));
      throw missing.error;
    }
    authorise(entry, caller);
    const target = targets.at(-1);
    const createdId = newId(clock.now());
    if (keyed) {
      const replayOf = await claimKey(sql, keyed, entry.createdKind ? createdId : entry.targetKind!.id(target));
      if (replayOf !== undefined) return answerOnly(await replayed(entry, facts, sql, keyed.key, replayOf, target));
    }
    refuseStale(entry, targets, options.ifMatch);

    let subject: Parameters<Call['about']>[0] = {};
    let became: Parameters<Call['becomes']>[0] | undefined;
    let isUnchanged = false;
    const last: Transacted['last'][number][] = [];
    const call: Call = {
      ...facts,
      sql,
      target,
      targets,
      prepared,
      checked: undefined,
      createdId,
      newId: () => newId(clock.now()),
      sealer,
      wake: (kind, id, hostId) => {
        last.push((open) => wake(open, { kind, id, tenantId: tenantId || null, hostId: hostId ?? null }));
      },
      unchanged: (answer) => {
        isUnchanged = true;
        return answer;
      },
      becomes: (who) => {
        became = who;
      },
      ticket: (spec) =>
        issueTicket(sql, {
          caller,
          tenantId: facts.tenantId,
          operation: entry.name,
          targetId: target === undefined ? undefined : entry.targetKind?.id(target),
          spec,
          metadata: auditableInput(entry, input),
          origin: facts.origin,
        }),
      about: (given) => {
        subject = { ...subject, ...given };
      },
    };
    if (entry.proves && caller.kind === 'user') await enterProof(sql, caller, facts.origin, entry.scope === 'tenant');
    const checked = await entry.steps.check?.(call);
    const ready: Call = checked === undefined ? call : { ...call, checked };
    if (entry.steps.quota && tenantId !== '')
      await checkQuota(sql, tenantId, registry.quotas, entry.descriptor.uses ?? [], () => entry.steps.quota!(ready));
    if (entry.blockers.length > 0) await refuseWhileUsed(entry, sql, target);
    let answered: unknown;
    try {
      answered = await entry.steps.run(ready);
    } catch (error) {
      if (!(error instanceof CloudError && error.commits)) throw error;
      const attempt = attemptOf(entry, caller, input, options.origin);
      if (refusals.take(attempt.tenantId, userIdOf(caller)))
        await recordRefusal(sql, { ...attempt, resourceId: subject.id ?? attempt.resourceId }, newId(clock.now()));
      return { outcome: { refusal: error }, last: [] };
    }
    const executed: Executed = { operation: entry, ...presented(entry, answered, caller), replayed: false };
    // What the worker does, it writes down itself when it is shown the ticket.
    if (!entry.leavesTrace || entry.descriptor.live) return answerOnly(executed);
    if (isUnchanged) return { outcome: { executed: { ...executed, isUnchanged } }, last };
    const ofTarget = target === undefined ? undefined : entry.targetKind?.id(target);
    const trace: Trace & { readonly operation: Entry } = {
      operation: entry,
      caller,
      origin: facts.origin,
      // What the operator does concerns the platform, unless the handler names a tenant; the one that the operator is a member of has no part in it.
      tenantId:
        subject.tenantId ?? (became ? became.tenantId : entry.scope === 'operator' ? undefined : tenantId || undefined),
      userId: became?.userId,
      resourceId: subject.id ?? ofTarget ?? (entry.createdKind ? createdId : undefined),
      metadata: subject.metadata ?? auditableInput(entry, input),
      changes: changesOf(entry, target, answered, facts.now),
    };
    last.push((open) => recordChange(open, trace, newId(clock.now()), newId(clock.now())));
    return { outcome: { executed: { ...executed, trailBytes: bytesOf(trace) } }, last };
  }

  /** What a replayed call answers: what it made or changed, as it is now. */
  async function replayed(
    entry: Entry,
    facts: CallFacts,
    sql: Sql,
    key: string,
    id: string,
    target: unknown,
  ): Promise<Executed> {
    if (!entry.createdKind && entry.targetKind!.id(target) !== id)
      throw idempotencyMismatch(
        `Idempotency-Key '${key}' was used for another ${entry.targetKind!.noun} named '${nameOf(entry.targetKind!, target)}'; use a new key`,
      );
    if (entry.descriptor.effect === 'delete')
      return replay(entry, deletionOf(entry, nameOf(entry.targetKind!, target)));
    if (!entry.createdKind) return replay(entry, presented(entry, target, facts.caller));
    const { tenantId, userId } = facts;
    const row = await entry.createdKind.find(sql, { tenantId, userId, ref: id, lock: false, within: target });
    if (!row)
      throw conflict(
        `the ${entry.createdKind.noun} '${id}' that this Idempotency-Key created no longer exists; use a new key to create another`,
      );
    return replay(entry, presentedAs(entry.createdKind, row, facts.caller));
  }
}

/** The input is in the audit row and in the event. */
const bytesOf = ({ metadata, changes }: Trace): number =>
  2 * JSON.stringify(metadata).length + (changes ? JSON.stringify(changes).length : 0);

/** What a caller named as the target: it has not been checked to be text. */
const refOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? storable(value.slice(0, 255)) : undefined;

/** What is known of an attempt that was refused. */
export function attemptOf(entry: Entry, caller: Caller, input: unknown, origin: CallOptions['origin']): Trace {
  const members = (input && typeof input === 'object' ? input : {}) as Record<string, unknown>;
  const param = entry.targets.at(-1)?.param;
  return {
    operation: entry,
    caller,
    origin,
    tenantId: tenantIdOf(caller),
    userId: undefined,
    resourceId: param === undefined ? undefined : refOf(members[param]),
    metadata: auditableInput(entry, members),
  };
}
