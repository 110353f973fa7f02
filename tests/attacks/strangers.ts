/**
 * A process that opens connections as strangers do, so that it takes no time of the process that measures. Its argument is a {@link Crowd} in
 * JSON; it goes on until its parent leaves.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Crowd {
  readonly ports: readonly number[];
  /** Addresses of this host that they come from, in turn. */
  readonly addresses: readonly string[];
  /** Connections that are kept; what the platform closes is opened again. */
  readonly connections: number;
  /** Most new ones a second. */
  readonly perSecond: number;
  /** What each sends, in turn. Nothing is read. */
  readonly texts: readonly string[];
}

const { ports, addresses, connections, perSecond, texts } = JSON.parse(process.argv[2]!) as Crowd;
const sockets = new Set<Socket>();
let opened = 0;

function open(): void {
  const port = ports[opened % ports.length]!;
  const localAddress = addresses[opened % addresses.length]!;
  const text = texts[opened % texts.length]!;
  opened++;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.add(socket);
  socket.once('connect', () => socket.pause().write(text));
  socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
}

process.once('disconnect', () => process.exit());
for (;;) {
  for (let i = 0; i < perSecond / 100 && sockets.size < connections; i++) open();
  await pause(10);
}
