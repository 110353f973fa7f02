import type { Readable, Writable } from 'node:stream';

/** Everything outside that the command sees and touches, so that tests can give their own. */
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
  /** What is typed comes as it is typed, what is printed goes out as it is. Answers how to put the terminal back as it was found. */
  readonly takeTerminal: () => Promise<() => void>;
  /** Hears of a signal in place of dying of it; answers how to stop. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => () => void;
}

/** Somebody is there to answer questions. */
export const isInteractive = (world: World): boolean => world.stdin.isTTY === true && world.stderr.isTTY === true;
