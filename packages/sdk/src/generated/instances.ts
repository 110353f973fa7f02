// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, SocketTarget, Transport, VersionOption, WaitOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { ExecResult, Instance, InstanceStats } from './models.ts';

export interface InstancesLaunchInput {
  /** Letters, digits, - and _; unique in the tenant. The host name derives from it and is unique in the VPC, so a VPC cannot have both Web and web */
  readonly name: string;
  /** Image: busybox or debian/12 */
  readonly image: string;
  /** Default basic-2 */
  readonly instance_type?: string | undefined;
  /** Id or name of a VPC; without it the instance has no network */
  readonly vpc_id?: string | undefined;
  /** KEY=value; KEY=@name is the value of a secret at each start, and @@ stands for one @ */
  readonly env?: readonly string[] | undefined;
  /** Runs instead of the image's own first process */
  readonly cmd?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface InstancesListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only resources with one of these ids or EC2 ids */
  readonly id?: readonly string[] | undefined;
  /** Only instances with this label: key or key:value */
  readonly tag?: readonly string[] | undefined;
  /** Only instances in this VPC: id or name */
  readonly vpc_id?: string | undefined;
}

export interface InstancesGetInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesStopInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesStartInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesRebootInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesDeleteInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesDeleteOutput {
  readonly message: string;
}

export interface InstancesLogsInput {
  /** Id or name */
  readonly id: string;
  /** Keep sending new output */
  readonly follow?: boolean | undefined;
}

export interface InstancesStatsInput {
  /** Id or name */
  readonly id: string;
}

export interface InstancesExecInput {
  /** Id or name */
  readonly id: string;
  /** Program and arguments, each at most 131,071 bytes; no shell interprets them */
  readonly command: readonly string[];
  /** Standard input, at most 1,000,000 bytes; use base64 for bytes that are not text */
  readonly stdin?: string | undefined;
  /** Encoding of stdin: utf-8 (default) or base64 */
  readonly stdin_encoding?: "utf-8" | "base64" | undefined;
  /** Timeout in seconds, after which the command is killed; default 60 */
  readonly timeout?: number | undefined;
}

export interface InstancesTerminalInput {
  /** Id or name */
  readonly id: string;
  /** Program and arguments; no shell interprets them. Without it, the first message contains the command, up to 256 KiB */
  readonly command?: readonly string[] | undefined;
  /** Default true. Without a terminal, stdout and stderr are separate and stdin can end */
  readonly tty?: boolean | undefined;
  /** Default 24 */
  readonly rows?: number | undefined;
  /** Default 80 */
  readonly cols?: number | undefined;
  /** Default xterm-256color */
  readonly term?: string | undefined;
}

export interface Instances {
  /**
   * Launch an instance.
   * Returns immediately with the status STARTING. ?wait=30 waits up to 30 s for RUNNING or ERROR.
   * POST /instances · permission instance:launch · errors NOT_FOUND, INSUFFICIENT_CAPACITY, ENGINE_UNAVAILABLE
   */
  launch(input: InstancesLaunchInput, options?: CallOptions & WaitOption & KeyOption): Promise<Instance>;
  /**
   * List instances.
   * GET /instances · permission instance:read · errors NOT_FOUND
   */
  list(input?: InstancesListInput, options?: CallOptions): Promise<Page<Instance>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: InstancesListInput, options?: CallOptions): AsyncGenerator<Instance, void, undefined>;
  /**
   * Get an instance.
   * GET /instances/:id · permission instance:read
   */
  get(input: InstancesGetInput | string, options?: CallOptions & WaitOption): Promise<Instance>;
  /**
   * Stop an instance.
   * Shuts it down cleanly within 10 s, otherwise by force. The disk is kept.
   * POST /instances/:id/stop · permission instance:update
   */
  stop(input: InstancesStopInput | string, options?: CallOptions & WaitOption & KeyOption & VersionOption): Promise<Instance>;
  /**
   * Start a stopped instance.
   * POST /instances/:id/start · permission instance:update
   */
  start(input: InstancesStartInput | string, options?: CallOptions & WaitOption & KeyOption & VersionOption): Promise<Instance>;
  /**
   * Reboot an instance.
   * POST /instances/:id/reboot · permission instance:update · errors INSTANCE_NOT_RUNNING
   */
  reboot(input: InstancesRebootInput | string, options?: CallOptions & WaitOption & KeyOption & VersionOption): Promise<Instance>;
  /**
   * Delete an instance.
   * Stops it by force and removes it with its disk. It shows the status DELETING until it is gone.
   * DELETE /instances/:id · permission instance:terminate
   */
  delete(input: InstancesDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<InstancesDeleteOutput>;
  /**
   * Read the console log of an instance.
   * Returns the last 128 KiB of output of the first process. With follow, sends new output as it is written, across stops and starts, until the instance is deleted.
   * GET /instances/:id/logs · permission log:read · errors CONFLICT, ENGINE_UNAVAILABLE, TIMEOUT
   */
  logs(input: InstancesLogsInput | string, options?: CallOptions): Promise<string>;
  /** The same, as it comes. */
  logsStream(input: InstancesLogsInput | string, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Show what an instance uses.
   * CPU, memory, disk, processes and network at one moment. The counters are cumulative: the difference of two readings is a rate. Readings within 500 ms are one.
   * GET /instances/:id/stats · permission instance:read · errors CONFLICT, INSTANCE_NOT_RUNNING, ENGINE_UNAVAILABLE, TIMEOUT
   */
  stats(input: InstancesStatsInput | string, options?: CallOptions): Promise<InstanceStats>;
  /**
   * Run a command in an instance.
   * At the timeout, or when the client closes the connection, the platform kills the command with all the processes that it started.
   * POST /instances/:id/exec · permission instance:update · errors INSTANCE_NOT_RUNNING, ENGINE_UNAVAILABLE, TIMEOUT
   */
  exec(input: InstancesExecInput, options?: CallOptions & VersionOption): Promise<ExecResult>;
  /**
   * Open a terminal in an instance.
   * Opens a websocket that runs a command. Binary messages start with one byte that names the stream: 0 stdin, 1 stdout, 2 stderr. Text messages are JSON. The client sends {"type":"resize","rows":24,"cols":80}, {"type":"signal","name":"TERM"}, {"type":"eof"}, {"type":"close","stream":"stdout"} when it stops reading an output, and, if the query has no command, {"type":"command","command":["ls","-l"]} as its first message. The server sends {"type":"exit","code":0} when the command has ended, and {"type":"error","code":"…","message":"…"} when the session ends for another reason; the close code is then 4000 plus the HTTP status. When the connection ends first, the command is killed with all the processes that it started. Browsers cannot set headers: they offer the subprotocols thecloud.v1, thecloud.key.<API key> and, if needed, thecloud.tenant.<id>.
   * GET /instances/:id/terminal · permission instance:update · errors INSTANCE_NOT_RUNNING, ENGINE_UNAVAILABLE, TIMEOUT
   */
  terminal(input: InstancesTerminalInput | string, options?: CallOptions): SocketTarget;
  /** Looks until `isDone`, by default until status is RUNNING, STOPPED, ERROR. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Instance) => boolean, options?: WaitUntilOptions<Instance>): Promise<Instance>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Instance>): Promise<void>;
}

const SPECS = {
  launch: {"name":"instances.launch","method":"POST","path":"/instances","idempotent":true,"settles":{"field":"status","values":["RUNNING","STOPPED","ERROR"],"reader":"get"}},
  list: {"name":"instances.list","method":"GET","path":"/instances"},
  get: {"name":"instances.get","method":"GET","path":"/instances/:id","settles":{"field":"status","values":["RUNNING","STOPPED","ERROR"],"reader":"get"}},
  stop: {"name":"instances.stop","method":"POST","path":"/instances/:id/stop","idempotent":true,"settles":{"field":"status","values":["STOPPED","ERROR"],"reader":"get"}},
  start: {"name":"instances.start","method":"POST","path":"/instances/:id/start","idempotent":true,"settles":{"field":"status","values":["RUNNING","ERROR"],"reader":"get"}},
  reboot: {"name":"instances.reboot","method":"POST","path":"/instances/:id/reboot","idempotent":true,"settles":{"field":"status","values":["RUNNING","ERROR"],"reader":"get"}},
  delete: {"name":"instances.delete","method":"DELETE","path":"/instances/:id","idempotent":true},
  logs: {"name":"instances.logs","method":"GET","path":"/instances/:id/logs","answer":"stream","live":true},
  stats: {"name":"instances.stats","method":"GET","path":"/instances/:id/stats","live":true},
  exec: {"name":"instances.exec","method":"POST","path":"/instances/:id/exec","live":true},
  terminal: {"name":"instances.terminal","method":"GET","path":"/instances/:id/terminal","answer":"socket","live":true},
} as const;

export function createInstances(transport: Transport): Instances {
  return {
    launch: (input, options) => transport.call(SPECS.launch, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    stop: (input, options) => transport.call(SPECS.stop, typeof input === 'string' ? { id: input } : { ...input }, options),
    start: (input, options) => transport.call(SPECS.start, typeof input === 'string' ? { id: input } : { ...input }, options),
    reboot: (input, options) => transport.call(SPECS.reboot, typeof input === 'string' ? { id: input } : { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    logs: (input, options) => transport.call(SPECS.logs, typeof input === 'string' ? { id: input } : { ...input }, options),
    logsStream: (input, options) => transport.stream(SPECS.logs, typeof input === 'string' ? { id: input } : { ...input }, options),
    stats: (input, options) => transport.call(SPECS.stats, typeof input === 'string' ? { id: input } : { ...input }, options),
    exec: (input, options) => transport.call(SPECS.exec, { ...input }, options),
    terminal: (input, options) => transport.socket(SPECS.terminal, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Instance>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Instance>(transport, SPECS.get, id, options),
  };
}
