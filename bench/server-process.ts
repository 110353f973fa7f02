import { type ChildProcess, fork } from 'node:child_process';

/** A server in a process of its own, that tells its address and its CPU when asked. */
export interface Server {
  readonly process: ChildProcess;
  readonly address: string;
}

/** Starts a file of the bench with its settings; resolves when it listens. */
export function startServer(path: string, settings: object): Promise<Server> {
  const child = fork(path, [JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve({ process: child, address: (message as { address: string }).address }));
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code}`)));
  });
}

/** Microseconds of CPU so far. */
export function cpuOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.process.once('message', (message) => {
      const { user, system } = (message as { cpu: NodeJS.CpuUsage }).cpu;
      resolve(user + system);
    });
    server.process.send('cpu');
  });
}
