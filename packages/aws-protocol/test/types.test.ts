import type { Readable } from 'node:stream';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  AwsError,
  type CommonErrorCode,
  type ErrorCode,
  errorsOf,
  type Handlers,
  loadModel,
  type OperationsOf,
  type Parsed,
  serve,
} from '../src/index.ts';
import { S3_ERROR_STATUS, type S3ErrorCode } from '../src/s3/error-status.ts';

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

describe('errors are typed by the SDK', () => {
  type Scheduler = typeof import('@aws-sdk/client-scheduler');

  it('knows the codes that a model declares, and no class that they extend', () => {
    expectTypeOf<ErrorCode<Scheduler>>().toEqualTypeOf<
      | 'ConflictException'
      | 'InternalServerException'
      | 'ResourceNotFoundException'
      | 'ServiceQuotaExceededException'
      | 'ThrottlingException'
      | 'ValidationException'
    >();
    expectTypeOf<'QueueDoesNotExist'>().toExtend<ErrorCode<Sqs>>();
    expectTypeOf<'AccessDenied'>().toExtend<CommonErrorCode>();
  });

  it('refuses codes and members that the service does not have', () => {
    const SqsError = errorsOf<Sqs>();
    expect(new SqsError('QueueDoesNotExist', 'no such queue')).toBeInstanceOf(AwsError);
    expect(new SqsError('AccessDenied', 'no', { status: 403 })).toMatchObject({ code: 'AccessDenied', status: 403 });
    // @ts-expect-error a code of another service
    expect(new SqsError('NoSuchBucket', 'no such bucket').code).toBe('NoSuchBucket');
    // @ts-expect-error a code that is written wrong
    expect(new SqsError('QueueDoesNotExists', 'no such queue').code).toBe('QueueDoesNotExists');
    const S3Error = errorsOf<S3, S3ErrorCode>();
    expect(new S3Error('InvalidRange', 'not there', { members: { ActualObjectSize: 1 } }).code).toBe('InvalidRange');
    const LambdaError = errorsOf<Lambda>();
    const members = { Type: 'User', retryAfterSeconds: '1' } as const;
    expect(new LambdaError('TooManyRequestsException', 'slow down', { members }).members).toEqual(members);
    // @ts-expect-error a member that the error does not have
    expect(new LambdaError('TooManyRequestsException', 'slow down', { members: { After: 1 } }).code).toBeTruthy();
  });

  it('knows the codes of S3, which its model leaves out', () => {
    expect(Object.keys(S3_ERROR_STATUS)).toContain('InvalidRange');
    expectTypeOf<'PreconditionFailed'>().toExtend<S3ErrorCode>();
    expectTypeOf<'QueueDoesNotExist'>().not.toExtend<S3ErrorCode>();
  });
});
