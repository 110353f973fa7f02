import type { WebSocket } from 'ws';
import { EngineError } from '../../kernel/engine-error.ts';
import { type IncusClient, IncusError } from './incus-client.ts';
import { openSocket } from './websockets.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandWords {
  readonly command: readonly string[];
  /** The variables that the machine was made with; `env` goes before them. */
  readonly machineEnv: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Of its terminal; absent: it has none. */
  readonly size?: { readonly rows: number; readonly cols: number } | undefined;
}

/** How a command ended, and what is to be said of one that never began. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly complaint?: string;
}

/** A command that begins when its streams are connected, and is killed when the control stream closes. */
export interface IncusCommand {
  connect(channel: 'control' | '0' | '1' | '2'): { readonly socket: WebSocket; readonly opened: Promise<void> };
  ended(timeoutMs: number): Promise<CommandEnd>;
  /** Cuts its streams. */
  cut(): void;
}

export async function beginCommand(
  client: IncusClient,
  project: string,
  name: string,
  words: CommandWords,
  signal: AbortSignal | undefined,
): Promise<IncusCommand> {
  const { command, size } = words;
  const operation = await client.begin('POST', `/1.0/instances/${name}/exec`, {
    project,
    signal,
    body: {
      command,
      environment: { PATH: DEFAULT_PATH, HOME: '/root', ...words.machineEnv, ...words.env },
      'wait-for-websocket': true,
      interactive: size !== undefined,
      ...(size === undefined ? {} : { width: size.cols, height: size.rows }),
      ...(words.cwd === undefined ? {} : { cwd: words.cwd }),
    },
  });
  const secrets = operation.metadata?.['fds'] as Readonly<Record<string, string>> | undefined;
  const sockets: WebSocket[] = [];
  return {
    connect(channel) {
      const secret = secrets?.[channel];
      if (secret === undefined) throw new EngineError('failed', `Incus gave no stream ${channel} for a command`);
      const one = openSocket(client, `/1.0/operations/${operation.id}/websocket?secret=${secret}`);
      sockets.push(one.socket);
      return one;
    },
    async ended(timeoutMs) {
      try {
        const { metadata } = await client.waitFor(operation.id, timeoutMs, 'a command');
        const code = metadata?.['return'];
        if (typeof code !== 'number') throw new EngineError('failed', 'Incus gave no exit code for a command');
        return { exitCode: code };
      } catch (error) {
        const exitCode = missingCommandCode(error);
        if (exitCode === undefined) throw error;
        const why = exitCode === 127 ? 'command not found' : 'cannot be executed';
        return { exitCode, complaint: `${command[0]}: ${why}\n` };
      }
    },
    cut() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** As a shell answers: 127 where there is no such command, 126 where it is no program. */
function missingCommandCode(error: unknown): number | undefined {
  if (!(error instanceof IncusError)) return undefined;
  if (/command not found/i.test(error.message)) return 127;
  return /command not executable/i.test(error.message) ? 126 : undefined;
}
