import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { run } from '../run.ts';
import type { Verb } from '../table/verb.ts';
import { VERBS } from '../table/verbs.ts';
import type { World } from '../world.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Piped in. */
  readonly stdin?: string | Uint8Array;
  /** Typed at a terminal, a line a question. Without it there is no terminal. */
  readonly typed?: readonly string[];
  readonly verbs?: readonly Verb[];
}

export interface TestShell {
  readonly homeDir: string;
  /** Runs `cloud` with these words. */
  cloud(argv: readonly string[], options?: RunOptions): Promise<Ended>;
  remove(): void;
}

/** A home of its own in which the command runs, in this process. */
export function openShell(env: Readonly<Record<string, string>> = {}): TestShell {
  const homeDir = mkdtempSync(join(tmpdir(), 'thecloud-cli-'));
  return {
    homeDir,
    async cloud(argv, options = {}) {
      const stdout = collect(options.typed !== undefined);
      const stderr = collect(options.typed !== undefined);
      const stdin = Object.assign(new PassThrough(), {
        isTTY: options.typed !== undefined,
        setRawMode: () => undefined,
      });
      if (options.typed === undefined) stdin.end(options.stdin ?? '');
      else answerQuestions(stdin, stderr, options.typed);
      const world: World = {
        argv,
        env: { ...env, ...options.env },
        homeDir,
        stdin,
        stdout,
        stderr,
        stdinPiped: () => options.stdin !== undefined,
        takeTerminal: async () => () => undefined,
        onSignal: () => () => undefined,
      };
      const code = await run(world, options.verbs ?? VERBS);
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
    remove: () => rmSync(homeDir, { recursive: true, force: true }),
  };
}

type Collected = Writable & { readonly isTTY: boolean; text(): string };

function collect(isTTY: boolean): Collected {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      stream.emit('wrote', text);
      done();
    },
  });
  return Object.assign(stream, { isTTY, text: () => text });
}

/** Types the next line whenever a question stands there. */
function answerQuestions(stdin: PassThrough, stderr: Writable, lines: readonly string[]): void {
  const left = [...lines];
  let asked = 0;
  stderr.on('wrote', (text: string) => {
    // oxlint-disable-next-line no-control-regex -- a terminal's escape may follow the question
    const questions = text.split(/(?:: |\] )(?=$|\r|\n|\u001b)/).length - 1;
    if (questions <= asked) return;
    asked = questions;
    const next = left.shift();
    if (next !== undefined) setImmediate(() => stdin.write(`${next}\r`));
  });
}
