import type { Availability } from '../../kernel/availability.ts';

/**
 * The compute port: what an instance needs outside the database.
 *
 * Every call is idempotent and has a deadline; failures throw EngineError. Names in the engine derive from the ids and are never read back.
 *
 * A call with a signal rejects with the signal's reason soon after it aborts. The engine still completes the request, as it does when the
 * caller dies: the next caller finds it done, half done, or busy (`unavailable`). Only commands and followed logs end with the signal.
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
  /** Name of an image: `busybox` or `debian/12`. */
  readonly image: string;
  /** Host name inside, derived from the instance's name: a DNS label, in either case. */
  readonly hostname: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly networkMbps: number;
  /** Maximum number of processes and threads. */
  readonly processes: number;
  readonly env: Readonly<Record<string, string>>;
  /** The instance's first process. Empty or absent: the image's init. */
  readonly command?: readonly string[];
  readonly nic?: MachineNic;
}

/** How a machine's first process ended by itself. */
export interface MachineEnd {
  /** Milliseconds since the epoch, by the host's clock. */
  readonly at: number;
  /** How long it ran, in milliseconds. Absent if unknown, because the host stopped. */
  readonly ranMs?: number;
  /** 0 to 255; 128 plus the signal's number if a signal ended it. Absent if unknown, for example after a power cut. */
  readonly code?: number;
  readonly oomKilled: boolean;
}

/** Ends of a machine's first process since the machine was created. The engine also counts while the platform is down. */
export interface MachineRuns {
  /** Ends without a call of `stop`. A `reboot` or `poweroff` inside the machine counts too. */
  readonly ends: number;
  /** The newest end. */
  readonly lastEnd?: MachineEnd;
  /** Time of the present start, in milliseconds since the epoch. Absent while the machine is stopped. */
  readonly startedAt?: number;
}

/** What a running machine uses. Counters begin at its start. */
export interface MachineUsage {
  /** Milliseconds since the epoch, by the host's clock. */
  readonly at: number;
  /** CPU time of all its processes, in nanoseconds. */
  readonly cpuNs: number;
  readonly vcpus: number;
  /** Without page cache, which the kernel gives back when memory is needed. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** With the files of the image and what is not yet written. Absent if the host does not tell. */
  readonly disk?: { readonly bytes: number; readonly limitBytes: number };
  /** Processes and threads. */
  readonly processes: number;
  readonly processLimit: number;
  /** Seen from the machine. Absent if it has no NIC. */
  readonly network?: {
    readonly rxBytes: number;
    readonly txBytes: number;
    readonly rxPackets: number;
    readonly txPackets: number;
  };
}

export interface SeenMachine {
  /** The name in the engine, see ComputeEngine.nameOf. */
  readonly name: string;
  /** From the mark that `define` put on the machine. Absent if the machine has no such mark. */
  readonly instanceId?: string;
  readonly tenantId?: string;
  /** `lost`: the name exists, but its creation was interrupted or its disk is gone. `discard` it, then `define` it again. Only `inspect` detects it. */
  readonly state: 'running' | 'stopped' | 'frozen' | 'error' | 'lost';
  /** Only `inspect` fills it. */
  readonly runs?: MachineRuns;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Bytes for standard input; absent: closed. */
  readonly stdin?: Uint8Array;
  /** Timeout in milliseconds, after which the command and all its processes are killed. */
  readonly timeoutMs: number;
  /** Maximum number of bytes of stdout, and of stderr. The rest is dropped, and `truncated` is set. */
  readonly outputLimit: number;
  /** Told of each piece of output; the next is read when the promise has resolved, if there is one. */
  readonly pace?: (bytes: number) => Promise<void> | undefined;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export interface TerminalRequest {
  readonly command: readonly string[];
  /** Kind of the terminal: the value of TERM. */
  readonly term?: string;
  /** Absent: no terminal; stdout and stderr are separate. */
  readonly size?: TerminalSize;
}

/** Signals that can be sent to a command. */
export const TERMINAL_SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'TERM', 'USR1', 'USR2', 'STOP', 'CONT'] as const;
export type TerminalSignal = (typeof TERMINAL_SIGNALS)[number];

export interface TerminalOutput {
  /** With a terminal always `stdout`. */
  readonly from: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** A running command with open input and output. The methods reject after it has ended. */
export interface Terminal {
  /**
   * The command's output until it ends; read it once. If it is not read, the command cannot continue to write. Throws EngineError
   * when it was cut off, or the reason of the signal that ended it.
   */
  readonly output: AsyncIterable<TerminalOutput>;
  /** Available after the output's end. 128 plus the signal's number if a signal ended it; 127 if the command does not exist. */
  exitCode(): Promise<number>;
  /** Resolves when the bytes are in the kernel's buffer, so a caller that awaits it holds only these. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the pipe of this output, so that the command's writes fail. */
  closeOutput(from: TerminalOutput['from']): Promise<void>;
  /** Ends the input; at a terminal, the same as Ctrl-D. */
  closeInput(): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  signal(signal: TerminalSignal): Promise<void>;
}

export type ImageState =
  | { readonly state: 'ready' }
  /** `detail`: one line with the step and the progress. */
  | { readonly state: 'building'; readonly detail: string }
  | { readonly state: 'failed'; readonly detail: string }
  | { readonly state: 'absent' };

export interface HostCapacity {
  readonly vcpus: number;
  readonly memoryMb: number;
  /** Disk that can be allocated, without the reserves. */
  readonly diskGb: number;
  /** A sentence for the operator about what is running low while the host still works. */
  readonly warning?: string;
}

export interface ComputeEngine {
  availability(): Promise<Availability>;
  capacity(): Promise<HostCapacity>;
  /** The name of an instance's machine in the engine; pure. */
  nameOf(instanceId: string): string;
  /** All images with their state. */
  images(): Promise<ReadonlyMap<string, ImageState>>;
  /** Starts to build an image in the background if it is absent or failed. Returns its state immediately. */
  prepareImage(image: string, signal?: AbortSignal): Promise<ImageState>;
  /** All machines of this platform on this host. */
  list(): Promise<readonly SeenMachine[]>;
  inspect(ref: MachineRef, signal?: AbortSignal): Promise<SeenMachine | undefined>;
  /** Creates the machine, stopped, from its image. Does nothing if it exists. The image must be ready. */
  define(ref: MachineRef, spec: MachineSpec, signal?: AbortSignal): Promise<void>;
  /**
   * Starts a stopped machine or thaws a frozen one, with the NIC of its spec. Does nothing if it runs. Resolves when the command
   * has run for a moment or has already ended; `inspect` shows which. With a spec, a stopped machine first gets its variables.
   */
  start(ref: MachineRef, signal?: AbortSignal, spec?: Pick<MachineSpec, 'env' | 'command'>): Promise<void>;
  /** Stops the machine, cleanly within `graceMs`, then by force. Does nothing if it is stopped or absent. */
  stop(ref: MachineRef, graceMs: number, signal?: AbortSignal): Promise<void>;
  /** Removes the machine with its disk, by force if it runs. Does nothing if it is absent. */
  remove(ref: MachineRef, signal?: AbortSignal): Promise<void>;
  /** Inspects the machine and removes it if it is `lost`. Otherwise does nothing. */
  discard(ref: MachineRef, signal?: AbortSignal): Promise<void>;
  /** Runs a command to its end. The signal kills it with all its processes. */
  exec(ref: MachineRef, request: ExecRequest, signal?: AbortSignal): Promise<ExecResult>;
  /**
   * Starts a command in a running machine with open input and output. The signal kills it with all its processes; a
   * command at a terminal gets SIGHUP first and has a second to end.
   */
  openTerminal(ref: MachineRef, request: TerminalRequest, signal: AbortSignal): Promise<Terminal>;
  /** What the machine uses now: cheap enough for a call each second. Undefined if it does not run. */
  usage(ref: MachineRef, signal?: AbortSignal): Promise<MachineUsage | undefined>;
  /** The newest `limit` bytes of the console, which the first process writes, from the beginning of a line. */
  logs(ref: MachineRef, limit: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * The same as `logs`, then new output across stops and starts, until the machine is gone or the signal aborts. Both end it without
   * an error. If a reader is so slow that the log has dropped what comes next, a line in the output says so.
   */
  followLogs(ref: MachineRef, limit: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Removes the oldest lines of long logs, for all machines. Call it every few seconds. */
  trimLogs(): Promise<void>;
  /** Removes what deleted machines left on the host, as far as it holds no data. Call it every few minutes. */
  removeRemains(): Promise<void>;
  /** Calls back with the name of each machine whose power state changed, until the signal aborts. Resolves when the stream ended. */
  watch(onChange: (name: string) => void, signal: AbortSignal): Promise<void>;
}
