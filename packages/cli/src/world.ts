import type { Readable, Writable } from 'node:stream';

/** Everything that the command reads and changes outside itself; tests pass their own. */
export interface World {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  /** Emits `resize` when its window changes. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Whether standard input is a pipe or a file, and not a terminal or /dev/null. */
  readonly stdinPiped: () => boolean;
  /** Puts the terminal in raw mode. Returns a function that restores it. */
  readonly takeTerminal: () => Promise<() => void>;
  /** Handles a signal. Returns a function that removes the handler. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => () => void;
}

/** Whether a person can answer questions. */
export const isInteractive = (world: World): boolean => world.stdin.isTTY === true && world.stderr.isTTY === true;
