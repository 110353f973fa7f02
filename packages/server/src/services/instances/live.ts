import { EngineError } from '../../kernel/engine-error.ts';
import type { LiveHandlers } from '../../kernel/live.ts';
import type { ComputeEngine } from './compute-engine.ts';

/** Newest bytes of a console log that are answered. */
const LOG_LIMIT = 128 * 1024;
/** Most bytes kept of each of stdout and stderr. */
const OUTPUT_LIMIT = 1024 * 1024;

interface ExecSpec {
  readonly instanceId: string;
  readonly command: readonly string[];
  readonly stdin?: string;
  readonly timeoutMs: number;
}

/** What only the worker may do for a caller that execute() has let through: see kernel/live.ts. */
export const createInstanceLive = (engine: ComputeEngine): LiveHandlers => ({
  async 'instances.logs'(ticket) {
    const ref = { tenantId: ticket.tenant_id, instanceId: String(ticket.spec.instanceId) };
    const log = await engine.logs(ref, LOG_LIMIT).catch((error: unknown) => {
      // An instance that was not made yet has written nothing.
      if (error instanceof EngineError && error.kind === 'not_found') return new Uint8Array();
      throw error;
    });
    return Buffer.from(log).toString('utf8');
  },

  async 'instances.exec'(ticket) {
    const spec = ticket.spec as unknown as ExecSpec;
    const result = await engine.exec(
      { tenantId: ticket.tenant_id, instanceId: spec.instanceId },
      {
        command: spec.command,
        ...(spec.stdin === undefined ? {} : { stdin: Buffer.from(spec.stdin) }),
        timeoutMs: spec.timeoutMs,
        outputLimit: OUTPUT_LIMIT,
      },
    );
    return {
      exit_code: result.exitCode,
      stdout: Buffer.from(result.stdout).toString('utf8'),
      stderr: Buffer.from(result.stderr).toString('utf8'),
      truncated: result.truncated,
      timed_out: result.timedOut,
    };
  },
});
