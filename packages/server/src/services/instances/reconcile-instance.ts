import { statusChange } from '../../kernel/changes.ts';
import type { Clock } from '../../kernel/clock.ts';
import {
  deadlineOf,
  endByError,
  failForGood,
  note,
  type Reconciled,
  recordPassEvent,
  requireEngine,
} from '../../kernel/pass.ts';
import { again, givenUp, gone, type Outcome, type Pass, type Reconciler, settled } from '../../kernel/reconcile.ts';
import { loadRow, removeTombstone } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { readSecrets } from '../secrets/index.ts';
import { loadVpcForInstance, releaseInterface, type VpcForInstance } from '../vpcs/index.ts';
import type { ComputeEngine, MachineRef, MachineSpec } from './compute-engine.ts';
import { exitOf, wordsOfEnd } from './exit-words.ts';
import { DEFAULT_TYPE } from './catalogue.ts';
import {
  publicStatus,
  hostNameOfRow,
  type InstanceReason,
  type InstanceRow,
  INSTANCES,
  type InstanceTypeRow,
} from './instance.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import { resolved, secretsIn } from './variables.ts';
import { hasFailed, plan, restsUntil, type Seen, type Step, type Told } from './plan.ts';

/** Milliseconds between two passes of an instance that is as wanted. Bulk looks find drift of its power and its disk every 15 s; a pass a quarter of an hour cost a fifth of a core at 100,000 instances. */
const RESYNC_MS = 3_600_000;

/** Time for a clean stop. */
const GRACE_MS = 10_000;
/** Steps in one pass: define, start and note are three; a reboot five. */
const MAX_STEPS = 10;
/** Time that an instance waits for its image or network before it fails. */
const WAIT_MS = 15 * 60_000;

const INSTANCE: Reconciled<InstanceRow> = {
  kind: 'instance',
  table: INSTANCES,
  failed: 'ERROR',
  retried: 'STARTING',
  statusOf: publicStatus,
};

/** The status of an instance that is starting. */
const ON_ITS_WAY = {
  status: 'STARTING',
  status_reason: null,
  reason_code: null,
  phase_deadline: null,
  started_at: null,
} as const;

export interface InstanceReconcilerDeps {
  readonly engine: ComputeEngine;
  readonly clock: Clock;
  readonly sealer: Pick<Sealer, 'open'>;
}

/** What a pass knows: the row, and the machine as last inspected or as the engine's last call left it. */
interface Known {
  readonly row: InstanceRow;
  readonly type: InstanceTypeRow | undefined;
  readonly vpc: VpcForInstance | undefined;
  readonly seen: Seen | undefined;
}

/** What is missing before a machine can be created. */
interface Missing {
  readonly words: string;
  /** The engine's text, for the operator. */
  readonly said?: string;
  /** The reason code while the instance waits for it. Absent: it will not come. */
  readonly waiting?: InstanceReason;
  /** The reason code if it will not come, or did not come in time. */
  readonly failure: InstanceReason;
}

/**
 * Keeps each instance's machine as its row says: load, observe, plan, one step, commit, and again until nothing is left to do.
 *
 * After a step it trusts the engine's result and does not inspect again. A change of the row during the pass increments `wakes` and
 * causes another pass, and a change of the machine is an engine event.
 */
export function createInstanceReconciler({ engine, clock, sealer }: InstanceReconcilerDeps): Reconciler {
  async function pass(pass: Pass): Promise<Outcome> {
    const loaded = await pass.read((sql) => load(sql, pass.id));
    if (!loaded) return gone;
    let known: Known = loaded;
    // A failed instance is left alone.
    if (!known.row.deleted_at && hasFailed(known.row)) return givenUp('');
    const until = known.row.deleted_at ? undefined : restsUntil(known.row, clock.now());
    if (until) return rest(pass, known.row, until);
    try {
      known = { ...known, seen: await engine.inspect(refOf(known.row), pass.signal) };
      for (let steps = 0; steps < MAX_STEPS; steps++) {
        pass.signal.throwIfAborted();
        const next = await take(plan(known.row, known.seen, clock.now()), pass, known);
        if ('kind' in next) return next;
        known = next;
      }
      return again(1_000, `not settled after ${MAX_STEPS} steps`);
    } catch (error) {
      return endByError(pass, INSTANCE, known.row, error, clock.now());
    }
  }

  /** Takes one step. Returns what is known after it, or how the pass ends. */
  async function take(step: Step, pass: Pass, known: Known): Promise<Known | Outcome> {
    const { row } = known;
    const ref = refOf(row);
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
        return { ...known, seen: { ...known.seen, state: 'stopped' } };
      case 'start':
        return start(pass, known);
      case 'tell':
        return tell(pass, known, step);
      case 'rest':
        return rest(pass, row, step.until);
      case 'define': {
        const missing = await findMissing(pass, known);
        if (missing) return wait(pass, row, missing);
        await engine.define(ref, specOf(known), pass.signal);
        return { ...known, seen: { state: 'stopped' } };
      }
      case 'discard':
        await engine.discard(ref, pass.signal);
        return { ...known, seen: await engine.inspect(ref, pass.signal) };
      case 'begin':
        return { ...known, row: await note(pass, INSTANCE, row, ON_ITS_WAY) };
      case 'lose':
        return {
          ...known,
          row: await note(
            pass,
            INSTANCE,
            row,
            { ...ON_ITS_WAY, phase: 'making', observed_ends: 0 },
            {
              event: { type: 'INSTANCE_LOST' },
            },
          ),
        };
      case 'note':
        return noteSeen(pass, known, step);
    }
  }

  /** Records an end of the first process, and that the instance is down if it will restart. */
  async function tell(pass: Pass, known: Known, step: Told): Promise<Known> {
    const { row } = known;
    const { end, news, until } = step;
    const exit = exitOf(end);
    const counted = {
      observed_ends: step.ends,
      crashes: step.crashes,
      last_exit: exit,
      restart_count: row.restart_count + (row.power === 'running' ? news : 0),
    };
    const resting = {
      status: 'ERROR',
      status_reason: wordsOfEnd(row, end, until),
      reason_code: 'RESTING',
      phase_deadline: until ?? null,
      started_at: null,
      observed_version: row.version,
    } as const;
    const status = step.next === 'unchanged' ? {} : until ? resting : ON_ITS_WAY;
    const metadata = {
      ...exit,
      restart_count: counted.restart_count,
      ...(end.ranMs === undefined ? {} : { ran_ms: Math.round(end.ranMs) }),
      ...(until ? { restarts_at: until.toISOString() } : {}),
    };
    const next = await note(
      pass,
      INSTANCE,
      row,
      { ...counted, ...status },
      {
        event: { type: 'INSTANCE_EXITED', metadata },
      },
    );
    return { ...known, row: next };
  }

  /** Secrets are read at each start, so that it gets the values of that moment. */
  async function start(pass: Pass, known: Known): Promise<Known | Outcome> {
    const { row } = known;
    const ref = refOf(row);
    const names = secretsIn(row.env);
    if (names.length === 0) await engine.start(ref, pass.signal);
    else {
      const reading = {
        tenantId: row.tenant_id,
        names,
        now: new Date(clock.now()),
        actor: INSTANCE.kind,
        metadata: { instance_id: row.id },
      };
      const read = await pass.commit((sql) => readSecrets(sql, sealer, reading));
      if ('missing' in read)
        return failForGood(
          pass,
          INSTANCE,
          row,
          'SECRET_MISSING',
          `a variable needs it, but ${read.missing}; mend that, and start the instance again`,
        );
      const env = resolved(row.env, read.values);
      await engine.start(ref, pass.signal, { env, ...(row.command ? { command: row.command } : {}) });
    }
    return { ...known, seen: await engine.inspect(ref, pass.signal) };
  }

  async function rest(pass: Pass, row: InstanceRow, until: Date): Promise<Outcome> {
    await note(pass, INSTANCE, row, { phase_deadline: until });
    return again(until.getTime() - clock.now(), 'it waits to be restarted after its first process ended');
  }

  /** Records the observed status. Between the two halves of a reboot there is neither STOPPED nor an event. */
  async function noteSeen(
    pass: Pass,
    known: Known,
    { status, restarted }: Extract<Step, { do: 'note' }>,
  ): Promise<Known | Outcome> {
    const { row } = known;
    const halfway = restarted && row.power === 'running';
    const seen = {
      ...ON_ITS_WAY,
      // A machine that was never seen complete cannot be lost.
      ...(halfway ? {} : { phase: 'made' as const }),
      ...(restarted ? { observed_restart: row.restart_generation } : {}),
    } as const;
    if (halfway) return { ...known, row: await note(pass, INSTANCE, row, seen) };
    const runs = known.seen?.runs;
    const since = runs?.startedAt ?? (row.status === 'RUNNING' ? row.started_at?.getTime() : undefined) ?? clock.now();
    await note(pass, INSTANCE, row, {
      ...seen,
      status,
      started_at: status === 'RUNNING' ? new Date(since) : null,
      observed_version: row.version,
      // Somebody else may have recreated the machine.
      observed_ends: runs?.ends ?? row.observed_ends,
      // A new spec resets the count; otherwise it continues.
      crashes: row.observed_version === row.version ? row.crashes : 0,
    });
    return settled;
  }

  async function findMissing(pass: Pass, { row, vpc }: Known): Promise<Missing | undefined> {
    await requireEngine(engine);
    if (vpc && vpc.status !== 'active') {
      const words = `waiting for its network '${vpc.name}' (${vpc.statusReason ?? vpc.status})`;
      return {
        words,
        ...(vpc.status === 'error' ? {} : { waiting: 'WAITING_FOR_NETWORK' }),
        failure: 'NETWORK_FAILED',
      };
    }
    const image = await engine.prepareImage(row.image, pass.signal);
    const failure = 'IMAGE_FAILED';
    switch (image.state) {
      case 'ready':
        return undefined;
      case 'building':
        return {
          words: `waiting for the image '${row.image}': ${image.detail}`,
          waiting: 'WAITING_FOR_IMAGE',
          failure,
        };
      case 'failed':
        return { words: `the image '${row.image}' could not be built on this host`, said: image.detail, failure };
      case 'absent':
        return { words: `the image '${row.image}' does not exist on this host`, failure };
    }
  }

  /** Waits, up to WAIT_MS from the beginning of this wait, because an instance that ran for weeks may have to wait again. */
  async function wait(pass: Pass, row: InstanceRow, { words, said, waiting, failure }: Missing): Promise<Outcome> {
    if (!waiting) return failForGood(pass, INSTANCE, row, failure, words, said);
    const deadline = deadlineOf(row, waiting, clock.now(), WAIT_MS);
    if (clock.now() > deadline.getTime())
      return failForGood(
        pass,
        INSTANCE,
        row,
        failure,
        `${words}; the platform gave up after ${WAIT_MS / 60_000} minutes; start the instance to retry`,
      );
    await note(pass, INSTANCE, row, { status_reason: words, reason_code: waiting, phase_deadline: deadline });
    return again(1_000, words);
  }

  return { kind: INSTANCE.kind, concurrency: 8, resyncMs: RESYNC_MS, pass };
}

const refOf = (row: InstanceRow): MachineRef => ({ tenantId: row.tenant_id, instanceId: row.id });

async function load(sql: Sql, id: string): Promise<Known | undefined> {
  const row = await loadRow(sql, INSTANCES, id);
  if (!row) return undefined;
  const { findType } = createPgInstanceRepository(sql);
  const type = (await findType(row.instance_type)) ?? (await findType(DEFAULT_TYPE));
  return { row, type, vpc: row.vpc_id ? await loadVpcForInstance(sql, row.vpc_id) : undefined, seen: undefined };
}

async function forget(sql: Sql, row: InstanceRow): Promise<void> {
  if (!(await removeTombstone(sql, INSTANCES, row.id))) return;
  await releaseInterface(sql, INSTANCE.kind, row.id);
  await recordPassEvent(sql, INSTANCE.kind, row, 'INSTANCE_TERMINATED', {}, statusChange(publicStatus(row), null));
}

function specOf({ row, type, vpc }: Known): MachineSpec {
  return {
    image: row.image,
    hostname: hostNameOfRow(row),
    vcpus: type!.vcpus,
    memoryMb: type!.memory_mb,
    diskGb: type!.disk_gb,
    networkMbps: type!.network_mbps,
    processes: type!.processes,
    env: resolved(row.env),
    ...(row.command ? { command: row.command } : {}),
    ...(vpc && row.private_ip && row.mac
      ? { nic: { vpcId: vpc.id, address: row.private_ip, prefix: vpc.prefix, gateway: vpc.gateway, mac: row.mac } }
      : {}),
  };
}
