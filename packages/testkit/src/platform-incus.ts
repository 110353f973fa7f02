import { request } from 'node:http';

/** An instance as Incus itself tells it. */
export interface Machine {
  readonly name: string;
  readonly project: string;
  /** Running, Stopped, … */
  readonly status: string;
  readonly config: Readonly<Record<string, string>>;
}

/** The platform's own Incus, asked and told behind the platform's back. */
export interface IncusBackdoor {
  machines(): Promise<readonly Machine[]>;
  /** The machine of an instance. */
  machineOf(instanceId: string): Promise<Machine | undefined>;
  /** The host's pid of a machine's first process; 0 where it does not run. */
  initOf(machine: Machine): Promise<number>;
  start(machine: Machine): Promise<void>;
  /** By force. */
  stop(machine: Machine): Promise<void>;
  remove(machine: Machine): Promise<void>;
  /** Names of the containers' volumes in all pools. */
  volumes(): Promise<readonly string[]>;
}

const CALL_MS = 30_000;
/** Where the platform writes whose machine it is. */
const MARK = 'user.thecloud.instance';

export function openIncusBackdoor(dataDir: string): IncusBackdoor {
  const socketPath = `${dataDir}/incus/unix.socket`;
  const at = (machine: Machine, rest = '') => `/1.0/instances/${machine.name}${rest}?project=${machine.project}`;
  const machines = () => call<Machine[]>(socketPath, 'GET', '/1.0/instances?recursion=1&all-projects=true');
  return {
    machines,
    async machineOf(instanceId) {
      return (await machines()).find((machine) => machine.config[MARK] === instanceId);
    },
    async initOf(machine) {
      const state = await call<{ pid: number }>(socketPath, 'GET', at(machine, '/state'));
      return state.pid;
    },
    start: (machine) => run(socketPath, 'PUT', at(machine, '/state'), { action: 'start', timeout: 20 }),
    stop: (machine) => run(socketPath, 'PUT', at(machine, '/state'), { action: 'stop', force: true, timeout: 20 }),
    remove: (machine) => run(socketPath, 'DELETE', at(machine)),
    async volumes() {
      const pools = await call<string[]>(socketPath, 'GET', '/1.0/storage-pools');
      const found = await Promise.all(
        pools.map((pool) =>
          call<{ name: string }[]>(socketPath, 'GET', `${pool}/volumes/container?recursion=1&all-projects=true`),
        ),
      );
      return found.flat().map((volume) => volume.name);
    },
  };
}

/** Starts an operation and waits for its end. */
async function run(socketPath: string, method: string, path: string, body?: object): Promise<void> {
  const { id } = await call<{ id: string }>(socketPath, method, path, body);
  const ended = await call<{ err: string; status: string }>(
    socketPath,
    'GET',
    `/1.0/operations/${id}/wait?timeout=${CALL_MS / 1000}`,
  );
  if (ended.status !== 'Success') throw new Error(`Incus: ${method} ${path}: ${ended.status} ${ended.err}`);
}

function call<T>(socketPath: string, method: string, path: string, body?: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, timeout: CALL_MS + 5_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        const { metadata, error, error_code: code } = JSON.parse(text) as Record<string, unknown>;
        if (typeof code === 'number' && code >= 400)
          reject(new Error(`Incus: ${method} ${path}: ${code} ${String(error)}`));
        else resolve(metadata as T);
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`Incus: ${method} ${path}: no answer`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
