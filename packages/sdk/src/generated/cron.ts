// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { CronJob, CronRun, CronTimes } from './models.ts';

export interface CronCreateInput {
  readonly name: string;
  /** Five fields (minute, hour, day of the month, month, day of the week), @daily and the like, or cron(…), rate(…) or at(…) as in EventBridge */
  readonly schedule: string;
  /** Id or name of the queue that gets the message */
  readonly target_queue_id?: string | undefined;
  /** Such as Europe/Berlin; default UTC */
  readonly timezone?: string | undefined;
  /** In place of a queue: a URL that is called, with http or https and the port 80, 443, or one from 1024 on */
  readonly target_url?: string | undefined;
  /** Of the call; default POST */
  readonly target_method?: "POST" | "GET" | "PUT" | "PATCH" | "DELETE" | "HEAD" | undefined;
  /** Headers of the call, such as "authorization: Bearer …"; they replace all there are, and are not shown again */
  readonly target_headers?: readonly string[] | undefined;
  /** What becomes of a tick while a call of one before it is under way; default allow, up to ten */
  readonly overlap?: "allow" | "skip" | undefined;
  /** No run comes before it, and a rate counts from it */
  readonly starts_at?: string | undefined;
  /** No run comes after it */
  readonly ends_at?: string | undefined;
  /** A run comes at a random time within so many minutes of its tick; default 0 */
  readonly window_minutes?: number | undefined;
  /** The body of the message or the call; default {} */
  readonly target_payload?: string | undefined;
  /** What becomes of runs that the platform missed by more than a minute: none, one for all, or each, up to 100; default once */
  readonly missed?: "skip" | "once" | "all" | undefined;
}

export interface CronListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface CronGetInput {
  /** Id or name */
  readonly id: string;
}

export interface CronUpdateInput {
  /** Id or name */
  readonly id: string;
  /** Five fields (minute, hour, day of the month, month, day of the week), @daily and the like, or cron(…), rate(…) or at(…) as in EventBridge */
  readonly schedule?: string | undefined;
  /** Id or name of the queue that gets the message */
  readonly target_queue_id?: string | undefined;
  /** Such as Europe/Berlin; default UTC */
  readonly timezone?: string | undefined;
  /** In place of a queue: a URL that is called, with http or https and the port 80, 443, or one from 1024 on */
  readonly target_url?: string | undefined;
  /** Of the call; default POST */
  readonly target_method?: "POST" | "GET" | "PUT" | "PATCH" | "DELETE" | "HEAD" | undefined;
  /** Headers of the call, such as "authorization: Bearer …"; they replace all there are, and are not shown again */
  readonly target_headers?: readonly string[] | undefined;
  /** What becomes of a tick while a call of one before it is under way; default allow, up to ten */
  readonly overlap?: "allow" | "skip" | undefined;
  /** No run comes before it, and a rate counts from it */
  readonly starts_at?: string | undefined;
  /** No run comes after it */
  readonly ends_at?: string | undefined;
  /** A run comes at a random time within so many minutes of its tick; default 0 */
  readonly window_minutes?: number | undefined;
  /** The body of the message or the call; default {} */
  readonly target_payload?: string | undefined;
  /** What becomes of runs that the platform missed by more than a minute: none, one for all, or each, up to 100; default once */
  readonly missed?: "skip" | "once" | "all" | undefined;
}

export interface CronDeleteInput {
  /** Id or name */
  readonly id: string;
}

export interface CronDeleteOutput {
  readonly message: string;
}

export interface CronPauseInput {
  /** Id or name */
  readonly id: string;
}

export interface CronResumeInput {
  /** Id or name */
  readonly id: string;
}

export interface CronRunInput {
  /** Id or name */
  readonly id: string;
}

export interface CronRunsInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface CronNextInput {
  /** Id or name */
  readonly id: string;
  /** How many; default 10 */
  readonly count?: number | undefined;
}

export interface CronPreviewInput {
  /** Five fields (minute, hour, day of the month, month, day of the week), @daily and the like, or cron(…), rate(…) or at(…) as in EventBridge */
  readonly schedule: string;
  /** Such as Europe/Berlin; default UTC */
  readonly timezone?: string | undefined;
  /** How many; default 10 */
  readonly count?: number | undefined;
}

export interface Cron {
  /**
   * Create a cron job.
   * With one target: a queue, which needs the permission queue:write too, or a URL.
   * POST /cron/jobs · permission cron:create · errors NOT_FOUND
   */
  create(input: CronCreateInput, options?: CallOptions & KeyOption): Promise<CronJob>;
  /**
   * List cron jobs.
   * GET /cron/jobs · permission cron:read
   */
  list(input?: CronListInput, options?: CallOptions): Promise<Page<CronJob>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: CronListInput, options?: CallOptions): AsyncGenerator<CronJob, void, undefined>;
  /**
   * Get a cron job.
   * GET /cron/jobs/:id · permission cron:read
   */
  get(input: CronGetInput | string, options?: CallOptions): Promise<CronJob>;
  /**
   * Change a cron job.
   * A new schedule counts from now on. A job that sends to a queue needs the permission queue:write too.
   * PUT /cron/jobs/:id · permission cron:update
   */
  update(input: CronUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<CronJob>;
  /**
   * Delete a cron job.
   * Its runs go with it.
   * DELETE /cron/jobs/:id · permission cron:delete
   */
  delete(input: CronDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<CronDeleteOutput>;
  /**
   * Pause a cron job.
   * POST /cron/jobs/:id/pause · permission cron:update
   */
  pause(input: CronPauseInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<CronJob>;
  /**
   * Resume a cron job.
   * What it missed while it was paused is not made up for. A job that sends to a queue needs the permission queue:write too.
   * POST /cron/jobs/:id/resume · permission cron:update
   */
  resume(input: CronResumeInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<CronJob>;
  /**
   * Run a cron job now.
   * Also one that is paused; its schedule stays as it is. A job that sends to a queue needs the permission queue:write too.
   * POST /cron/jobs/:id/run · permission cron:update
   */
  run(input: CronRunInput | string, options?: CallOptions & VersionOption): Promise<CronRun>;
  /**
   * List the runs of a cron job.
   * The newest first. Runs are kept for seven days.
   * GET /cron/jobs/:id/runs · permission cron:read
   */
  runs(input: CronRunsInput | string, options?: CallOptions): Promise<Page<CronRun>>;
  /** All of them, page by page as they are asked for. */
  runsAll(input: CronRunsInput | string, options?: CallOptions): AsyncGenerator<CronRun, void, undefined>;
  /**
   * Show when a cron job runs next.
   * By its schedule, also while it is paused.
   * GET /cron/jobs/:id/next · permission cron:read
   */
  next(input: CronNextInput | string, options?: CallOptions): Promise<CronTimes>;
  /**
   * Show when a schedule would run.
   * GET /cron/next · permission cron:read
   */
  preview(input: CronPreviewInput, options?: CallOptions): Promise<CronTimes>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: CronJob) => boolean, options?: WaitUntilOptions<CronJob>): Promise<CronJob>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<CronJob>): Promise<void>;
}

const SPECS = {
  create: {"name":"cron.create","method":"POST","path":"/cron/jobs","idempotent":true},
  list: {"name":"cron.list","method":"GET","path":"/cron/jobs"},
  get: {"name":"cron.get","method":"GET","path":"/cron/jobs/:id"},
  update: {"name":"cron.update","method":"PUT","path":"/cron/jobs/:id","idempotent":true},
  delete: {"name":"cron.delete","method":"DELETE","path":"/cron/jobs/:id","idempotent":true},
  pause: {"name":"cron.pause","method":"POST","path":"/cron/jobs/:id/pause","idempotent":true},
  resume: {"name":"cron.resume","method":"POST","path":"/cron/jobs/:id/resume","idempotent":true},
  run: {"name":"cron.run","method":"POST","path":"/cron/jobs/:id/run"},
  runs: {"name":"cron.runs","method":"GET","path":"/cron/jobs/:id/runs"},
  next: {"name":"cron.next","method":"GET","path":"/cron/jobs/:id/next"},
  preview: {"name":"cron.preview","method":"GET","path":"/cron/next"},
} as const;

export function createCron(transport: Transport): Cron {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    pause: (input, options) => transport.call(SPECS.pause, typeof input === 'string' ? { id: input } : { ...input }, options),
    resume: (input, options) => transport.call(SPECS.resume, typeof input === 'string' ? { id: input } : { ...input }, options),
    run: (input, options) => transport.call(SPECS.run, typeof input === 'string' ? { id: input } : { ...input }, options),
    runs: (input, options) => transport.page(SPECS.runs, typeof input === 'string' ? { id: input } : { ...input }, options),
    runsAll: (input, options) => listAll(transport, SPECS.runs, typeof input === 'string' ? { id: input } : { ...input }, options),
    next: (input, options) => transport.call(SPECS.next, typeof input === 'string' ? { id: input } : { ...input }, options),
    preview: (input, options) => transport.call(SPECS.preview, { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<CronJob>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<CronJob>(transport, SPECS.get, id, options),
  };
}
