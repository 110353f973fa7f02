import type { AwsActions } from './aws-actions.ts';
import type { Caller } from './caller.ts';
import type { ErrorTable } from './errors.ts';
import type { InputOf, Operation, Operations, OutputOf } from './operation.ts';
import type { Sql } from './sql/tx.ts';

/** What a handler gets. Everything it writes goes through `sql`, which is bound to the call's transaction. */
export interface Call<Input = unknown, Target = unknown> {
  readonly sql: Sql;
  readonly caller: Caller;
  /** The active tenant. An operation of scope `public` has none, and `user` may have none: the empty string. */
  readonly tenantId: string;
  readonly userId: string;
  readonly input: Input;
  /** What the descriptor's target named, looked up in the caller's tenant. */
  readonly target: Target;
  readonly now: Date;
  readonly origin: { readonly requestId: string; readonly ip?: string; readonly userAgent?: string };
  /** The id that a create gives its resource: known before the handler runs, so that a replayed key finds it. */
  readonly createdId: string;
  newId(): string;
  /** Asks for a pass over a thing, in this transaction. */
  wake(kind: string, id: string, hostId?: string | null): Promise<void>;
  /** Goes on as this user in this tenant: for what nobody signed in may do, registering and logging in. */
  becomes(who: { readonly userId: string; readonly tenantId?: string }): Promise<void>;
  /** Says what the audit row and the event are about, where it is neither the target nor the output's `id`. */
  about(subject: { readonly id?: string; readonly metadata?: object }): void;
}

export type Handler<Input = unknown, Output = unknown, Target = unknown> = (
  call: Call<Input, Target>,
) => Promise<Output>;

type TargetOf<O extends Operation, Targets> = O extends { readonly target: { readonly kind: infer Kind } }
  ? Kind extends keyof Targets
    ? Targets[Kind]
    : never
  : undefined;

/** One handler an operation; the only mapped type of the kernel. `Targets` maps a target's kind to its row. */
export type Handlers<Ops extends Operations, Targets = unknown> = {
  readonly [Verb in keyof Ops]: Handler<InputOf<Ops[Verb]>, OutputOf<Ops[Verb]>, TargetOf<Ops[Verb], Targets>>;
};

/** A kind of thing that operations name by id or by name. */
export interface TargetKind<Row extends { readonly id: string } = { readonly id: string }> {
  /** Looks in the tenant only. Undefined: 404. */
  find(sql: Sql, tenantId: string, ref: string, userId: string): Promise<Row | undefined>;
  /** What the wire shows; answers a replayed create. */
  present(row: Row): unknown;
  readonly noun: string;
}

/** One countable thing that a call would use more of. */
export interface QuotaUse {
  /** `instances`, `vcpus`: a row of `quotas` may say another maximum for the tenant. */
  readonly resource: string;
  readonly used: number;
  readonly wanted: number;
  readonly defaultMax: number;
  /** What a refusal says in place of the kernel's words, which fit a tenant's things. */
  readonly refusal?: string;
}

/** Everything the kernel has to know of a service's control plane. */
export interface Service {
  readonly name: string;
  /** The noun of its permissions, audit actions and events. */
  readonly resource: string;
  readonly title: string;
  readonly operations: Operations;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service checks its own handlers against Handlers<>
  readonly handlers: Readonly<Record<string, Handler<any, any, any>>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- rows differ by kind
  readonly targets?: Readonly<Record<string, TargetKind<any>>>;
  readonly errors?: ErrorTable;
  /**
   * By verb: what the call would use. Asked under the tenant's quota lock, before the handler; what the schema let through and is wrong
   * all the same is best refused here, so that it is told before a quota that is full.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as handlers
  readonly quotas?: Readonly<Record<string, (call: Call<any, any>) => Promise<readonly QuotaUse[]>>>;
  /** What AWS clients may call of it. */
  readonly aws?: readonly AwsActions[];
}

export const service = <const S extends Service>(definition: S): S => definition;
