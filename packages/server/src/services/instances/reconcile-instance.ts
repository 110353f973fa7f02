import { recordEvent } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import { newId } from '../../kernel/ids.ts';
import { again, gone, type Outcome, type Pass, type Reconciler, settled } from '../../kernel/reconcile.ts';
import { wake } from '../../kernel/reconcile-queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { hostNameOf, loadVpcForInstance, type VpcForInstance } from '../vpcs/index.ts';
import type { ComputeEngine, MachineRef, MachineSpec, SeenMachine } from './compute-engine.ts';
import { DEFAULT_TYPE } from './handlers.ts';
import type { InstanceRow, InstanceTypeRow, StoredStatus } from './instance.ts';
import type { StatusUpdate } from './instance-repository.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import { plan } from './plan.ts';

/** How long a machine may take to stop cleanly. */
const GRACE_MS = 10_000;
/** Steps in one pass: define, start and note are three; a reboot five. */
const MAX_STEPS = 10;
/** Failures in a row after which an instance is in ERROR: with the back-off about three minutes. */
const MAX_FAILURES = 9;
/** What ends sooner after its start is not started again before this time is over: a bad command must not keep the host busy. */
const MIN_RUN_MS = 5_000;
/** Milliseconds until an engine that was away is asked again. */
const AWAY_MS = 2_000;
/** How long an instance waits for its image or its network before people are told. */
const WAIT_DEADLINE_MS = 15 * 60_000;

export interface InstanceReconcilerDeps {
  readonly engine: ComputeEngine;
  readonly clock: Clock;
}

interface Loaded {
  readonly row: InstanceRow;
  readonly type: InstanceTypeRow | undefined;
  readonly vpc: VpcForInstance | undefined;
}

/** What a pass knows: the row as it was loaded, and the machine as it was seen or as the engine last said that it had made it. */
interface Known extends Loaded {
  readonly seen: Pick<SeenMachine, 'state'> | undefined;
}

/**
 * Keeps each instance's machine as its row says: load, observe, plan, one step, commit, plan again, until nothing is left to do.
 *
 * After a step the engine's word is taken for what it did; it is not asked again. What changes in the row meanwhile counts `wakes` up and
 * brings another pass, and what changes in the world is an event of the engine.
 */
export function createInstanceReconciler(deps: InstanceReconcilerDeps): Reconciler {
  const { engine, clock } = deps;

  async function pass(pass: Pass): Promise<Outcome> {
    const loaded = await pass.read((sql) => load(sql, pass.id));
    if (!loaded) return gone;
    let known: Known = { ...loaded, seen: undefined };
    try {
      known = { ...known, seen: await engine.inspect(refOf(known.row), pass.signal) };
      for (let steps = 0; steps < MAX_STEPS; steps++) {
        pass.signal.throwIfAborted();
        const next = await takeStep(pass, known);
        if ('kind' in next) return next;
        known = next;
      }
      return again(1_000, `not settled after ${MAX_STEPS} steps`);
    } catch (error) {
      if (error instanceof EngineError) return failed(pass, known.row, error);
      throw error;
    }
  }

  /** One step: what is known after it, or how the pass ends. */
  async function takeStep(pass: Pass, known: Known): Promise<Known | Outcome> {
    const { row, type, vpc } = known;
    const ref = refOf(row);
    const step = plan(row, known.seen);
    switch (step.do) {
      case 'nothing':
        return settled;
      case 'remove':
        await engine.remove(ref, pass.signal);
        return { ...known, seen: undefined };
      case 'forget':
        await pass.commit((sql) => forget(sql, row));
        return gone;
      case 'stop':
        await engine.stop(ref, GRACE_MS, pass.signal);
        return { ...known, seen: { state: 'stopped' } };
      case 'start': {
        const tooSoon = restHasLeft(row);
        if (tooSoon > 0) return rest(pass, row, tooSoon);
        await engine.start(ref, pass.signal);
        return { ...known, seen: { state: 'running' } };
      }
      case 'define': {
        const waiting = await whatIsMissing(pass, row, vpc);
        if (waiting) return wait(pass, row, waiting);
        if (!isAnew(row)) return { ...known, row: await noteAnew(pass, row) };
        await engine.define(ref, specOf(row, type!, vpc), pass.signal);
        return { ...known, seen: { state: 'stopped' } };
      }
      case 'discard':
        if (!isAnew(row)) return { ...known, row: await noteAnew(pass, row) };
        await engine.discard(ref, pass.signal);
        return { ...known, seen: await engine.inspect(ref, pass.signal) };
      case 'note':
        return noteSeen(pass, known, step.status, step.restarted);
    }
  }

  /** What is made anew begins anew; people are told of one that was there before, also when it was waiting or resting just then. */
  async function noteAnew(pass: Pass, row: InstanceRow): Promise<InstanceRow> {
    const anew: InstanceRow = {
      ...row,
      status: 'STARTING',
      status_reason: null,
      started_at: null,
      phase_deadline: null,
    };
    const wasMade = row.status === 'RUNNING' || row.status === 'STOPPED' || row.started_at !== null;
    await note(pass, anew, 'STARTING', null, wasMade ? 'INSTANCE_LOST' : undefined);
    return anew;
  }

  /** Milliseconds that one has to rest that ended by itself right after its start; a new wish of its owner's ends the rest. */
  function restHasLeft(row: InstanceRow): number {
    const wished = row.observed_version !== row.version || row.observed_restart !== row.restart_generation;
    return wished || !row.started_at ? 0 : row.started_at.getTime() + MIN_RUN_MS - clock.now();
  }

  async function rest(pass: Pass, row: InstanceRow, ms: number): Promise<Outcome> {
    const reason = 'its main process ended right after the start; it is started again soon. Its log may say why';
    if (row.status_reason !== reason) {
      await pass.commit((sql) =>
        createPgInstanceRepository(sql).writeStatus(row.id, {
          status: 'STARTING',
          reason,
          observedVersion: row.version,
          observedRestart: row.observed_restart,
          startedAt: row.started_at,
          phaseDeadline: null,
        }),
      );
    }
    return again(ms, reason);
  }

  /** Writes down what was seen. Between the two halves of a reboot people see neither STOPPED nor an event. */
  async function noteSeen(
    pass: Pass,
    known: Known,
    seenStatus: 'RUNNING' | 'STOPPED',
    restarted: boolean,
  ): Promise<Known | Outcome> {
    const { row } = known;
    const halfway = restarted && row.power === 'running';
    const update: StatusUpdate = {
      status: halfway ? 'STARTING' : seenStatus,
      reason: null,
      observedVersion: halfway ? (row.observed_version ?? 0) : row.version,
      observedRestart: restarted ? row.restart_generation : row.observed_restart,
      startedAt: seenStatus === 'RUNNING' ? new Date(clock.now()) : null,
      phaseDeadline: null,
    };
    await pass.commit(async (sql) => {
      await createPgInstanceRepository(sql).writeStatus(row.id, update);
      if (row.status !== update.status && !halfway) await event(sql, row, `INSTANCE_${update.status}`, {});
    });
    if (!halfway) return settled;
    return {
      ...known,
      row: { ...row, status: update.status, status_reason: null, observed_restart: update.observedRestart },
    };
  }

  /** What an instance has to wait for, in words; or why it cannot be. */
  async function whatIsMissing(
    pass: Pass,
    row: InstanceRow,
    vpc: VpcForInstance | undefined,
  ): Promise<{ text: string; fatal: boolean } | undefined> {
    const ready = await engine.availability();
    if (!ready.ok) return { text: ready.missing, fatal: false };
    if (vpc && vpc.status !== 'active') {
      return {
        text: `waits for its network '${vpc.name}' (${vpc.statusReason ?? vpc.status})`,
        fatal: vpc.status === 'error',
      };
    }
    const image = await engine.prepareImage(row.image, pass.signal);
    switch (image.state) {
      case 'ready':
        return undefined;
      case 'building':
        return { text: `waits for the image '${row.image}': ${image.detail}`, fatal: false };
      case 'failed':
        return { text: `the image '${row.image}' could not be built: ${image.detail}`, fatal: true };
      case 'absent':
        return { text: `there is no image '${row.image}' on this host`, fatal: true };
    }
  }

  async function wait(pass: Pass, row: InstanceRow, waiting: { text: string; fatal: boolean }): Promise<Outcome> {
    // Counted from when it began to wait, not from the last edit: what ran for weeks may have to wait again.
    const deadline = row.phase_deadline ?? new Date(clock.now() + WAIT_DEADLINE_MS);
    const tooLong = clock.now() > deadline.getTime();
    if (waiting.fatal || tooLong) {
      await note(
        pass,
        row,
        'ERROR',
        tooLong ? `${waiting.text}; given up after ${WAIT_DEADLINE_MS / 60_000} minutes` : waiting.text,
        'INSTANCE_ERROR',
      );
      return settled;
    }
    if (row.status_reason !== waiting.text || row.status !== 'STARTING')
      await note(pass, row, 'STARTING', waiting.text, undefined, deadline);
    return again(1_000, waiting.text);
  }

  /** What the engine refused: shown, and after a while final. Unavailable engines are waited for, which is no failure of the instance's. */
  async function failed(pass: Pass, row: InstanceRow, error: EngineError): Promise<Outcome> {
    const away = error.kind === 'unavailable';
    const final = error.kind === 'invalid' || (!away && pass.attempts >= MAX_FAILURES);
    if (final && !row.deleted_at) {
      await note(pass, row, 'ERROR', error.message, 'INSTANCE_ERROR');
      return settled;
    }
    // What is tried again after an error is on its way: the last word is not spoken yet.
    const status = row.status === 'ERROR' ? 'STARTING' : row.status;
    if (row.status_reason !== error.message || row.status !== status)
      await note(pass, row, status, error.message, undefined);
    if (away) return again(AWAY_MS, error.message);
    throw error;
  }

  async function note(
    pass: Pass,
    row: InstanceRow,
    status: StoredStatus,
    reason: string | null,
    eventType: string | undefined,
    phaseDeadline: Date | null = null,
  ): Promise<void> {
    await pass.commit(async (sql) => {
      await createPgInstanceRepository(sql).writeStatus(row.id, {
        status,
        reason,
        observedVersion: status === 'ERROR' ? row.version : (row.observed_version ?? 0),
        observedRestart: row.observed_restart,
        startedAt: row.started_at,
        phaseDeadline,
      });
      if (eventType) await event(sql, row, eventType, reason ? { reason } : {});
    });
  }

  return { kind: 'instance', concurrency: 8, resyncMs: 900_000, pass };
}

/** Whether it is at its beginning, as people see it: nothing of a machine to be told as lost. */
const isAnew = (row: InstanceRow): boolean => row.status === 'STARTING' && row.started_at === null;

const refOf = (row: InstanceRow): MachineRef => ({ tenantId: row.tenant_id, instanceId: row.id });

async function load(sql: Sql, id: string): Promise<Loaded | undefined> {
  const repository = createPgInstanceRepository(sql);
  const row = await repository.load(id);
  if (!row) return undefined;
  const type = (await repository.findType(row.instance_type)) ?? (await repository.findType(DEFAULT_TYPE));
  return { row, type, vpc: row.vpc_id ? await loadVpcForInstance(sql, row.vpc_id) : undefined };
}

async function forget(sql: Sql, row: InstanceRow): Promise<void> {
  await createPgInstanceRepository(sql).remove(row.id);
  await event(sql, row, 'INSTANCE_TERMINATED', {});
  if (row.vpc_id) await wake(sql, { kind: 'vpc', id: row.vpc_id, tenantId: row.tenant_id, hostId: row.host_id });
}

const event = (sql: Sql, row: InstanceRow, type: string, metadata: object): Promise<void> =>
  recordEvent(sql, {
    id: newId(),
    tenantId: row.tenant_id,
    actor: 'system:instance',
    type,
    resourceType: 'instance',
    resourceId: row.id,
    metadata,
  });

function specOf(row: InstanceRow, type: InstanceTypeRow, vpc: VpcForInstance | undefined): MachineSpec {
  return {
    image: row.image,
    hostname: hostNameOf(row.name, row.id),
    vcpus: type.vcpus,
    memoryMb: type.memory_mb,
    diskGb: type.disk_gb,
    networkMbps: type.network_mbps,
    processes: type.processes,
    env: row.env,
    ...(row.command ? { command: row.command } : {}),
    ...(vpc && row.private_ip && row.mac
      ? { nic: { vpcId: vpc.id, address: row.private_ip, prefix: vpc.prefix, gateway: vpc.gateway, mac: row.mac } }
      : {}),
  };
}
