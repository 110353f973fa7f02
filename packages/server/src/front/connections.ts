import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../kernel/metrics.ts';
import { sourceOf } from '../kernel/source.ts';
import { soundAddress, trustIn } from './caller-address.ts';

/** Most connections of both doors. One that has asked for nothing yet takes some 15 KB of memory, so that all together take little. */
const MOST = 8_192;
/** What connections may take of the descriptors that the process may open: the rest is for the database, the worker, files. */
const DESCRIPTORS_SHARE = 1 / 2;
/** Of all connections for one address: three who take all they can leave room for the others. */
const ADDRESS_SHARE = 1 / 4;
/**
 * Of them, those that have not sent a whole head for {@link OPENING_MS} milliseconds; clients send it at once. To close one takes 50 µs, and who
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
const STATES = ['opening', 'idle', 'busy'] as const;
/** Nothing asked yet, no whole head, or not the rest of what was refused already; between two requests; a request in progress, or a websocket. */
type State = (typeof STATES)[number];

/** The connections from one address: see {@link sourceOf}. */
interface Group {
  readonly name: string;
  /** A trusted proxy's connections are of many callers. */
  readonly isProxy: boolean;
  readonly of: Readonly<Record<State, Set<Connection>>>;
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
  let opening = 0;
  metrics.gauges('thecloud_http_connections', 'Connections of clients, by what they are doing', ['state'], async () =>
    STATES.map((state) => ({
      labels: { state },
      value: [...groups.values()].reduce((sum, { of }) => sum + of[state].size, 0),
    })),
  );
  const closed = metrics.counters(
    'thecloud_http_connections_closed_total',
    'Connections that were closed because there were too many: of the address, of all, of those that ask for nothing, or requests sent ahead',
    'why',
  );

  const sizeOf = ({ of }: Group): number => of.opening.size + of.idle.size + of.busy.size;

  function enter(connection: Connection, state: State): void {
    if (connection.group.of[connection.state].delete(connection) && connection.state === 'opening') opening--;
    connection.state = state;
    if (state === 'opening') {
      opening++;
      connection.since = performance.now();
    }
    connection.group.of[state].add(connection);
  }

  function leave(connection: Connection): void {
    const { group } = connection;
    // It may be counted no longer: see `close`.
    if (!group.of[connection.state].delete(connection)) return;
    all--;
    if (connection.state === 'opening') opening--;
    if (sizeOf(group) === 0) groups.delete(group.name);
  }

  function close(connection: Connection, why: 'address' | 'all' | 'opening' | 'ahead'): void {
    closed(why);
    leave(connection);
    connection.ahead.length = 0;
    stopParsing(connection.socket);
    connection.socket.destroy();
  }

  /** The one of a group that is missed least: of those in the same state the oldest. */
  function leastOf(group: Group, states: readonly State[]): Connection | undefined {
    for (const state of states) for (const connection of group.of[state]) return connection;
    return undefined;
  }

  /** The group with most connections that have asked for nothing yet. */
  function mostlyOpening(): Group | undefined {
    let found: Group | undefined;
    for (const group of groups.values()) if (group.of.opening.size > (found?.of.opening.size ?? 0)) found = group;
    return found;
  }

  /** Closes two of those that ask for nothing for each newcomer, until there are few of them again. */
  function closeOpening(): void {
    for (let nth = 0; nth < 2 && opening > mostOpening; nth++) {
      const group = mostlyOpening();
      const oldest = group && leastOf(group, ['opening']);
      if (!oldest || performance.now() - oldest.since < OPENING_MS) return;
      close(oldest, 'opening');
    }
  }

  /** Whom the newcomer takes the place of: of the address with most connections, unless that is the newcomer's; else one that only opens. */
  function whomFor(newcomer: Group): Connection | undefined {
    let largest = newcomer;
    for (const group of groups.values())
      if (!group.isProxy && sizeOf(group) > sizeOf(largest) + (largest === newcomer ? 1 : 0)) largest = group;
    if (largest !== newcomer) return leastOf(largest, STATES);
    const open = mostlyOpening();
    return (open && leastOf(open, ['opening'])) ?? leastOf(newcomer, ['idle']);
  }

  function findGroup(socket: Socket): Group {
    const { remoteAddress } = socket;
    const isProxy = remoteAddress !== undefined && isTrusted?.(remoteAddress, 0) === true;
    const name = isProxy ? 'proxies' : sourceOf(soundAddress(undefined, socket));
    const found = groups.get(name);
    if (found) return found;
    const group = {
      name,
      isProxy,
      of: { opening: new Set<Connection>(), idle: new Set<Connection>(), busy: new Set<Connection>() },
    };
    groups.set(name, group);
    return group;
  }

  function admit(socket: Socket): void {
    const group = findGroup(socket);
    const connection: Connection = { socket, group, since: performance.now(), state: 'opening', ahead: [] };
    group.of.opening.add(connection);
    all++;
    opening++;
    known.set(socket, connection);
    socket.once('close', () => leave(connection));
    if (!group.isProxy && sizeOf(group) > mostOfAddress) {
      // The newcomer is the last of those that are opening.
      const [oldest] = group.of.opening;
      close(oldest === connection ? (leastOf(group, ['idle']) ?? connection) : oldest!, 'address');
    } else if (all > most) close(whomFor(group) ?? connection, 'all');
    else closeOpening();
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
