import type { Readable } from 'node:stream';
import { describe, expectTypeOf, it } from 'vitest';
import { type Handlers, loadModel, type OperationsOf, type Parsed, serve } from '../src/index.ts';

type Sqs = typeof import('@aws-sdk/client-sqs');
type S3 = typeof import('@aws-sdk/client-s3');
type Lambda = typeof import('@aws-sdk/client-lambda');

/** Checked by the compiler: an error that is expected and does not come fails the type check. */
describe('handlers are typed by the SDK', () => {
  it('gives required members without undefined, optional ones with', () => {
    type Input = Parsed<OperationsOf<Sqs>['SendMessage']['input']>;
    expectTypeOf<Input['QueueUrl']>().toEqualTypeOf<string>();
    expectTypeOf<Input['DelaySeconds']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Parsed<OperationsOf<S3>['PutObject']['input']>['Body']>().toEqualTypeOf<Readable | undefined>();
    expectTypeOf<Parsed<OperationsOf<Lambda>['Invoke']['input']>['Payload']>().toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf<Parsed<OperationsOf<S3>['UploadPart']['input']>['PartNumber']>().toEqualTypeOf<number>();
  });

  it('refuses wrong members, types and operations', () => {
    const right: Handlers<Sqs> = { GetQueueUrl: (input) => ({ QueueUrl: input.QueueName }), DeleteQueue: () => {} };
    // @ts-expect-error no such operation
    const wrongOperation: Handlers<Sqs> = { SendMessages: () => ({}) };
    // @ts-expect-error no such member of the input
    const wrongInput: Handlers<Sqs> = { GetQueueUrl: (input) => ({ QueueUrl: input.QueueNam }) };
    // @ts-expect-error a member of the output with the wrong type
    const wrongType: Handlers<Sqs> = { GetQueueUrl: () => ({ QueueUrl: 1 }) };
    const stream: Handlers<S3> = { GetObject: () => ({ Body: Buffer.from('x'), ContentLength: 1 }) };
    serve<Sqs>(loadModel('sqs'), right);
    return [wrongOperation, wrongInput, wrongType, stream];
  });
});
