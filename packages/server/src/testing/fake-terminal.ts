import { EngineError } from '../kernel/engine-error.ts';
import type { Terminal, TerminalOutput, TerminalRequest, TerminalSize } from '../services/instances/compute-engine.ts';

/** Bytes of input that a command can get without reading: the kernel's pipe. */
const PIPE = 64 * 1024;
const SIGNALS = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, TERM: 15, USR1: 10, USR2: 12, STOP: 19, CONT: 18 } as const;

/** A command in memory, and how its machine ends it. */
export interface FakeTerminal {
  readonly terminal: Terminal;
  readonly ended: Promise<void>;
  kill(): void;
}

/**
 * The few commands that the contract talks with: cat, yes, sleep, and a `sh` that takes its lines from standard input and knows `echo`,
 * `stty size`, `sleep` and `exit`.
 */
export function openFakeTerminal({ command, size }: TerminalRequest, signal: AbortSignal): FakeTerminal {
  const [program = ''] = command;
  const held: TerminalOutput[] = [];
  let now: TerminalSize | undefined = size;
  let typed = '';
  let sleeping: NodeJS.Timeout | undefined;
  let room = PIPE;
  let exitCode: number | undefined;
  let wake: () => void = () => undefined;
  const { promise: ended, resolve: setEnded } = Promise.withResolvers<void>();

  const closed = new Set<TerminalOutput['from']>();

  const print = (text: string, from: TerminalOutput['from'] = 'stdout') => {
    if (closed.has(from)) return;
    held.push({ from: size ? 'stdout' : from, bytes: Buffer.from(size ? text.replaceAll('\n', '\r\n') : text) });
    wake();
  };
  const end = (code: number) => {
    exitCode ??= code;
    clearTimeout(sleeping);
    setEnded();
    wake();
  };
  const sleep = (seconds: string | undefined, then: () => void) => {
    sleeping = setTimeout(() => {
      sleeping = undefined;
      then();
    }, Number(seconds) * 1000);
  };
  const runLine = (line: string) => {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'echo') print(`${rest.join(' ')}\n`);
    else if (word === 'stty') print(now ? `${now.rows} ${now.cols}\n` : 'not a tty\n', now ? 'stdout' : 'stderr');
    else if (word === 'sleep') sleep(rest[0], runLines);
    else if (word === 'exit') end(Number(rest[0] ?? 0));
    else if (word) print(`sh: ${word}: not found\n`, 'stderr');
  };
  const runLines = () => {
    for (let cut = typed.indexOf('\n'); cut >= 0 && !sleeping && exitCode === undefined; cut = typed.indexOf('\n')) {
      const line = typed.slice(0, cut);
      typed = typed.slice(cut + 1);
      runLine(line);
    }
  };
  const interrupt = () => {
    if (program !== 'sh') return end(130);
    clearTimeout(sleeping);
    sleeping = undefined;
    typed = '';
    print('^C\n');
  };
  const takeBytes = (bytes: Uint8Array) => {
    if (!size && program === 'cat' && !closed.has('stdout')) {
      held.push({ from: 'stdout', bytes: Buffer.from(bytes) });
      return wake();
    }
    const text = Buffer.from(bytes).toString();
    if (!size) return take(text);
    // What a terminal takes for itself, and what it shows.
    // oxlint-disable-next-line no-control-regex -- Ctrl-C and Ctrl-D are such
    for (const part of text.replaceAll('\r', '\n').split(/(\u0003|\u0004)/u)) {
      if (part === '\u0003') interrupt();
      else if (part === '\u0004') end(0);
      else if (part) {
        print(part);
        take(part);
      }
    }
  };
  const take = (text: string) => {
    if (program === 'cat') print(text);
    if (program !== 'sh') return;
    typed += text;
    runLines();
  };
  const refuseEnded = () => {
    if (exitCode !== undefined) throw new EngineError('failed', 'the command has ended');
  };

  if (program === 'sleep') sleep(command[1], () => end(0));
  else if (!['cat', 'yes', 'sh'].includes(program)) {
    print(`${program}: command not found\n`, 'stderr');
    end(127);
  }
  const abort = () => end(129);
  signal.addEventListener('abort', abort, { once: true });
  void ended.then(() => signal.removeEventListener('abort', abort));

  async function* output(): AsyncGenerator<TerminalOutput, void, undefined> {
    for (;;) {
      signal.throwIfAborted();
      const next = held.shift();
      if (next) yield next;
      else if (exitCode !== undefined) return;
      else if (program === 'yes') {
        yield { from: 'stdout', bytes: Buffer.alloc(64 * 1024, 'y\n') };
        await new Promise((resolve) => setImmediate(resolve));
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    ended,
    kill: () => end(137),
    terminal: {
      output: output(),
      async exitCode() {
        await ended;
        return exitCode!;
      },
      async write(bytes) {
        refuseEnded();
        takeBytes(bytes);
        if (program === 'cat' || program === 'sh' || size) return;
        room -= bytes.length;
        if (room < 0) await ended.then(refuseEnded);
      },
      async closeInput() {
        refuseEnded();
        if (size) return takeBytes(Uint8Array.of(4));
        if (program !== 'cat' && program !== 'sh') return;
        runLines();
        end(0);
      },
      async closeOutput(from) {
        closed.add(from);
        // SIGPIPE: it only writes.
        if (program === 'yes' && from === 'stdout') end(141);
      },
      async resize(wanted) {
        refuseEnded();
        now = wanted;
      },
      async signal(word) {
        refuseEnded();
        if (word !== 'CONT' && word !== 'STOP') end(128 + SIGNALS[word]);
      },
    },
  };
}
