import type { Availability } from '../../kernel/availability.ts';

/**
 * The compute port: what an instance needs from the world outside the database.
 *
 * Everything is idempotent and has a deadline; failures throw EngineError. Names outside are derived from the ids, never read back.
 *
 * A call that is given a signal rejects with the signal's reason soon after it aborts. What the engine was asked for goes on there, as when
 * the caller dies: the next caller finds it done, half done, or busy (`unavailable`). Only commands and what follows a log end with it.
 */
export interface MachineRef {
  readonly tenantId: string;
  readonly instanceId: string;
}

export interface MachineNic {
  readonly vpcId: string;
  /** IPv4 address inside the VPC. */
  readonly address: string;
  /** Prefix length of the VPC's CIDR, 16 to 28. */
  readonly prefix: number;
  /** IPv4 address of the VPC's router. */
  readonly gateway: string;
  /** Locally administered MAC, for example 02:5a:…; unique in the VPC. */
  readonly mac: string;
}

export interface MachineSpec {
  /** An image name of the catalogue, `busybox` or `debian/12`. */
  readonly image: string;
  /** Host name inside, derived from the instance's name: a DNS label, in either case. */
  readonly hostname: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly networkMbps: number;
  /** Most processes and threads at once. */
  readonly processes: number;
  readonly env: Readonly<Record<string, string>>;
  /** What runs as the instance's main process in place of the image's own; empty or absent: the image's own init. */
  readonly command?: readonly string[];
  readonly nic?: MachineNic;
}

/** How a machine's first process ended by itself. */
export interface MachineEnd {
  /** When; milliseconds since the epoch, by the host's clock. */
  readonly at: number;
  /** Milliseconds that it had run; absent: nobody knows, since it was cut off with its host. */
  readonly ranMs?: number;
  /** 0 to 255, 128 and the number of the signal where one ended it; absent: nobody saw it, as when the host lost its power. */
  readonly code?: number;
  readonly oomKilled: boolean;
}

/** What an engine has counted of a machine's first process since the machine was made. It counts while the platform is away, too. */
export interface MachineRuns {
  /** Ends that nobody asked for by `stop`. What the process of a machine is told from inside (`reboot`, `poweroff`) ends it as well. */
  readonly ends: number;
  /** The newest of them. */
  readonly lastEnd?: MachineEnd;
  /** Since when it runs: milliseconds since the epoch. Absent while it does not. */
  readonly startedAt?: number;
}

export interface SeenMachine {
  /** The name outside, see ComputeEngine.nameOf. */
  readonly name: string;
  /** From the mark that `define` left on the machine; absent on a machine that carries none of ours. */
  readonly instanceId?: string;
  readonly tenantId?: string;
  /** `lost`: the name exists, but its creation was interrupted or its disk is gone. `discard` it, then `define` it again. Only `inspect` detects it. */
  readonly state: 'running' | 'stopped' | 'frozen' | 'error' | 'lost';
  /** Only `inspect` looks for it. */
  readonly runs?: MachineRuns;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bytes for standard input; absent: closed. */
  readonly stdin?: Uint8Array;
  /** Milliseconds after which the command is killed, with all that it started. */
  readonly timeoutMs: number;
  /** Most bytes kept of each of stdout and stderr; the rest is read and dropped, and `truncated` is set. */
  readonly outputLimit: number;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** Of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export interface TerminalRequest {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: no terminal, and its outputs apart. */
  readonly size?: TerminalSize;
}

/** Signals that a command can be sent. */
export const TERMINAL_SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'TERM', 'USR1', 'USR2', 'STOP', 'CONT'] as const;
export type TerminalSignal = (typeof TERMINAL_SIGNALS)[number];

export interface TerminalOutput {
  /** At a terminal all is `stdout`. */
  readonly from: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** A command that somebody talks with. Its methods reject once it has ended. */
export interface Terminal {
  /**
   * The command's output until it ends; read it once. If it is not read, the command cannot continue to write. Throws EngineError
   * when it was cut off, or the reason of the signal that ended it.
   */
  readonly output: AsyncIterable<TerminalOutput>;
  /** After the output's end: 128 and the number of the signal that ended it, 127 where there is no such command. */
  exitCode(): Promise<number>;
  /** Resolves when the bytes are in the kernel's buffer, so a caller that awaits it holds only these. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nobody reads this output any more: writing it fails for the command, as it does for one whose pipe was closed. */
  closeOutput(from: TerminalOutput['from']): Promise<void>;
  /** The end of its input; at a terminal as if Ctrl-D was typed. */
  closeInput(): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  signal(signal: TerminalSignal): Promise<void>;
}

export type ImageState =
  | { readonly state: 'ready' }
  /** `detail` is one line for people: which step, how far. */
  | { readonly state: 'building'; readonly detail: string }
  | { readonly state: 'failed'; readonly detail: string }
  | { readonly state: 'absent' };

export interface HostCapacity {
  readonly vcpus: number;
  readonly memoryMb: number;
  /** What may be promised, reserves apart. */
  readonly diskGb: number;
  /** What is running short, in words for the operator, while it still works. */
  readonly warning?: string;
}

export interface ComputeEngine {
  availability(): Promise<Availability>;
  capacity(): Promise<HostCapacity>;
  /** The name outside of an instance's machine; pure. */
  nameOf(instanceId: string): string;
  /** Names of the catalogue's images with their state. */
  images(): Promise<ReadonlyMap<string, ImageState>>;
  /** Starts to build an image in the background where it is absent or failed; returns its state at once. */
  prepareImage(image: string, signal?: AbortSignal): Promise<ImageState>;
  /** All machines of this platform on this host in one look. */
  list(): Promise<readonly SeenMachine[]>;
  inspect(ref: MachineRef, signal?: AbortSignal): Promise<SeenMachine | undefined>;
  /** Makes the machine, stopped, from its image. Nothing happens when it is there. The image must be ready. */
  define(ref: MachineRef, spec: MachineSpec, signal?: AbortSignal): Promise<void>;
  /**
   * Starts a stopped (or thaws a frozen) machine, its NIC plugged in as its spec says. Nothing happens when it runs. Resolves when the command
   * has proved to live for a moment, or has ended already: `inspect` tells which.
   */
  start(ref: MachineRef, signal?: AbortSignal): Promise<void>;
  /** Stops it: cleanly within `graceMs`, then by force. Nothing happens when it is stopped or absent. */
  stop(ref: MachineRef, graceMs: number, signal?: AbortSignal): Promise<void>;
  /** Removes it with its disk, by force where it runs. Nothing happens when it is absent. */
  remove(ref: MachineRef, signal?: AbortSignal): Promise<void>;
  /** Removes one that is `lost`, after a look of its own. Nothing happens when it is absent, or not lost (any more). */
  discard(ref: MachineRef, signal?: AbortSignal): Promise<void>;
  /** Runs a command to its end. The signal kills it, with all that it started. */
  exec(ref: MachineRef, request: ExecRequest, signal?: AbortSignal): Promise<ExecResult>;
  /**
   * Runs a command in a running machine for somebody who talks with it. The signal kills it with all that it started; a
   * command at a terminal is hung up on first, and has a second to end by itself.
   */
  openTerminal(ref: MachineRef, request: TerminalRequest, signal: AbortSignal): Promise<Terminal>;
  /** What its main process wrote (its console), the newest `limit` bytes, from the beginning of a line. */
  logs(ref: MachineRef, limit: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * The same, and then what comes, through stops and starts, until the machine is gone or the signal aborts; it ends both times without
   * an error. If a reader is so slow that the log has dropped what comes next, a line in the output says so.
   */
  followLogs(ref: MachineRef, limit: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Takes the oldest lines from long logs, of all machines. To be called every few seconds. */
  trimLogs(): Promise<void>;
  /** Calls back with the name of each machine whose power state changed, until the signal aborts. Resolves when the stream ended. */
  watch(onChange: (name: string) => void, signal: AbortSignal): Promise<void>;
}
