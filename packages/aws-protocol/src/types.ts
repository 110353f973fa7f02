import type { Readable } from 'node:stream';
import type { BodyFacts } from './body-checks.ts';
import type { ProtocolName } from './model/compact.ts';

/** What a handler knows besides its input. */
export interface Context<P = unknown> {
  readonly service: string;
  readonly operation: string;
  readonly protocol: ProtocolName;
  readonly requestId: string;
  /** Undefined for an anonymous request that `allowAnonymous` let in. */
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  /** Region of the signature's scope. */
  readonly region: string | undefined;
  /** Request headers, lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal | undefined;
  /** Headers to add to the answer. */
  readonly answerHeaders: Record<string, string>;
  /** Set it to answer with another HTTP status than the model's. */
  answerStatus: number | undefined;
  /** Facts of a streamed input body; throws until it was read to its end. */
  body(): BodyFacts;
}

type Blob = string | Uint8Array;

/** An SDK type as a parsed input: required members are there, blobs are bytes, streams are Node streams. */
export type Parsed<T> = T extends Date | Uint8Array | Readable | string | number | boolean | bigint | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Parsed<NonNullable<E>>[]
    : T extends object
      ? { [K in keyof T]: ParsedMember<Exclude<T[K], undefined>> }
      : T;
/** Buffered blobs accept an ArrayBuffer in the SDK's types, streamed ones do not. */
type ParsedMember<T> = unknown extends T
  ? T
  : [ArrayBuffer] extends [T]
    ? Uint8Array
    : [Readable] extends [T]
      ? Readable
      : [Uint8Array] extends [T]
        ? Uint8Array
        : Parsed<T>;

/** An SDK type as a handler gives it back: like `Parsed`, but blobs may be strings and streams any byte source. */
export type Answer<T> = T extends Date | Uint8Array | string | number | boolean | bigint | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Answer<NonNullable<E>>[]
    : T extends AsyncIterable<infer E>
      ? AsyncIterable<Answer<E>>
      : T extends object
        ? {
            [K in keyof T as K extends '$metadata' | '$unknown' ? never : K]:
              | AnswerMember<Exclude<T[K], undefined>>
              | UndefinedIfOptional<T, K>;
          }
        : T;
/** Also where a project tells a member that is undefined from one that is not there: in an answer they are the same. */
type UndefinedIfOptional<T, K extends keyof T> = {} extends Pick<T, K> ? undefined : never;
type AnswerMember<T> = unknown extends T
  ? T
  : T extends { transformToByteArray: unknown } | { getReader: unknown }
    ? Readable | AsyncIterable<Uint8Array> | Blob
    : T extends Uint8Array
      ? Blob
      : Answer<T>;

/** The part of an SDK command's instance that names its types. */
interface CommandOf<I, O> {
  readonly input: I;
  resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: O }>;
}

/** The operations of an SDK client module: `typeof import('@aws-sdk/client-sqs')`. */
export type OperationsOf<M> = {
  [K in keyof M as K extends `${infer Name}Command`
    ? Name extends '$'
      ? never
      : Name
    : never]: M[K] extends abstract new (
    ...args: never[]
  ) => infer C
    ? C extends CommandOf<infer I, infer O>
      ? { input: I; output: O }
      : never
    : never;
};

export type Handler<I, O, P> = (input: Parsed<I>, context: Context<P>) => AnswerOf<O> | Promise<AnswerOf<O>>;
/** Nothing may be returned where no member of the output is required. */
export type AnswerOf<O> = Answer<O> | ({} extends Answer<O> ? void : never);

/** Handlers for a service: a wrong operation, member or type does not compile. What is left out is not served. */
export type Handlers<M, P = unknown> = {
  [K in keyof OperationsOf<M>]?: OperationsOf<M>[K] extends { input: infer I; output: infer O }
    ? Handler<I, O, P>
    : never;
};

/** The same without types, for handlers that are built at run time. */
export type AnyHandlers<P = unknown> = Record<string, (input: never, context: Context<P>) => unknown>;
