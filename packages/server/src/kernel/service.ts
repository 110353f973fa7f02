import type { AwsActions } from './aws-actions.ts';
import type { Caller, Origin } from './caller.ts';
import type { ErrorTable } from './errors.ts';
import type { Example } from './example.ts';
import type { LiveHandlers } from './live.ts';
import type { InputOf, Operation, Operations, OutputOf, PageOf } from './operation.ts';
import type { PageRequest } from './page.ts';
import type { Reconciler } from './reconcile.ts';
import type { Retention } from './retention.ts';
import type { Sql } from './sql/tx.ts';

/** What every step of a call knows, whichever way it goes. */
export interface CallFacts<Input = unknown> {
  readonly caller: Caller;
  /** The active tenant. An operation of scope `public` has none, and `user` may have none: the empty string. */
  readonly tenantId: string;
  readonly userId: string;
  readonly input: Input;
  readonly now: Date;
  readonly origin: Origin;
}

/** Before the transaction: no connection is held. For what takes time (a password's hash) or must be found out first. */
export interface Preparation<Input = unknown> extends CallFacts<Input> {
  /** A short transaction of its own that only reads. */
  read<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
}

/** What a handler of the control plane gets. Everything it writes goes through `sql`, which is bound to the call's transaction. */
export interface Call<Input = unknown, Target = unknown, Prepared = unknown, Checked = unknown>
  extends CallFacts<Input> {
  readonly sql: Sql;
  /** What the descriptor's target named, looked up in the caller's tenant; of a write its row is locked. */
  readonly target: Target;
  /** Rows of the descriptor's targets, the outermost first; the last one is `target`. */
  readonly targets: readonly unknown[];
  /** What `prepare` answered. */
  readonly prepared: Prepared;
  /** What `check` answered. */
  readonly checked: Checked;
  /** The id that a create gives its resource: known before the handler runs, so that a replayed key finds it. */
  readonly createdId: string;
  newId(): string;
  /** Asks for a pass over a thing. The rows of the queue of work are written last in the transaction: their locks are held shortest. */
  wake(kind: string, id: string, hostId?: string | null): void;
  /** Goes on as this user in this tenant: for what nobody signed in may do, registering and logging in. */
  becomes(who: { readonly userId: string; readonly tenantId?: string }): Promise<void>;
  /** Says what the audit row and the event are about, where it is neither the target nor what was created, and in whose trail they stand. */
  about(subject: { readonly id?: string; readonly tenantId?: string; readonly metadata?: object }): void;
}

/** What a handler of the data plane gets: no transaction, and a target that may be a second old. */
export interface DataCall<Input = unknown, Target = unknown> extends CallFacts<Input> {
  /** The role `cloud_data`: each statement carries the tenant, or the target that was authorised, in its predicate. */
  readonly sql: Sql;
  readonly target: Target;
}

/** The steps of an operation, where one function is not all of it. In this order. */
export interface Steps<Input = unknown, Output = unknown, Target = unknown, Prepared = unknown, Checked = unknown> {
  prepare?(call: Preparation<Input>): Promise<Prepared>;
  /** Refuses what a schema cannot say; what it found out, later steps find as `checked`. Before any quota is looked at. */
  check?(call: Call<Input, Target, Prepared>): Promise<Checked>;
  /** What the call would use. Calls of one tenant that have this step go one after the other. */
  quota?(call: Call<Input, Target, Prepared, Checked>): Promise<readonly QuotaUse[]>;
  run(call: Call<Input, Target, Prepared, Checked>): Promise<Output>;
  /** After the commit. Its failure is logged and does not change the answer. */
  finish?(call: CallFacts<Input>): Promise<void>;
}

export type Handler<Input = unknown, Output = unknown, Target = unknown> = (
  call: Call<Input, Target>,
) => Promise<Output>;
export type DataHandler<Input = unknown, Output = unknown, Target = unknown> = (
  call: DataCall<Input, Target>,
) => Promise<Output>;

/** Gives the steps of one operation their types. */
export const steps = <Input, Output, Target, Prepared, Checked>(
  made: Steps<Input, Output, Target, Prepared, Checked>,
): Steps<Input, Output, Target, Prepared, Checked> => made;

type RowOf<Kind, Rows> = Kind extends keyof Rows ? Rows[Kind] : never;

/** The row of an operation's target: of several the last one. */
type TargetOf<O extends Operation, Rows> = O extends { readonly target: { readonly kind: infer Kind } }
  ? RowOf<Kind, Rows>
  : O extends { readonly targets: readonly [...unknown[], { readonly kind: infer Kind }] }
    ? RowOf<Kind, Rows>
    : undefined;

/** What a handler answers: a ticket where the worker does the rest, rows where a kind presents them, else what the wire shows. */
type AnswerOf<O extends Operation, Rows> = O extends { readonly live: true }
  ? IssuedTicket
  : O extends { readonly answers: infer Kind }
    ? O['effect'] extends 'list'
      ? PageOf<RowOf<Kind, Rows>>
      : RowOf<Kind, Rows>
    : OutputOf<O>;

/** A ticket that `issueTicket` wrote down. */
export type IssuedTicket = string & { readonly issued: unique symbol };

type HandlerOf<O extends Operation, Rows> = O extends { readonly plane: 'data' }
  ? DataHandler<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>>
  :
      | Handler<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>>
      // oxlint-disable-next-line typescript/no-explicit-any -- what its steps hand on is their own matter
      | Steps<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>, any, any>;

/** Operations that need no handler: the kernel answers what it looked up, or the kind's page. */
type Defaulted<Ops extends Operations> = {
  [Verb in keyof Ops]: Ops[Verb] extends { readonly effect: 'read' | 'list'; readonly answers: string } ? Verb : never;
}[keyof Ops];

/** One handler an operation; the only mapped type of the kernel. `Rows` maps a kind to its row. */
export type Handlers<Ops extends Operations, Rows = unknown> = {
  readonly [Verb in Exclude<keyof Ops, Defaulted<Ops>>]: HandlerOf<Ops[Verb], Rows>;
} & { readonly [Verb in Defaulted<Ops>]?: HandlerOf<Ops[Verb], Rows> };

/** What is looked up. */
export interface Look {
  readonly tenantId: string;
  readonly userId: string;
  /** An id or a name. */
  readonly ref: string;
  /** Locks the row until the end of the transaction (`for no key update`): of a write. */
  readonly lock: boolean;
  /** The row of the target that it lies within. */
  readonly within?: unknown;
}

/** A kind of thing that operations name by id or by name, and how to read its rows. */
export interface Kind<Row = unknown> {
  readonly noun: string;
  /** Looks in the tenant only. Undefined: 404. */
  find(sql: Sql, look: Look): Promise<Row | undefined>;
  /** What the wire shows of it to this caller. */
  present(row: Row, caller: Caller): unknown;
  id(row: Row): string;
  /** Whether a text has the form of its ids: what a list's cursor holds. Default: a UUID. */
  isId?(text: string): boolean;
  /** For sentences. Default: the id. */
  name?(row: Row): string;
  /** The generation of its spec: the ETag. */
  version?(row: Row): number;
  /** It is being deleted: nothing but reading and deleting it is left. */
  isDeleting?(row: Row): boolean;
  /** For a list without a handler of its own. */
  list?(
    sql: Sql,
    whose: Pick<Look, 'tenantId' | 'userId'>,
    page: PageRequest,
    /** Only those, where the list's input has `id`: see idsInput. */
    ids: readonly string[] | undefined,
  ): Promise<readonly Row[]>;
}

/** One countable thing that a call would use more of. */
export interface QuotaUse {
  /** One of a service's `quotas`. */
  readonly resource: string;
  readonly used: number;
  readonly wanted: number;
}

/** How much of something a tenant may use. */
export interface Quota {
  /** For a tenant of which no row of `quotas` says another. */
  readonly max: number;
  /** What is counted, in the plural: `instances`, `MB of memory`. */
  readonly noun: string;
  /** What gives some back, as a sentence begins: `Delete an instance`. */
  readonly free: string;
}

/** How much is used of each quota of a service. */
export type Usage = (sql: Sql, whose: Pick<Look, 'tenantId' | 'userId'>) => Promise<Readonly<Record<string, number>>>;

/** Things of this service that stand in the way of the deletion of another's. */
export interface Blocker {
  /** In the singular: `instance`. */
  readonly noun: string;
  /** How many are live in or on the thing. */
  count(sql: Sql, id: string): Promise<number>;
}

/** Something that a worker does again and again on its host. */
export interface Repeat {
  readonly name: string;
  /** Milliseconds between the end of one run and the next. */
  readonly ms: number;
  /** The signal aborts when the worker stops. */
  run(signal: AbortSignal): Promise<void>;
}

/** What the worker runs for a service. */
export interface WorkerSide {
  /** Once, before the worker is ready, and so before an API that starts with it answers: what is no longer so, since the host was down. */
  readonly begin?: () => Promise<void>;
  readonly reconcilers?: readonly Reconciler[];
  readonly repeats?: readonly Repeat[];
  /** By operation: what only the worker may do for a caller that execute() has let through. */
  readonly live?: LiveHandlers;
}

/** Everything the processes have to know of a service. */
export interface Service {
  readonly name: string;
  /** The noun of its permissions, audit actions and events. */
  readonly resource: string;
  readonly title: string;
  readonly operations: Operations;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service checks its own handlers against Handlers<>
  readonly handlers: Readonly<Record<string, any>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- rows differ by kind
  readonly kinds?: Readonly<Record<string, Kind<any>>>;
  readonly errors?: ErrorTable;
  /** How much of what a tenant may use. */
  readonly quotas?: Readonly<Record<string, Quota>>;
  /** Of those: what is told before a call is refused. */
  readonly usage?: Usage;
  /** By the kind whose deletion they block. */
  readonly blocks?: Readonly<Record<string, Blocker>>;
  readonly retention?: readonly Retention[];
  /** In the worker's process only. */
  readonly worker?: WorkerSide;
  /** By verb: how each operation is called well. The generated tests need one of each. */
  readonly examples?: Readonly<Record<string, Example>>;
  /** What AWS clients may call of it. */
  readonly aws?: readonly AwsActions[];
}

export const service = <const S extends Service>(definition: S): S => definition;
