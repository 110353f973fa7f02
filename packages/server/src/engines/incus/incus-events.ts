import { closeOf } from '../../kernel/web-socket.ts';
import type { IncusClient } from './incus-client.ts';
import { openSocket } from './websockets.ts';

interface LifecycleEvent {
  readonly type: string;
  readonly metadata?: { readonly action?: string; readonly source?: string };
}

const POWER_ACTIONS = new Set([
  'instance-started',
  'instance-stopped',
  'instance-shutdown',
  'instance-restarted',
  'instance-paused',
  'instance-resumed',
  'instance-created',
  'instance-deleted',
]);

/** Calls back with the name of each instance whose power state changed, or that came or went. Resolves when the stream ended. */
export async function watchInstances(
  client: IncusClient,
  onChange: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { socket, opened } = openSocket(client, '/1.0/events?type=lifecycle&all-projects=true');
  socket.on('message', (data) => {
    const name = instanceOf((data as Buffer).toString('utf8'));
    if (name !== undefined) onChange(name);
  });
  await opened;
  const close = (): void => socket.terminate();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  await closeOf(socket);
  signal.removeEventListener('abort', close);
}

/** The instance that a lifecycle event is about; undefined for all others. */
export function instanceOf(text: string): string | undefined {
  const event = JSON.parse(text) as LifecycleEvent;
  if (event.type !== 'lifecycle' || !POWER_ACTIONS.has(event.metadata?.action ?? '')) return undefined;
  return /^\/1\.0\/instances\/([^/?]+)/.exec(event.metadata?.source ?? '')?.[1];
}
