import type { Caller } from './caller.ts';
import type { CallWorld } from './example.ts';
import type { PageOf } from './operation.ts';
import { cursorBehind } from './page.ts';

/** AWS's services that have actions here, by the names of their models in packages/aws-protocol. */
export type AwsServiceId = 'ec2' | 'iam' | 'scheduler' | 'secretsmanager' | 'sqs' | 'sts';

/** What an action knows besides its input. */
export interface AwsContext {
  /** One of our operations, as the caller of this request; answers its output. All rules are behind it. */
  execute(
    operation: string,
    input: Readonly<Record<string, unknown>>,
    options?: {
      /** The version that was read before. */
      readonly ifMatch?: number;
      /** The client's token: a write that comes again with it does nothing more. */
      readonly idempotencyKey?: string;
    },
  ): Promise<unknown>;
  readonly caller: Caller;
  /** Of the caller's tenant: AWS's account. */
  readonly accountNumber: string;
  readonly region: string;
  readonly requestId: string;
  /** `http://localhost:4566`: the door as this client reached it, for URLs in answers. Throws INVALID_INPUT for a Host that is none. */
  readonly baseUrl: string;
}

/** Maps one AWS action to operations of ours: the wire's input to theirs, their output to the wire's. It holds no rules of its own. */
export type AwsAction<Input = never, Output = unknown> = (input: Input, context: AwsContext) => Promise<Output>;

/**
 * An action with the SDK's own types, so that a wrong member does not compile: `SdkAction<Handlers<typeof Ec2>, 'DescribeVpcs'>` after
 * `import type * as Ec2 from '@aws-sdk/client-ec2'`, with `Handlers` of packages/aws-protocol.
 */
export type SdkAction<Handlers, Name extends keyof Handlers> =
  NonNullable<Handlers[Name]> extends (input: infer Input, context: never) => infer Output
    ? AwsAction<Input, Awaited<Output>>
    : never;

/** Where an example makes what its action acts on. */
export interface AwsWorld extends CallWorld {
  readonly accountNumber: string;
  readonly region: string;
  /** Of the door, as the test's client reaches it. */
  readonly baseUrl: string;
}

/**
 * How an action is called well, and what of it decides who may. From it the tests make calls that must be refused and change nothing: unsigned,
 * with wrong keys, from other tenants, without the permission, without each required member. Then the owner's same call succeeds.
 */
export interface AwsExample {
  /** Makes what the call needs and answers its input, as the SDK takes it. What it makes and says is new each time. */
  input(world: AwsWorld): Promise<object>;
  /**
   * The error that another tenant gets for the same input, whose URL, ARN or id is not theirs: `QueueDoesNotExist`. Absent: the input names nothing
   * that is there; another tenant's same call succeeds and shows nothing of this one.
   */
  readonly foreign?: string;
  /** Without a permission: every key may ask. */
  readonly forEveryKey?: boolean;
  /** More inputs that must be refused, made of a good one: a number out of its range, text that is no ARN. */
  malformed?(good: Readonly<Record<string, unknown>>): readonly object[];
}

/** A service's part of one of AWS's services: VPCs, instances and volumes share EC2. */
export interface AwsActions {
  readonly service: AwsServiceId;
  readonly actions: Readonly<Record<string, AwsAction>>;
  /** Why actions are not supported that clients may look for, in words that follow a colon. */
  readonly unsupported?: Readonly<Record<string, string>>;
  /** One for each action: the generated negative tests start from it. */
  readonly examples: Readonly<Record<string, AwsExample>>;
  /** Largest body of a request in bytes, if it is not 256 KiB. */
  readonly bodyLimit?: number;
  /** AWS's codes for errors of these actions: of every code of the service's own, and of the kernel's where its usual one does not fit. */
  readonly errors?: Readonly<Record<string, string>>;
}

/**
 * A page of one of our lists, as the Describe actions of EC2 read it (`describe` of packages/aws-protocol). The operation takes `id`, `limit`
 * and `cursor`.
 */
export async function listPage<Row extends { readonly id: string }, Thing>(
  context: AwsContext,
  operation: string,
  query: { readonly ids: readonly string[] | undefined; readonly limit: number; readonly token: string | undefined },
  present: (row: Row) => Thing,
) {
  const { ids, limit, token } = query;
  const input = { limit, ...(ids ? { id: ids } : {}), ...(token ? { cursor: token } : {}) };
  const page = (await context.execute(operation, input)) as PageOf<Row>;
  return {
    items: page.items.map((row) => ({ thing: present(row), token: cursorBehind(row.id) })),
    nextToken: page.nextCursor,
  };
}
