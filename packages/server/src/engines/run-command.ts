import { spawn } from 'node:child_process';
import { EngineError } from '../kernel/engine-error.ts';

export interface RunOptions {
  /** Written to standard input, which is closed then. */
  readonly input?: string;
  /** Milliseconds until it is killed; 15 s by default. */
  readonly timeoutMs?: number;
  /** Exit codes that are no failure; 0 by default. */
  readonly okCodes?: readonly number[];
  /** Called with each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of every program we start: no proxy, locale or Node setting of ours leaks into it. */
export const PLAIN_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
};

/** Milliseconds after which a killed program is no longer waited for: a child of its may hold its output, or the kernel keep it in a call. */
const GONE_MS = 1_000;

/** Most characters kept of each of stdout and stderr. */
const OUTPUT_LIMIT = 8 * 1024 * 1024;

/**
 * Runs a program with an argument array, never through a shell, and waits for its end.
 * Throws EngineError: `unavailable` where it cannot be started, `timeout`, or `failed` with what it said last.
 */
export function runCommand(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const what = [file, ...args].join(' ').slice(0, 300);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...PLAIN_ENVIRONMENT, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
    });
    let timedOut = false;
    const giveUp = () => reject(new EngineError('timeout', `${what} did not end within ${timeoutMs} ms`));
    let timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      timer = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        child.unref();
        giveUp();
      }, GONE_MS);
    }, timeoutMs);
    const stdout = collect(child.stdout, options.onLine);
    const stderr = collect(child.stderr, options.onLine);
    // A program that ends without reading its input closes the pipe; its exit code tells the story.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new EngineError('unavailable', `cannot run ${what}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const result = { code: code ?? -1, stdout: stdout(), stderr: stderr() };
      if (timedOut) giveUp();
      else if ((options.okCodes ?? [0]).includes(result.code)) resolve(result);
      else {
        const said = (result.stderr.trim() || result.stdout.trim()).slice(-600);
        reject(new EngineError('failed', `${what} ended with ${signal ?? result.code}: ${said}`));
      }
    });
  });
}

function collect(stream: NodeJS.ReadableStream, onLine: ((line: string) => void) | undefined): () => string {
  let text = '';
  let open = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < OUTPUT_LIMIT) text += chunk;
    if (onLine === undefined) return;
    const lines = (open + chunk).split(/[\r\n]/);
    open = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
  return () => text;
}

/** Runs a program inside a network namespace. `ip netns exec` remounts /sys and hides cgroups, so nsenter it is. */
export function runInNamespace(
  namespace: string,
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runCommand('nsenter', [`--net=/run/netns/${namespace}`, '--', file, ...args], options);
}

/**
 * Runs a program that mounts and starts others in namespaces of mounts and processes of its own: however it ends, or this process does, no
 * mount and no process of it stays. The kernel ends `unshare` with the thread that started it, and `unshare` its child.
 */
export function runContained(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation=private'];
  return runCommand('setpriv', ['--pdeathsig=KILL', '--', ...namespaces, '--', file, ...args], options);
}
