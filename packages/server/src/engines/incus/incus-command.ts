import type { WebSocket } from 'ws';
import { EngineError } from '../../kernel/engine-error.ts';
import { newSecret } from '../../kernel/ids.ts';
import { COMMAND_MARK, killCommand } from './command-processes.ts';
import { explainFailure, sizeOf, SUSPECT_CODES } from './failed-command.ts';
import { commandWithVariables } from './guest-init.ts';
import { type IncusClient, IncusError } from './incus-client.ts';
import { openSocket } from './websockets.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A running machine, as its commands are begun. */
export interface CommandPlace {
  readonly client: IncusClient;
  readonly project: string;
  /** Incus' name of the machine. */
  readonly name: string;
  /** The file with the machine's variables, if it has any. */
  readonly variables: string | undefined;
  /** LXC's log of the machine. */
  readonly logFile: string;
}

export interface CommandWords {
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  /** Kind of its terminal. */
  readonly term?: string | undefined;
  /** Of its terminal; absent: it has none. */
  readonly size?: { readonly rows: number; readonly cols: number } | undefined;
}

/** How a command ended, and what is to be said of one that never began. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly complaint?: string;
}

/** A command that begins when its streams are connected. */
export interface IncusCommand {
  connect(channel: 'control' | '0' | '1' | '2'): { readonly socket: WebSocket; readonly opened: Promise<void> };
  ended(timeoutMs: number): Promise<CommandEnd>;
  /** Kills it and all that it started: nothing of it runs when this resolves. */
  kill(): Promise<void>;
  /** Cuts its streams. */
  cut(): void;
}

/** Milliseconds for Incus to say that a killed command has ended. */
const KILLED_MS = 3_000;

export async function beginCommand(
  place: CommandPlace,
  words: CommandWords,
  signal: AbortSignal | undefined,
): Promise<IncusCommand> {
  const { client, project, name } = place;
  const { command, size, term } = words;
  const id = newSecret(12);
  // Everybody on the host reads them in the arguments of Incus' helper.
  const environment = {
    PATH: DEFAULT_PATH,
    HOME: '/root',
    ...(term === undefined ? {} : { TERM: term }),
    [COMMAND_MARK]: id,
  };
  const logSize = await sizeOf(place.logFile);
  const operation = await client.begin('POST', `/1.0/instances/${name}/exec`, {
    project,
    signal,
    body: {
      command: place.variables === undefined ? command : commandWithVariables(place.variables, words),
      environment,
      'wait-for-websocket': true,
      interactive: size !== undefined,
      ...(size === undefined ? {} : { width: size.cols, height: size.rows }),
      ...(words.cwd === undefined ? {} : { cwd: words.cwd }),
    },
  });
  const secrets = operation.metadata?.['fds'] as Readonly<Record<string, string>> | undefined;
  const sockets: WebSocket[] = [];
  let hasEnded = false;
  const exitCode = async (timeoutMs: number): Promise<number> => {
    try {
      const { metadata } = await client.waitFor(operation.id, timeoutMs, 'a command');
      const code = metadata?.['return'];
      if (typeof code !== 'number') throw new EngineError('failed', 'Incus returned no exit code for a command');
      return code;
    } catch (error) {
      // Incus takes these codes for its own also where they are the command's.
      if (!(error instanceof IncusError)) throw error;
      if (/command not found/i.test(error.message)) return 127;
      if (/command not executable/i.test(error.message)) return 126;
      throw error;
    } finally {
      hasEnded = true;
    }
  };
  return {
    connect(channel) {
      const secret = secrets?.[channel];
      if (secret === undefined) throw new EngineError('failed', `Incus returned no stream ${channel} for a command`);
      const one = openSocket(client, `/1.0/operations/${operation.id}/websocket?secret=${secret}`);
      sockets.push(one.socket);
      return one;
    },
    async ended(timeoutMs) {
      const code = await exitCode(timeoutMs);
      if (!SUSPECT_CODES.has(code)) return { exitCode: code };
      const failed = await explainFailure({
        client,
        project,
        name,
        program: command[0] ?? '',
        path: environment.PATH,
        cwd: words.cwd ?? environment.HOME,
        log: { file: place.logFile, size: logSize },
      });
      return failed ?? { exitCode: code };
    },
    async kill() {
      const late = exitCode(KILLED_MS).catch(() => undefined);
      await killCommand(`${project}_${name}`, id, () => hasEnded);
      await late;
    },
    cut() {
      for (const socket of sockets) socket.terminate();
    },
  };
}
