import type { Readable, Writable } from 'node:stream';

/** Everything outside that the command sees and touches, so that tests can give their own. */
export interface World {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Whether standard input is a pipe or a file, and not a terminal or /dev/null. */
  readonly stdinPiped: () => boolean;
}

/** Somebody is there to answer questions. */
export const isInteractive = (world: World): boolean => world.stdin.isTTY === true && world.stderr.isTTY === true;
