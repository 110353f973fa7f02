import type { Readable } from 'node:stream';
import type { Limits } from '../codec/malformed.ts';
import type { ProtocolName } from '../model/compact.ts';
import type { Model, Operation } from '../model/schema.ts';
import type { WireResponse } from '../request.ts';
import type { Failure } from './failure.ts';

/** What a protocol reads an input from. */
export interface InputParts {
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; empty where `stream` carries it. */
  readonly body: Uint8Array;
  readonly stream: Readable | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Decoded query parameters; for the query protocols those of the body too. */
  readonly query: readonly (readonly [string, string])[];
}

export interface AnswerContext {
  readonly model: Model;
  readonly requestId: string;
  readonly limits: Limits;
  /** Told of failures after the answer has begun, that are not the caller's fault. */
  readonly report: (error: unknown) => void;
}

/** One wire protocol on the server's side. Stateless but for its compiled codecs. */
export interface Protocol {
  readonly name: ProtocolName;
  readInput(operation: Operation, parts: InputParts, limits: Limits): Record<string, unknown>;
  writeOutput(operation: Operation, output: Record<string, unknown>, context: AnswerContext): WireResponse;
  writeError(
    failure: Failure,
    context: Omit<AnswerContext, 'model' | 'report'> & { model: Model | undefined; operation?: Operation },
  ): WireResponse;
}
