import { readdir } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { waitUntil } from '../processes.ts';
import { readStartError } from './console-log.ts';
import { withoutVariables } from './guest-init.ts';
import { type IncusClient, IncusError, type IncusInstance } from './incus-client.ts';
import { COMMON_CONFIG, READ_LIMIT, readLimit } from './machine-config.ts';
import { readRunRecord, type RunRecord } from './run-record.ts';
import { isAccountLine } from './kernel-share.ts';

/** Milliseconds. A start runs on a busy machine too. */
const START_TIMEOUT_MS = 60_000;
/** How long the end of a first process may take to be the end of its machine. */
const END_MS = 5_000;

/** Milliseconds in which the end of a first process is recorded, after Incus has noticed it. */
const ENDED_MS = 1_000;

export interface Start {
  readonly logFolder: string;
  /** The record before it. */
  readonly before: RunRecord | undefined;
  /** Takes the link away that an earlier start has left. */
  removeLink(): Promise<void>;
  /** Lets the host write to a full disk until the first process begins. */
  liftLimit(): Promise<void>;
}

/** Starts, or thaws, an instance. Throws EngineError with LXC's own word where there is one. */
export async function startInstance(
  client: IncusClient,
  found: IncusInstance,
  { logFolder, before, removeLink, liftLimit }: Start,
  signal: AbortSignal | undefined,
): Promise<void> {
  const action = found.status === 'Frozen' ? 'unfreeze' : 'start';
  const start = () =>
    client
      .run('PUT', `/1.0/instances/${found.name}/state`, {
        project: found.project,
        body: { action, timeout: START_TIMEOUT_MS / 1000 },
        timeoutMs: START_TIMEOUT_MS,
        signal,
      })
      .catch((error: unknown) => {
        if (!(error instanceof IncusError) || !/already running/i.test(error.message)) throw error;
      });
  // While the end of its last run is being tidied up, Incus says that it runs already.
  const wasStarted = async (): Promise<boolean> => {
    await start();
    const after = await readRunRecord(logFolder);
    return after === undefined || after.pid !== 0 || after.ends !== before?.ends;
  };
  const startInTime = async (): Promise<void> => {
    if (await waitUntil(wasStarted, END_MS, 50)) return;
    throw new EngineError('unavailable', `the machine ${found.name} is still ending after ${END_MS} ms`);
  };
  try {
    await startInTime().catch(async (error: unknown) => {
      if (!(error instanceof IncusError)) throw error;
      // An incusd that died while it started the machine left the link there, and no later start would get past it.
      if (/ip link add .*File exists/.test(error.message)) await removeLink();
      // The second is liblxc's word where not a byte is left.
      else if (/disk quota exceeded|saving config file/i.test(error.message)) await liftLimit();
      else throw error;
      await startInTime();
    });
  } catch (error) {
    if (isOfTheGone(error) && (await waitUntil(() => hasEnded(logFolder, before), ENDED_MS))) return;
    const why =
      error instanceof IncusError && /forkstart/.test(error.message) ? await readStartError(logFolder) : undefined;
    if (why === undefined) throw error;
    throw new EngineError('failed', `the machine ${found.name} does not start: ${why}`, { cause: error });
  }
}

/** What Incus answers where a first process ended while Incus still looked into its /proc, or gave its disk a limit. */
const isOfTheGone = (error: unknown): boolean =>
  error instanceof IncusError &&
  /no such file or directory|no such process|block device path doesn't exist/i.test(error.said ?? '');

/** Whether a run began after the record `before` and is over. */
async function hasEnded(logFolder: string, before: RunRecord | undefined): Promise<boolean> {
  const after = await readRunRecord(logFolder);
  return after !== undefined && after.pid === 0 && after.ends !== (before?.ends ?? 0);
}

/**
 * Gives a stopped instance that an earlier version made, or that was made when the host had other cgroups, what every machine has. Of two
 * lines for one key of LXC's configuration the later counts. `given`: variables in place of those that it was made with.
 */
export async function completeConfig(
  client: IncusClient,
  found: IncusInstance,
  lines: readonly string[],
  given: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const raw = found.config['raw.lxc'] ?? '';
  const kept = raw
    .split('\n')
    .filter((line) => lines.includes(line) || !isAccountLine(line))
    .map((line) => withoutVariables(line, found.name));
  const wanted = [...kept, ...lines.filter((line) => !kept.includes(line))].join('\n');
  const changed = Object.entries({ ...COMMON_CONFIG, ...given, 'raw.lxc': wanted }).filter(
    ([key, value]) => found.config[key] !== value,
  );
  const { root } = found.devices;
  // The share of time says how many vCPUs it has, halves too.
  const [, hundredths] = /^(\d+)ms\/100ms$/.exec(found.config['limits.cpu.allowance'] ?? '') ?? [];
  const isUnlimited = root !== undefined && root[READ_LIMIT] === undefined && hundredths !== undefined;
  if (changed.length === 0 && !isUnlimited) return;
  const body = {
    config: Object.fromEntries(changed),
    ...(isUnlimited ? { devices: { root: { ...root, [READ_LIMIT]: readLimit(Number(hundredths) / 100) } } } : {}),
  };
  await client.call('PATCH', `/1.0/instances/${found.name}`, { project: found.project, body, signal });
}

/** Milliseconds in which Incus takes away what it mounted for the last run of an instance. */
const TIDIED_MS = 2_000;

/**
 * Waits until nothing is left of the last run of a stopped instance in Incus' folder of its devices. An instance that ends by itself while it is being
 * stopped is called stopped before that, and Incus would take away what the next start has mounted. What an incusd that died has left there is in
 * nobody's way.
 */
export async function waitUntilTidied(folder: string): Promise<void> {
  const isTidied = async (): Promise<boolean> =>
    (
      await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return [];
      })
    ).length === 0;
  await waitUntil(isTidied, TIDIED_MS);
}

/**
 * An instance whose first process has ended, when it is down: Incus calls it running until its network and its mounts are gone. Throws
 * EngineError where that takes too long.
 */
export async function waitUntilDown(
  found: IncusInstance,
  find: () => Promise<IncusInstance | undefined>,
): Promise<IncusInstance> {
  let last = found;
  const isDown = async (): Promise<boolean> => {
    last = (await find()) ?? { ...found, status: 'Stopped' };
    return last.status === 'Stopped';
  };
  if (await waitUntil(isDown, END_MS, 20)) return last;
  throw new EngineError('unavailable', `the machine ${found.name} has ended and is not down after ${END_MS} ms`);
}
