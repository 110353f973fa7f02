import type { AwsActions } from './aws-actions.ts';
import type { Caller, Origin } from './caller.ts';
import type { ConsoleFacet } from './console.ts';
import type { ErrorTable } from './errors.ts';
import type { Example } from './example.ts';
import type { LiveHandlers } from './live.ts';
import type { InputOf, Operation, Operations, OutputOf, PageOf } from './operation.ts';
import type { PageRequest } from './page.ts';
import type { PlatformSetting } from './platform-setting.ts';
import type { Reconciler } from './reconcile.ts';
import type { Retention } from './retention.ts';
import type { Sealer } from './seal.ts';
import type { SearchText } from './search.ts';
import type { Sql } from './sql/tx.ts';
import type { Download, WrittenEvents } from './written-answer.ts';

/** What every step of a call knows, on both planes. */
export interface CallFacts<Input = unknown> {
  readonly caller: Caller;
  /** The active tenant. Empty for scope `public`, and possibly empty for scope `user`. */
  readonly tenantId: string;
  readonly userId: string;
  readonly input: Input;
  readonly now: Date;
  readonly origin: Origin;
}

/** A step before the transaction, without a connection: for slow work, such as hashing a password, and for look-ups. */
export interface Preparation<Input = unknown> extends CallFacts<Input> {
  /** A short, read-only transaction. */
  read<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
}

/** The argument of a control-plane handler. It writes only through `sql`, which is bound to the call's transaction. */
export interface Call<Input = unknown, Target = unknown, Prepared = unknown, Checked = unknown>
  extends CallFacts<Input> {
  readonly sql: Sql;
  /** The row of the descriptor's target in the caller's tenant. A write holds a lock on it. */
  readonly target: Target;
  /** Rows of the descriptor's targets, outermost first; the last one is `target`. */
  readonly targets: readonly unknown[];
  /** The result of `prepare`. */
  readonly prepared: Prepared;
  /** The result of `check`. */
  readonly checked: Checked;
  /** The id of the resource that a create makes. Chosen before the handler runs, so that a replayed Idempotency-Key finds it. */
  readonly createdId: string;
  newId(): string;
  /** Seals what another process will open, and hashes what must be compared but not read. */
  readonly sealer: Pick<Sealer, 'seal' | 'fingerprint'>;
  /** Requests a reconciler pass. Written last in the transaction, to hold the queue's locks for the shortest time. */
  wake(kind: string, id: string, hostId?: string | null): void;
  /**
   * Says that the call has changed nothing, and returns what it answers: for an update that would write what is there. It leaves no audit row and no
   * event; what was woken is woken.
   */
  unchanged<T>(answer: T): T;
  /** Whose act it is, and in which tenant, if it is not the caller's: for registration and login, which have no caller yet. */
  becomes(who: { readonly userId: string; readonly tenantId?: string }): void;
  /** Issues a ticket with which the worker completes the call; `spec` is what it needs beside the target. See ticket.ts. */
  ticket(spec: object): Promise<IssuedTicket>;
  /** Sets the subject of the audit row and the event, if it is neither the target nor the created resource, and the tenant whose log they belong to. */
  about(subject: { readonly id?: string; readonly tenantId?: string; readonly metadata?: object }): void;
}

/** The argument of a data-plane handler: no transaction, and a target that may be one second old. */
export interface DataCall<Input = unknown, Target = unknown> extends CallFacts<Input> {
  /** Acts as the role `cloud_data`: each statement must have the tenant, or the authorised target, in its predicate. */
  readonly sql: Sql;
  readonly target: Target;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal | undefined;
}

/** The steps of an operation that needs more than one function, in the order in which they run. */
export interface Steps<Input = unknown, Output = unknown, Target = unknown, Prepared = unknown, Checked = unknown> {
  prepare?(call: Preparation<Input>): Promise<Prepared>;
  /** Checks what a schema cannot express, before quotas are counted. Later steps get its result as `checked`. */
  check?(call: Call<Input, Target, Prepared>): Promise<Checked>;
  /** The quotas that the call would use. A tenant's calls with this step run one at a time. */
  quota?(call: Call<Input, Target, Prepared, Checked>): Promise<readonly QuotaUse[]>;
  run(call: Call<Input, Target, Prepared, Checked>): Promise<Output>;
  /** Runs after the commit. A failure is logged and does not change the answer. */
  finish?(call: CallFacts<Input>): Promise<void>;
}

export type Handler<Input = unknown, Output = unknown, Target = unknown> = (
  call: Call<Input, Target>,
) => Promise<Output>;
export type DataHandler<Input = unknown, Output = unknown, Target = unknown> = (
  call: DataCall<Input, Target>,
) => Promise<Output>;

/** Infers the types of an operation's steps. */
export const steps = <Input, Output, Target, Prepared, Checked>(
  made: Steps<Input, Output, Target, Prepared, Checked>,
): Steps<Input, Output, Target, Prepared, Checked> => made;

type RowOf<Kind, Rows> = Kind extends keyof Rows ? Rows[Kind] : never;

/** The row of an operation's target, the last one if there are several. */
type TargetOf<O extends Operation, Rows> = O extends { readonly target: { readonly kind: infer Kind } }
  ? RowOf<Kind, Rows>
  : O extends { readonly targets: readonly [...unknown[], { readonly kind: infer Kind }] }
    ? RowOf<Kind, Rows>
    : undefined;

/** A handler's result: a ticket if the worker completes the call, rows if a kind presents them, otherwise the output on the wire. */
type AnswerOf<O extends Operation, Rows> = O extends { readonly live: true }
  ? IssuedTicket
  : O extends { readonly answer: 'events' }
    ? WrittenEvents<OutputOf<O>>
    : O extends { readonly answer: 'stream' }
      ? Download
      : WholeAnswerOf<O, Rows>;

type WholeAnswerOf<O extends Operation, Rows> = O extends { readonly answers: infer Kind }
  ? O['effect'] extends 'list'
    ? PageOf<RowOf<Kind, Rows>>
    : RowOf<Kind, Rows>
  : OutputOf<O>;

/** A ticket that the database has issued. */
export type IssuedTicket = string & { readonly issued: unique symbol };

type HandlerOf<O extends Operation, Rows> = O extends { readonly plane: 'data' }
  ? DataHandler<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>>
  :
      | Handler<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>>
      // oxlint-disable-next-line typescript/no-explicit-any -- what its steps hand on is their own matter
      | Steps<InputOf<O>, AnswerOf<O, Rows>, TargetOf<O, Rows>, any, any>;

/** Operations that need no handler: the kernel returns the target, or the kind's page. */
type Defaulted<Ops extends Operations> = {
  [Verb in keyof Ops]: Ops[Verb] extends { readonly effect: 'read' | 'list'; readonly answers: string } ? Verb : never;
}[keyof Ops];

/** One handler per operation; the kernel's only mapped type. `Rows` maps a kind to its row. */
export type Handlers<Ops extends Operations, Rows = unknown> = {
  readonly [Verb in Exclude<keyof Ops, Defaulted<Ops>>]: HandlerOf<Ops[Verb], Rows>;
} & { readonly [Verb in Defaulted<Ops>]?: HandlerOf<Ops[Verb], Rows> };

/** A look-up of a kind's row. */
export interface Look {
  readonly tenantId: string;
  readonly userId: string;
  /** An id, a name or a part of an id. */
  readonly ref: string;
  /** Locks the row until the end of the transaction (`for no key update`); true for a write. */
  readonly lock: boolean;
  /** The row of the enclosing target. */
  readonly within?: unknown;
}

/** A kind of resource that operations name by id or by name, and how to read its rows. */
export interface Kind<Row = unknown> {
  readonly noun: string;
  /** `find` takes a part of an id too. Otherwise the kernel looks for it among the first 1,000 rows that `list` gives. */
  readonly findsParts?: true;
  /** Finds a row in the tenant. Undefined: 404. */
  find(sql: Sql, look: Look): Promise<Row | undefined>;
  /** The representation on the wire for this caller. */
  present(row: Row, caller: Caller): unknown;
  id(row: Row): string;
  /** Whether a text has the form of an id, which list cursors contain. Default: a UUID. */
  isId?(text: string): boolean;
  /** The name in messages. Default: the id. */
  name?(row: Row): string;
  /** The generation of the spec, which is the ETag. */
  version?(row: Row): number;
  /** Whether it is being deleted, so that it can only be read and deleted. */
  isDeleting?(row: Row): boolean;
  /** The operation that takes a deletion back, and so may write to what is being deleted: `secrets.restore`. */
  readonly restoredBy?: string;
  /** Rows by a part of their name or id, the best first: see search.ts. Without it, a search does not find the kind. */
  search?(sql: Sql, whose: Pick<Look, 'tenantId' | 'userId'>, wanted: SearchText): Promise<readonly Row[]>;
  /** What tells a row that a search found from others, in a few words. */
  detail?(row: Row): string | undefined;
  /** The rows of a list operation without a handler. */
  list?(
    sql: Sql,
    whose: Pick<Look, 'tenantId' | 'userId'>,
    page: PageRequest,
    /** Only these ids, if the list's input has `id`: see idsInput. */
    ids: readonly string[] | undefined,
  ): Promise<readonly Row[]>;
}

/** A quota that a call would use. */
export interface QuotaUse {
  /** One of a service's `quotas`. */
  readonly resource: string;
  readonly used: number;
  readonly wanted: number;
}

/** A limit on what a tenant may use. */
export interface Quota {
  /** Maximum for a tenant without a row in `quotas`. */
  readonly max: number;
  /** The unit, in the plural: `instances`, `MB of memory`. */
  readonly noun: string;
  /** What frees some of it, as the beginning of a sentence: `Delete an instance`. */
  readonly free: string;
  /** Counted for each user in the tenant, so that there is no usage of a tenant to show. */
  readonly perUser?: true;
}

/** Returns the usage of each quota of a service. */
export type Usage = (sql: Sql, whose: Pick<Look, 'tenantId' | 'userId'>) => Promise<Readonly<Record<string, number>>>;

/** Resources of this service that block the deletion of another service's resource. */
export interface Blocker {
  /** The noun in the singular: `instance`. */
  readonly noun: string;
  /** Number of live resources in the resource to be deleted. */
  count(sql: Sql, id: string): Promise<number>;
}

/** A task that a worker repeats on its host, or the API in its process. */
export interface Repeat {
  readonly name: string;
  /** Milliseconds between the end of one run and the next. */
  readonly ms: number;
  /** Runs take at most this share of the time (0 to 1): the pause after a long one is longer. Default: the pause is always `ms`. */
  readonly share?: number;
  /** The signal aborts when the process stops. */
  run(signal: AbortSignal): Promise<void>;
}

/** What the worker runs for a service. */
export interface WorkerSide {
  /** Runs once, before the worker is ready and the API starts: corrects what has changed while the host was down. */
  readonly begin?: () => Promise<void>;
  readonly reconcilers?: readonly Reconciler[];
  readonly repeats?: readonly Repeat[];
  /** By operation: what only the worker can do, for a call that execute() has authorised. */
  readonly live?: LiveHandlers;
}

/** A service, as API and worker use it. */
export interface Service {
  readonly name: string;
  /** The noun of its permissions, audit actions and events. */
  readonly resource: string;
  readonly title: string;
  readonly operations: Operations;
  /** Its writes change who may do what: the database wants to see the caller's key. See proof.ts. */
  readonly authority?: true;
  /** What the console derives its pages from; `custom` if pages for all its operations are hand-written. Needed if it has operations. */
  readonly console?: ConsoleFacet | 'custom';
  // oxlint-disable-next-line typescript/no-explicit-any -- each service checks its own handlers against Handlers<>
  readonly handlers: Readonly<Record<string, any>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- rows differ by kind
  readonly kinds?: Readonly<Record<string, Kind<any>>>;
  readonly errors?: ErrorTable;
  /** The service's quotas, by name. */
  readonly quotas?: Readonly<Record<string, Quota>>;
  /** Usage of these quotas, for `quotas.list`. */
  readonly usage?: Usage;
  /** Blockers, by the kind whose deletion they block. */
  readonly blocks?: Readonly<Record<string, Blocker>>;
  readonly retention?: readonly Retention[];
  /** Settings of this service that the operator changes at run time. */
  // oxlint-disable-next-line typescript/no-explicit-any -- values differ by setting
  readonly settings?: readonly PlatformSetting<any>[];
  /** Tables of what its passes work on, by kind: with id, status_reason and reason_code. Shown to the operator when a pass is stuck. */
  readonly work?: Readonly<Record<string, string>>;
  /** Runs only in the worker. */
  readonly worker?: WorkerSide;
  /** Runs only in the API's process. */
  readonly apiRepeats?: readonly Repeat[];
  /** By verb: a valid call of each operation, for the generated tests. */
  readonly examples?: Readonly<Record<string, Example>>;
  /** The service's AWS actions. */
  readonly aws?: readonly AwsActions[];
}

export const service = <const S extends Service>(definition: S): S => definition;
