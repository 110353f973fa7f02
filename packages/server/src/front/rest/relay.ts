import { WebSocket } from 'ws';
import type { Clock } from '../../kernel/clock.ts';
import { CloudError, invalidInput, requestTimedOut } from '../../kernel/errors.ts';
import { closeOf, closeSocket, type Message, messagesOf, sendMessage } from '../../kernel/web-socket.ts';
import { closeCodeOf, errorMessage } from '../../live/talk.ts';
import type { LongCall } from './long-calls.ts';

export type RelayClock = Pick<Clock, 'monotonic' | 'sleep'>;

/** Between two pings; who has not answered the one before is gone. */
const PING_MS = 15_000;
/** A socket that neither side says anything over for this long is ended: somebody forgot it, and it holds one of the places. */
const IDLE_MS = 60 * 60_000;

/** The worker's end. */
interface Worker {
  readonly socket: WebSocket;
  readonly messages: AsyncIterable<Message>;
}

/**
 * Passes messages on, both ways, until one side closes or the call is over. Each direction holds one message and reads the next when that
 * is on its way, so a slow reader slows the writer down.
 */
export async function relay(
  client: WebSocket,
  worker: Worker,
  call: LongCall,
  clock: RelayClock,
  check: (message: unknown) => unknown,
): Promise<void> {
  const messages = messagesOf(client);
  let heardAt = clock.monotonic();
  const workerEnd = new Promise<{ readonly code: number; readonly reason: string }>((resolve) => {
    worker.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }));
  });
  const forward = async (
    from: AsyncIterable<Message>,
    to: WebSocket,
    read = (message: Message): Message => message,
  ) => {
    for await (const message of from) {
      heardAt = clock.monotonic();
      await sendMessage(to, read(message));
    }
  };
  const checked = (message: Message): Message => (typeof message === 'string' ? readText(message, check) : message);

  const onOver = () => {
    const { reason } = call.signal;
    if (reason instanceof CloudError) fail(client, reason);
    else client.terminate();
  };
  if (call.signal.aborted) onOver();
  call.signal.addEventListener('abort', onOver);
  void closeOf(client).then(() => call.end(new Error('the client left')));
  forward(messages, worker.socket, checked).catch((error: unknown) => {
    // Else the worker has closed, and says why below.
    if (error instanceof CloudError) call.end(error);
  });
  const watching = watch(client, clock, call, () => clock.monotonic() - heardAt);
  await forward(worker.messages, client).catch(() => undefined);
  const { code, reason } = await workerEnd;
  if (call.signal.aborted) return watching;
  if (code === 1006) fail(client, new CloudError('ENGINE_UNAVAILABLE', 503, 'the worker stopped; try again', 5));
  else closeSocket(client, code, reason);
  return watching;
}

function fail(client: WebSocket, error: CloudError): void {
  if (client.readyState !== WebSocket.OPEN) return;
  client.send(errorMessage(error), () => undefined);
  closeSocket(client, closeCodeOf(error), `${error.code}: ${error.message}`);
}

/** What a client says is read here, in the process that has no rights; the worker gets what was understood. */
function readText(text: string, check: (message: unknown) => unknown): string {
  try {
    return JSON.stringify(check(JSON.parse(text)));
  } catch (error) {
    throw error instanceof CloudError ? error : invalidInput('a text message must be JSON, not nested deeply');
  }
}

/** Ends a call whose client is no longer there or has nothing to say. */
async function watch(client: WebSocket, clock: RelayClock, call: LongCall, silentMs: () => number): Promise<void> {
  let isThere = true;
  const onSign = () => {
    isThere = true;
  };
  client.on('pong', onSign);
  client.on('message', onSign);
  while (client.readyState === WebSocket.OPEN) {
    // What is not read, because the command reads nothing, is no sign of absence; a ping to a machine that is gone ends the connection.
    if (!isThere && !client.isPaused) return call.end(new Error('the client does not answer'));
    if (silentMs() >= IDLE_MS)
      return call.end(requestTimedOut(`the connection was idle for ${IDLE_MS / 60_000} minutes; connect again`));
    isThere = false;
    client.ping(undefined, undefined, () => undefined);
    await clock.sleep(PING_MS, call.signal).catch(() => undefined);
  }
}
