import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Door } from './dialects.lib.ts';
import type { Latencies, Order, Outcome, Relay, Task } from './load.lib.ts';

/** The load comes from a process of its own, so that its CPU is told apart, and its code is warm from one round to the next. */
export class Loader {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Loader> {
    const loader = new Loader(
      fork(join(import.meta.dirname, 'loader.lib.ts'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    await loader.#hear();
    return loader;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  load = (order: Order): Promise<Outcome[]> => this.#ask<Outcome[]>({ load: order });
  relay = (relay: Relay): Promise<Latencies> => this.#ask<Latencies>({ relay });
  fill = (door: Door, messages: number): Promise<void> => this.#ask<void>({ fill: door, messages });

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #ask<T>(task: Task): Promise<T> {
    const heard = this.#hear() as Promise<T>;
    this.#child.send(task);
    return heard;
  }

  #hear(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the process of the load ended with ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        const { result, error } = message as { result?: unknown; error?: string };
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
    });
  }
}
