import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { type Message, messagesOf } from '../kernel/web-socket.ts';

/** What came of asking for a websocket. */
export interface Opened {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Of a refusal. */
  readonly text: string;
  /** Of what was let through. */
  readonly socket: WebSocket | undefined;
  readonly messages: AsyncIterable<Message>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Asks for a websocket, as a client of ours does. */
export function openTestSocket(
  url: string,
  headers: Readonly<Record<string, string>>,
  protocols: readonly string[] = [],
): Promise<Opened> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], {
    headers: { ...headers },
    perMessageDeflate: false,
  });
  const messages = messagesOf(socket);
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('upgrade', (answered) => {
      const { headers: said } = answered;
      socket.once('open', () => resolve({ status: 101, headers: said, text: '', socket, messages, closed }));
    });
    socket.once('unexpected-response', (asked, answered) => {
      let text = '';
      answered.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answered.once('end', () => {
        resolve({ status: answered.statusCode!, headers: answered.headers, text, socket: undefined, messages, closed });
        asked.destroy();
      });
    });
  });
}
