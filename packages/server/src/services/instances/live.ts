import { setTimeout as sleep } from 'node:timers/promises';
import { abortable } from '../../kernel/abortable.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import type { LiveHandlers } from '../../kernel/live.ts';
import type { Ticket } from '../../kernel/ticket.ts';
import type { ComputeEngine, ExecResult, MachineRef, Terminal } from './compute-engine.ts';
import { instanceNotRunning } from './errors.ts';
import { createOutputPaces, paced } from './output-pace.ts';
import { createStatsReader } from './stats.ts';
import { firstCommand, talk } from './terminal.ts';

/** Newest bytes of a console log that are answered. */
const LOG_LIMIT = 128 * 1024;
/** Most bytes kept of each of stdout and stderr. */
const OUTPUT_LIMIT = 1024 * 1024;
/** Milliseconds between two looks for a machine that is not made yet. */
const LOOK_MS = 500;

/** What the handlers write into a ticket: see handlers.ts. */
export interface LogsSpec {
  readonly follow: boolean;
}

export interface StatsSpec {
  /** For the words of a refusal. */
  readonly name: string;
}

export interface ExecSpec {
  readonly command: readonly string[];
  /** Base64. */
  readonly stdin?: string;
  readonly timeoutMs: number;
}

export interface TerminalSpec {
  /** Absent: the first message has it. */
  readonly command?: readonly string[];
  readonly term: string;
  /** Absent: no terminal. */
  readonly size?: { readonly rows: number; readonly cols: number };
}

const specOf = <Spec>(ticket: Ticket): Spec => ticket.spec as unknown as Spec;

/** What only the worker may do for a caller that execute() has let through: see kernel/live.ts. */
export const createInstanceLive = (engine: ComputeEngine, clock: Clock = systemClock): LiveHandlers => {
  const stats = createStatsReader(engine, clock);
  const paceOf = createOutputPaces(clock);
  const refOf = ({ tenant_id: tenantId, target_id: instanceId }: Ticket): MachineRef => ({
    tenantId,
    instanceId: instanceId!,
  });

  /** Waits for an instance that was not made yet. That it never will be is seen by the API, which ends the call. */
  async function* followLater(ref: MachineRef, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    while (!signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      const chunks = await engine.followLogs(ref, LOG_LIMIT, signal).catch(ignoreMissing);
      if (chunks) return yield* chunks;
    }
  }

  return {
    'instances.logs': {
      async stream(ticket, signal) {
        const ref = refOf(ticket);
        if (!specOf<LogsSpec>(ticket).follow) {
          return oneOf(await engine.logs(ref, LOG_LIMIT, signal).catch(ignoreMissing));
        }
        const chunks = await engine.followLogs(ref, LOG_LIMIT, signal).catch(ignoreMissing);
        return paced(chunks ?? followLater(ref, signal), (bytes) => bytes.length, paceOf(ref.tenantId), signal);
      },
    },

    'instances.stats': {
      async read(ticket, signal) {
        const found = await abortable(signal, stats.read(refOf(ticket)));
        // Its process has ended since the status was read, and the platform restarts it.
        if (!found) throw instanceNotRunning(specOf<StatsSpec>(ticket).name, 'not running at the moment');
        return found;
      },
    },

    async 'instances.exec'(ticket, signal) {
      const { command, stdin, timeoutMs } = specOf<ExecSpec>(ticket);
      const result = await engine.exec(
        refOf(ticket),
        {
          command,
          ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin, 'base64') }),
          timeoutMs,
          outputLimit: OUTPUT_LIMIT,
          pace: (bytes) => paceOf(ticket.tenant_id)(bytes, signal),
        },
        signal,
      );
      return {
        exit_code: result.exitCode,
        ...toText(result),
        truncated: result.truncated,
        timed_out: result.timedOut,
      };
    },

    'instances.terminal': {
      async socket(ticket, signal) {
        const { command: given, term, size } = specOf<TerminalSpec>(ticket);
        const pace = paceOf(ticket.tenant_id);
        const open = async (command: readonly string[]): Promise<Terminal> => {
          const request = { command, ...(size ? { size, term } : {}) };
          const terminal = await engine.openTerminal(refOf(ticket), request, signal);
          return {
            ...terminal,
            output: paced(terminal.output, ({ bytes }) => bytes.length, pace, signal),
            async write(bytes) {
              await terminal.write(bytes);
              await pace(bytes.length, signal);
            },
          };
        };
        if (given) {
          const terminal = await open(given);
          return (peer) => talk(terminal, peer);
        }
        return async ({ messages, send }) => {
          const iterator = messages[Symbol.asyncIterator]();
          const terminal = await open(await firstCommand(iterator));
          await talk(terminal, { send, messages: { [Symbol.asyncIterator]: () => iterator } });
        };
      },
    },
  };
};

/** Both outputs as text where they are text, else both in base64. */
function toText({ stdout, stderr, truncated }: ExecResult): { stdout: string; stderr: string; encoding: string } {
  // Only one of them may be cut: what ends the other in the middle of a character is its own.
  const [out, err] = [stdout, stderr].map((bytes) => readText(bytes, truncated && bytes.length >= OUTPUT_LIMIT));
  if (out !== undefined && err !== undefined) return { stdout: out, stderr: err, encoding: 'utf-8' };
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { stdout: base64(stdout), stderr: base64(stderr), encoding: 'base64' };
}

/** Undefined where it is not UTF-8. A character that the limit cut through is left out. */
function readText(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof EngineError && error.kind === 'not_found') return undefined;
  throw error;
}

async function* oneOf(chunk: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (chunk && chunk.length > 0) yield chunk;
}
