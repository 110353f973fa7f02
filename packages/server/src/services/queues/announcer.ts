import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';

/** Most ids in one notification: its payload has room for 8,000 bytes. */
const MAX_ANNOUNCED = 200;
/** Pause after each notification in milliseconds: queues to which something is sent in it are announced together. */
const PAUSE_MS = 5;

/** Tells the other processes which queues may have something, each once however much was sent to it. Returns what tells of one. */
export function createAnnouncer(deps: {
  announce(queueIds: readonly string[]): Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): (queueId: string) => void {
  const pending = new Set<string>();
  let running = false;
  async function run(): Promise<void> {
    running = true;
    while (pending.size > 0) {
      const ids = [...pending].slice(0, MAX_ANNOUNCED);
      for (const id of ids) pending.delete(id);
      await deps.announce(ids).catch((error: unknown) =>
        // Others find what was sent with their next look.
        deps.log.warn({ err: error }, 'queues with new messages were not announced to other processes'),
      );
      await deps.clock.sleep(PAUSE_MS);
    }
    running = false;
  }
  return (queueId) => {
    pending.add(queueId);
    if (!running) void run();
  };
}
