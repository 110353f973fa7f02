import type { Running } from '../compose/base.ts';
import { replaceKeys } from '../kernel/master-keys.ts';
import type { Alive, Handover, NewKeys, Question, Report, Starters } from './process-protocol.ts';

/** How long a process may take to stop before it ends by force. The API's own drain is shorter. */
const STOP_MS = 15_000;

export const USER_ARGUMENT = '--user=';

/**
 * Gives up root for the user that the supervisor names. From then on no other process reads this one's memory or environment, not even one of
 * the same user: Linux protects a process that changes its user (`PR_SET_DUMPABLE` of prctl(2)), and not one that starts as that user.
 */
function becomeUser(argument = ''): void {
  const [, uid, gid] = /^--user=(\d+):(\d+)$/.exec(argument) ?? [];
  if (uid === undefined) return;
  process.setgroups?.([]);
  process.setgid?.(Number(gid));
  process.setuid?.(Number(uid));
}

/**
 * Runs as the API or the worker below a supervisor: takes the handover, starts, reports, and stops at SIGTERM or when the supervisor is
 * gone (its end of the channel closes, also after kill -9), so that no second copy goes on by itself.
 */
export function runProcess(starters: Starters): void {
  becomeUser(process.argv[2]);
  let starting: Promise<Running> | undefined;
  let stopping = false;

  async function start(handover: Handover): Promise<void> {
    process.title = `thecloud ${handover.role}`;
    Object.freeze(handover.config);
    starting = handover.role === 'api' ? starters.startApi(handover.config) : starters.startWorker(handover.config);
    try {
      const running = await starting;
      report({ kind: 'ready', addresses: running.addresses, awsAddress: running.awsAddress });
      await running.ended;
      process.exitCode = 1;
      await stop();
    } catch (error) {
      console.error(error);
      report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      process.exitCode = 1;
      await stop();
    }
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      console.error(`did not stop within ${STOP_MS} ms`);
      process.exit(1);
    }, STOP_MS).unref();
    try {
      const running = await starting?.catch(() => undefined);
      await running?.stop();
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
    // Whatever still holds the event loop must not keep a stopped process alive.
    process.exit();
  }

  process.once('message', (handover) => {
    const { config } = handover as Handover;
    process.on('message', (message: Question | NewKeys) => {
      if (message.kind === 'keys') replaceKeys(config.masterKeys, message.keys);
      else report({ kind: 'alive' });
    });
    void start(handover as Handover);
  });
  process.once('disconnect', () => void stop());
  process.on('SIGTERM', () => void stop());
  // Ctrl-C is the supervisor's to handle; it stops its processes in order.
  process.on('SIGINT', () => undefined);
}

function report(message: Report | Alive): void {
  if (process.connected) process.send?.(message);
}
