import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../kernel/metrics.ts';
import { networkOf, sourceOf } from '../kernel/source.ts';
import { soundAddress, trustIn } from './caller-address.ts';
import { Crowd, Line } from './crowd.ts';

/** Most connections of both doors. One that has asked for nothing yet takes some 15 KB of memory, so that all together take little. */
const MOST = 8_192;
/** What connections may take of the descriptors that the process may open: the rest is for the database, the worker, files. */
const DESCRIPTORS_SHARE = 1 / 2;
/** Of all connections for one address: three who take all they can leave room for the others. */
const ADDRESS_SHARE = 1 / 4;
/**
 * Of all connections, and of those that wait, for the trusted proxies: so many they have whatever others do, and more if others do not. Whom they come
 * from is known only when the head is there.
 */
const PROXY_SHARE = 1 / 2;
/**
 * Of all, those that have not sent a whole head for {@link OPENING_MS} milliseconds; clients send it at once. To close one takes 50 µs, and who
 * leaves with thousands at once has them all closed before anybody else is served.
 */
const MOST_OPENING = 512;
const OPENING_MS = 100;
/**
 * Requests of one connection that wait for the answer before them. Browsers, SDKs and proxies send none ahead; programs that measure do. Each
 * takes memory, so a connection that sends more is closed.
 */
const MOST_AHEAD = 16;

/** What the peer of a connection is doing. In this order they have to go when there are too many. */
const STATES = ['waiting', 'opening', 'idle', 'busy'] as const;
/**
 * As opening, for longer than {@link OPENING_MS}; nothing asked yet, no whole head, or not the rest of what was refused already; between two requests;
 * a request in progress, or a websocket.
 */
type State = (typeof STATES)[number];

/** The name of the group of all trusted proxies' connections. */
const PROXIES = 'proxies';

/** The connections from one address: see {@link sourceOf}. */
interface Group {
  readonly name: string;
  /** See {@link networkOf}. */
  readonly network: string;
  /** A trusted proxy's connections are of many callers. */
  readonly isProxy: boolean;
  /** Each in the order in which they came to it. */
  readonly of: Readonly<Record<State, Line<Connection>>>;
}

interface Connection {
  readonly socket: Socket;
  readonly group: Group;
  /** Since when it is opening, in milliseconds of `performance.now()`. */
  since: number;
  state: State;
  /** What begins the next requests, which came before it was their turn. */
  readonly ahead: (() => void)[];
}

/** The connections of all doors. */
export interface Connections {
  /** Counts the connections of a server, and closes some if there are too many. */
  guard(server: Server): void;
  /** A listener that hears of one request a connection at a time: of the next one when the answer has gone. */
  inTurn(listener: RequestListener): RequestListener;
  /** Takes the connection of a request that is to be a websocket. False while another request is in progress there. */
  takeOver(socket: Socket): boolean;
}

export interface ConnectionsOptions {
  readonly metrics: Pick<Metrics, 'gauges' | 'counters'>;
  /** Addresses and networks of proxies, whose connections are of many callers. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Default: see {@link mostConnections}. */
  readonly most?: number | undefined;
  readonly mostOpening?: number;
}

/** How many connections the process may have: less than it may open files. */
export function mostConnections(): number {
  // Linux. Node has raised the soft limit to the hard one by then.
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readLimits())?.[1] ?? 1024);
  return Math.min(MOST, Math.floor(limit * DESCRIPTORS_SHARE));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Ends the parsing of what was read already. Node would go on to the end of the chunk, a thousand requests of 64 KiB, though the socket is
 * destroyed; -1 is an error to its parser.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming: () => number } | null };
  if (parser) parser.onIncoming = () => -1;
}

export function createConnections({
  metrics,
  trustedProxies = [],
  most = mostConnections(),
  mostOpening = MOST_OPENING,
}: ConnectionsOptions): Connections {
  const isTrusted = trustIn(trustedProxies);
  const groups = new Map<string, Group>();
  const known = new WeakMap<Socket, Connection>();
  const mostOfAddress = Math.max(1, Math.floor(most * ADDRESS_SHARE));
  let all = 0;
  /** Those in the state `opening`. */
  const opening = new Line<Connection>();
  /** Those that wait, and all; trusted proxies' are in neither. */
  const waiting = new Crowd<Group>();
  const present = new Crowd<Group>();
  let proxied = 0;
  let proxiedWaiting = 0;
  metrics.gauges('thecloud_http_connections', 'Connections of clients, by what they are doing', ['state'], async () => {
    beginToWait();
    return STATES.map((state) => ({
      labels: { state },
      value: [...groups.values()].reduce((sum, { of }) => sum + of[state].size, 0),
    }));
  });
  const closed = metrics.counters(
    'thecloud_http_connections_closed_total',
    'Connections that were closed because there were too many: of the address, of all, of those that ask for nothing, or requests sent ahead',
    'why',
  );

  const sizeOf = ({ of }: Group): number => of.waiting.size + of.opening.size + of.idle.size + of.busy.size;

  function count(group: Group, by: 1 | -1): void {
    all += by;
    if (group.isProxy) proxied += by;
    else present.change(group, by);
  }

  function countWaiting(group: Group, by: 1 | -1): void {
    if (group.isProxy) proxiedWaiting += by;
    else waiting.change(group, by);
  }

  /** False: it was in no state any longer, see `close`. */
  function take(connection: Connection): boolean {
    const { group, state } = connection;
    if (!group.of[state].delete(connection)) return false;
    if (state === 'opening') opening.delete(connection);
    if (state === 'waiting') countWaiting(group, -1);
    return true;
  }

  function put(connection: Connection, state: State): void {
    connection.state = state;
    connection.group.of[state].add(connection);
    if (state === 'waiting') countWaiting(connection.group, 1);
    if (state !== 'opening') return;
    opening.add(connection);
    connection.since = performance.now();
  }

  function enter(connection: Connection, state: State): void {
    if (take(connection)) put(connection, state);
  }

  function leave(connection: Connection): void {
    const { group } = connection;
    if (!take(connection)) return;
    count(group, -1);
    if (sizeOf(group) === 0) groups.delete(group.name);
  }

  function close(connection: Connection, why: 'address' | 'all' | 'opening' | 'ahead'): void {
    closed(why);
    leave(connection);
    connection.ahead.length = 0;
    stopParsing(connection.socket);
    connection.socket.destroy();
  }

  /**
   * The one of a group that is missed least. Of those that are idle, the one that is so for longest. Of others the newest: one that was there before a
   * flood outlasts it.
   */
  function leastOf({ of }: Group): Connection | undefined {
    return of.waiting.last ?? of.opening.last ?? of.idle.first ?? of.busy.last;
  }

  /** The same of a network: of the address that has most there. Where many have as many, of one that waits. */
  function leastIn(network: string): Connection | undefined {
    const largest = present.mostIn(network)!;
    const slow = waiting.mostIn(network);
    return leastOf(slow && sizeOf(slow) + 1 >= sizeOf(largest) ? slow : largest);
  }

  /** The newest that waits, of the network with most of them; of the proxies, if those have more than their share and others do not have the rest. */
  function leastWaiting(): Connection | undefined {
    const share = mostOpening * PROXY_SHARE;
    if (proxiedWaiting > share && waiting.size <= mostOpening - share) return groups.get(PROXIES)!.of.waiting.last;
    return waiting.widest === undefined ? undefined : waiting.mostIn(waiting.widest)!.of.waiting.last;
  }

  /** Closes two of those that wait for each newcomer, until there are few of them again. */
  function closeWaiting(): void {
    for (let nth = 0; nth < 2 && waiting.size + proxiedWaiting > mostOpening; nth++) close(leastWaiting()!, 'opening');
  }

  /** Those that have been opening for long begin to wait. */
  function beginToWait(): void {
    const until = performance.now() - OPENING_MS;
    for (let { first } = opening; first && first.since <= until; { first } = opening) enter(first, 'waiting');
  }

  /**
   * Whom the newcomer takes the place of: of the network with most connections, unless that is the newcomer's; then of the address there that has most;
   * else one that waits, or that the newcomer's address does not use.
   */
  function whomFor(newcomer: Group): Connection | undefined {
    const { widest } = present;
    const own = newcomer.isProxy ? proxied : present.ofNetwork(newcomer.network);
    const hasShare = newcomer.isProxy && proxied <= most * PROXY_SHARE;
    if (widest !== undefined && widest !== newcomer.network && (hasShare || present.ofNetwork(widest) > own + 1))
      return leastIn(widest);
    const beside = present.mostIn(newcomer.network);
    if (beside && sizeOf(beside) > sizeOf(newcomer) + 1) return leastIn(newcomer.network);
    return leastWaiting() ?? newcomer.of.waiting.last ?? newcomer.of.idle.first;
  }

  function findGroup(socket: Socket): Group {
    const { remoteAddress } = socket;
    const isProxy = remoteAddress !== undefined && isTrusted?.(remoteAddress, 0) === true;
    const address = soundAddress(undefined, socket);
    const name = isProxy ? PROXIES : sourceOf(address);
    const found = groups.get(name);
    if (found) return found;
    const line = () => new Line<Connection>();
    const of = { waiting: line(), opening: line(), idle: line(), busy: line() };
    const group = { name, network: isProxy ? PROXIES : networkOf(address), isProxy, of };
    groups.set(name, group);
    return group;
  }

  function admit(socket: Socket): void {
    const group = findGroup(socket);
    const connection: Connection = { socket, group, since: 0, state: 'opening', ahead: [] };
    put(connection, 'opening');
    count(group, 1);
    beginToWait();
    known.set(socket, connection);
    socket.once('close', () => leave(connection));
    if (!group.isProxy && sizeOf(group) > mostOfAddress) {
      // The newcomer is the last of those that are opening. Of one address, the others are of the same client or its like.
      const { first } = group.of.opening;
      close(group.of.waiting.first ?? (first === connection ? (group.of.idle.first ?? first) : first!), 'address');
    } else if (all > most) close(whomFor(group) ?? connection, 'all');
    else closeWaiting();
  }

  function begin(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    listener: RequestListener,
  ) {
    enter(connection, 'busy');
    response.once('close', () => {
      const { socket, ahead } = connection;
      // What was sent after the last answer of a connection is not done (RFC 9112, 9.6).
      if (socket.destroyed || !socket.writable) ahead.length = 0;
      const next = ahead.shift();
      if (next) next();
      else if (!socket.destroyed) enter(connection, request.complete ? 'idle' : 'opening');
    });
    listener(request, response);
  }

  return {
    guard: (server) => void server.on('connection', admit),
    inTurn: (listener) => (request, response) => {
      const { socket } = request;
      const connection = known.get(socket);
      if (!connection) return listener(request, response);
      if (socket.destroyed) return;
      if (connection.state !== 'busy') return begin(connection, request, response, listener);
      if (connection.ahead.length >= MOST_AHEAD) return close(connection, 'ahead');
      connection.ahead.push(() => begin(connection, request, response, listener));
    },
    takeOver(socket) {
      const connection = known.get(socket);
      if (!connection) return true;
      if (connection.state === 'busy') return false;
      enter(connection, 'busy');
      return true;
    },
  };
}
