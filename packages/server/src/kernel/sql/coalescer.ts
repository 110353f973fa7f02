/** What a coalescer does with the calls it gathered. */
export interface CoalescerSettings<Input, Output> {
  /**
   * Answers a batch: one result for each input, in the same order. An Error as a result rejects that call alone. The signal aborts when
   * every call of the batch has been given up.
   */
  flush(inputs: readonly Input[], signal: AbortSignal): Promise<readonly (Output | Error)[]>;
  /** Most calls in one flush. */
  readonly maxBatch: number;
  /** What a call weighs, in bytes for instance, and the most that one flush carries; a call that is heavier goes alone. Default: no limit. */
  readonly weight?: { of(input: Input): number; readonly max: number };
  /** Most flushes at once. Default 2: one runs while the next one gathers. */
  readonly maxInFlight?: number;
  /** Most calls that wait for a flush, half of them of one owner; beyond it a call is refused at once. */
  readonly maxQueue: number;
  /** Whose a call is: owners who wait take turns, whichever of them has more calls. Default: all have one owner. */
  ownerOf?(input: Input): string;
  /**
   * True for an error that one bad call brings over a whole batch and that proves that nothing of the batch was done (see `isRowError`).
   * The batch is then halved until the bad call stands alone, in at most 2n - 1 flushes. Default: never; the error rejects every call.
   */
  splits?(error: unknown): boolean;
}

/** Gathers concurrent calls into few flushes: a lone call goes at once, calls that come while flushes run go together in the next. */
export interface Coalescer<Input, Output> {
  /** Rejects with what `flush` threw, with CoalescerFullError, or with the signal's reason (a flush that runs goes on for the others). */
  call(input: Input, signal?: AbortSignal): Promise<Output>;
  /** Calls that wait for a flush. */
  waiting(): number;
  /** Refuses new calls; resolves when all that were taken are answered. */
  close(): Promise<void>;
}

/** Too many calls wait. `code` is PostgreSQL's too_many_connections, which callers translate to "try again". */
export class CoalescerFullError extends Error {
  readonly code = '53300';
  constructor(waiting: number) {
    super(`${waiting} calls wait for the same statement already`);
    this.name = 'CoalescerFullError';
  }
}

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly owner: string;
  resolve(output: Output): void;
  reject(error: unknown): void;
  /** Set when the caller has its answer; nothing is told twice. */
  done: boolean;
  onDone: (() => void) | undefined;
}

/** SQLSTATE classes 22 (data) and 23 (integrity): a row was refused and its statement undone. */
export const isRowError = (error: unknown): boolean =>
  /^2[23]/.test(String((error as { code?: unknown } | null)?.code));

export function createCoalescer<Input, Output>(settings: CoalescerSettings<Input, Output>): Coalescer<Input, Output> {
  const maxInFlight = settings.maxInFlight ?? 2;
  if (!(settings.maxBatch >= 1 && maxInFlight >= 1 && settings.maxQueue >= 1))
    throw new RangeError('a coalescer needs bounds of at least 1');
  type Call = Waiting<Input, Output>;
  // By owner, in the order of turns. A Set keeps the order of arrival and lets an aborted call leave from the middle at no cost.
  const lines = new Map<string, Set<Call>>();
  const most = settings.ownerOf ? Math.max(1, settings.maxQueue / 2) : settings.maxQueue;
  let waiting = 0;
  let inFlight = 0;
  let scheduled = false;
  let closed = false;
  let onIdle: (() => void)[] = [];

  /** After the sockets of this turn of the event loop were read, so that their requests go together. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (inFlight < maxInFlight && waiting > 0) {
        inFlight++;
        void run(take()).finally(() => {
          inFlight--;
          if (waiting > 0) schedule();
          else if (inFlight === 0) settleIdle();
        });
      }
    });
  }

  function take(): Call[] {
    const batch: Call[] = [];
    let weight = 0;
    // An owner that is served goes to the end of this iteration too, so that it lasts until nobody waits.
    for (const [owner, line] of lines) {
      const [call] = line as unknown as [Call];
      weight += settings.weight?.of(call.input) ?? 0;
      if (settings.weight && batch.length > 0 && weight > settings.weight.max) break;
      leave(call);
      batch.push(call);
      if (line.size > 0) {
        lines.delete(owner);
        lines.set(owner, line);
      }
      if (batch.length === settings.maxBatch) break;
    }
    return batch;
  }

  function join(call: Call): void {
    const line = lines.get(call.owner);
    if (line) line.add(call);
    else lines.set(call.owner, new Set([call]));
    waiting++;
  }

  /** False: it did not wait any more. */
  function leave(call: Call): boolean {
    const line = lines.get(call.owner);
    if (!line?.delete(call)) return false;
    if (line.size === 0) lines.delete(call.owner);
    waiting--;
    return true;
  }

  /** Never rejects: every outcome goes to the calls. */
  async function run(taken: readonly Call[]): Promise<void> {
    const batch = taken.filter((call) => !call.done);
    if (batch.length === 0) return;
    const abandoned = new AbortController();
    let left = batch.length;
    for (const call of batch) {
      call.onDone = () => {
        if (--left === 0) abandoned.abort(new Error('every call of the batch was given up'));
      };
    }
    let outcome: readonly (Output | Error)[];
    try {
      outcome = await settings.flush(
        batch.map((call) => call.input),
        abandoned.signal,
      );
      if (outcome.length !== batch.length)
        throw new RangeError(`a flush of ${batch.length} calls answered ${outcome.length}`);
    } catch (error) {
      if (batch.length > 1 && settings.splits?.(error) === true) {
        const middle = batch.length >> 1;
        await run(batch.slice(0, middle));
        await run(batch.slice(middle));
        return;
      }
      for (const call of batch) call.reject(error);
      return;
    }
    batch.forEach((call, place) => {
      const result = outcome[place];
      if (result instanceof Error) call.reject(result);
      else call.resolve(result as Output);
    });
  }

  function settleIdle(): void {
    const listeners = onIdle;
    onIdle = [];
    for (const listener of listeners) listener();
  }

  return {
    call: (input, signal) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('the coalescer is closed'));
        if (signal?.aborted) return reject(signal.reason);
        const owner = settings.ownerOf?.(input) ?? '';
        const own = lines.get(owner)?.size ?? 0;
        if (waiting >= settings.maxQueue || own >= most) return reject(new CoalescerFullError(waiting));
        const settle = (tell: () => void) => {
          if (call.done) return;
          call.done = true;
          signal?.removeEventListener('abort', onAbort);
          tell();
        };
        const call: Call = {
          input,
          owner,
          done: false,
          onDone: undefined,
          resolve: (output) => settle(() => resolve(output)),
          reject: (error) => settle(() => reject(error)),
        };
        const onAbort = () => {
          call.reject(signal?.reason);
          call.onDone?.();
          if (leave(call) && waiting === 0 && inFlight === 0) settleIdle();
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        join(call);
        schedule();
      }),
    waiting: () => waiting,
    close: () => {
      closed = true;
      return new Promise((resolve) => {
        if (waiting === 0 && inFlight === 0) resolve();
        else onIdle.push(resolve);
      });
    },
  };
}
