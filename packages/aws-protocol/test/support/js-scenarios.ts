import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { AwsQueryProtocol } from '@aws-sdk/core/protocols';
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud } from './cloud.ts';
import { KEY } from './harness.ts';

/** The SDK clients that the scenarios drive, of any version. */
export interface Sdk {
  sqs: typeof import('@aws-sdk/client-sqs');
  s3: typeof import('@aws-sdk/client-s3');
  sns: typeof import('@aws-sdk/client-sns');
  secrets: typeof import('@aws-sdk/client-secrets-manager');
  lambda: typeof import('@aws-sdk/client-lambda');
  ec2: typeof import('@aws-sdk/client-ec2');
  iam: typeof import('@aws-sdk/client-iam');
  sts: typeof import('@aws-sdk/client-sts');
  scheduler: typeof import('@aws-sdk/client-scheduler');
  cloudwatch: typeof import('@aws-sdk/client-cloudwatch');
}
export const SDK_PACKAGES: Record<keyof Sdk, string> = {
  sqs: '@aws-sdk/client-sqs',
  s3: '@aws-sdk/client-s3',
  sns: '@aws-sdk/client-sns',
  secrets: '@aws-sdk/client-secrets-manager',
  lambda: '@aws-sdk/client-lambda',
  ec2: '@aws-sdk/client-ec2',
  iam: '@aws-sdk/client-iam',
  sts: '@aws-sdk/client-sts',
  scheduler: '@aws-sdk/client-scheduler',
  cloudwatch: '@aws-sdk/client-cloudwatch',
};

/** `schemas`: the clients can be given another protocol, which they can since they carry schemas. */
export function defineScenarios(load: () => Promise<Sdk>, schemas: boolean): void {
  let sdk: Sdk;
  let cloud: Awaited<ReturnType<typeof startCloud>>;
  beforeAll(async () => {
    sdk = await load();
    cloud = await startCloud();
  }, 600_000);
  afterAll(async () => {
    expect(cloud.errors).toEqual([]);
    await cloud.close();
  });
  const config = () => ({ region: 'us-east-1', endpoint: cloud.url, credentials: KEY, maxAttempts: 1 });

  const toLoopback: LookupFunction = (_name, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

  describe.each([
    ['json', undefined] as const,
    ...(schemas
      ? ([
          ['query', AwsQueryProtocol],
          ['cbor', SmithyRpcV2CborProtocol],
        ] as const)
      : []),
  ])('SQS over %s, the same handlers', (name, protocol) => {
    it('creates, sends, receives, deletes, and tells errors', async () => {
      const client = new sdk.sqs.SQSClient({
        ...config(),
        ...(protocol ? { protocol: protocol as never } : {}),
        ...(name === 'query'
          ? {
              protocolSettings: {
                ...new sdk.sqs.SQSClient(config()).config.protocolSettings,
                xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
              } as never,
            }
          : {}),
      });
      const { QueueUrl } = await client.send(
        new sdk.sqs.CreateQueueCommand({
          QueueName: `q-${name}`,
          Attributes: { VisibilityTimeout: '5' },
          tags: { a: 'b' },
        }),
      );
      const sent = await client.send(
        new sdk.sqs.SendMessageCommand({
          QueueUrl,
          MessageBody: '<hello> & "ünïcode" 😀',
          MessageAttributes: {
            n: { DataType: 'Number', StringValue: '7' },
            b: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
          },
        }),
      );
      expect(sent.MD5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
      const batch = await client.send(
        new sdk.sqs.SendMessageBatchCommand({
          QueueUrl,
          Entries: [
            { Id: '1', MessageBody: 'x' },
            { Id: '2', MessageBody: 'y' },
          ],
        }),
      );
      expect(batch.Successful?.map((s) => s.Id)).toEqual(['1', '2']);
      const got = await client.send(
        new sdk.sqs.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      );
      expect(got.Messages?.map((m) => m.Body)).toEqual(['<hello> & "ünïcode" 😀', 'x', 'y']);
      expect([...(got.Messages?.[0]?.MessageAttributes?.['b']?.BinaryValue ?? [])]).toEqual([0, 255]);
      await client.send(
        new sdk.sqs.DeleteMessageBatchCommand({
          QueueUrl,
          Entries: (got.Messages ?? []).map((m, i) => ({ Id: String(i), ReceiptHandle: m.ReceiptHandle })),
        }),
      );
      const { Attributes } = await client.send(
        new sdk.sqs.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
      );
      expect(Attributes).toEqual({ VisibilityTimeout: '5', ApproximateNumberOfMessages: '0' });
      const missing = client.send(new sdk.sqs.GetQueueUrlCommand({ QueueName: 'nope' }));
      await expect(missing).rejects.toBeInstanceOf(sdk.sqs.QueueDoesNotExist);
      await expect(
        client.send(new sdk.sqs.AddPermissionCommand({ QueueUrl, Label: 'l', AWSAccountIds: ['1'], Actions: ['*'] })),
      ).rejects.toMatchObject({
        name: 'NotImplemented',
        $metadata: { httpStatusCode: 501 },
      });
      await client.send(new sdk.sqs.DeleteQueueCommand({ QueueUrl }));
    });
  });

  it('SNS', async () => {
    const client = new sdk.sns.SNSClient(config());
    const { TopicArn } = await client.send(new sdk.sns.CreateTopicCommand({ Name: 'news' }));
    const { MessageId } = await client.send(
      new sdk.sns.PublishCommand({
        TopicArn,
        Message: 'a+b c%',
        MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } },
      }),
    );
    expect(MessageId).toBe('6-1');
    expect((await client.send(new sdk.sns.ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
    await expect(client.send(new sdk.sns.PublishCommand({ TopicArn: 'arn:none', Message: 'x' }))).rejects.toMatchObject(
      {
        name: 'NotFoundException',
        $metadata: { httpStatusCode: 404 },
      },
    );
  });

  it('Secrets Manager', async () => {
    const client = new sdk.secrets.SecretsManagerClient(config());
    await client.send(new sdk.secrets.CreateSecretCommand({ Name: 'db', SecretString: 'hunter2' }));
    const got = await client.send(new sdk.secrets.GetSecretValueCommand({ SecretId: 'db' }));
    expect([got.SecretString, got.CreatedDate?.getTime()]).toEqual(['hunter2', 1_700_000_000_123]);
    await expect(client.send(new sdk.secrets.GetSecretValueCommand({ SecretId: 'x' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(client.send(new sdk.secrets.GetSecretValueCommand({} as never))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
    });
  });

  it('Lambda, with and without a stream', async () => {
    const client = new sdk.lambda.LambdaClient(config());
    const plain = await client.send(
      new sdk.lambda.InvokeCommand({
        FunctionName: 'arn:aws:lambda:us-east-1:0:function:f',
        Payload: Buffer.from('{"a":1}'),
      }),
    );
    expect(plain.Payload?.transformToString()).toBe('{"echo":{"a":1}}');
    expect(
      (await client.send(new sdk.lambda.InvokeCommand({ FunctionName: 'f', InvocationType: 'Event' }))).StatusCode,
    ).toBe(202);
    await expect(client.send(new sdk.lambda.InvokeCommand({ FunctionName: 'missing' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      Type: 'User',
      $metadata: { httpStatusCode: 404 },
    });
    const streamed = await client.send(new sdk.lambda.InvokeWithResponseStreamCommand({ FunctionName: 'f' }));
    let text = '';
    let log: string | undefined;
    for await (const event of streamed.EventStream ?? []) {
      if (event.PayloadChunk) text += Buffer.from(event.PayloadChunk.Payload ?? []).toString();
      if (event.InvokeComplete) log = event.InvokeComplete.LogResult;
    }
    expect([text, log]).toEqual(['one two three', 'ZG9uZQ==']);
    const broken = await client.send(new sdk.lambda.InvokeWithResponseStreamCommand({ FunctionName: 'broken' }));
    await expect(
      (async () => {
        for await (const _event of broken.EventStream ?? []);
      })(),
    ).rejects.toThrow(/The stream failed|InternalFailure/);
    // A failure of the handler's own, which only this side is told of.
    expect(cloud.errors.splice(0)).toMatchObject([{ message: 'the function died' }]);
  });

  it('EC2 with filters and tags', async () => {
    const client = new sdk.ec2.EC2Client(config());
    const running = await client.send(
      new sdk.ec2.DescribeInstancesCommand({
        Filters: [{ Name: 'instance-state-name', Values: ['running', 'pending'] }],
      }),
    );
    const instances = running.Reservations?.flatMap((r) => r.Instances ?? []);
    expect(instances?.map((i) => [i.InstanceId, i.Tags?.[0]?.Value, i.LaunchTime?.getTime()])).toEqual([
      ['i-1', 'web <0>', 1_700_000_000_000],
      ['i-2', 'web <1>', 1_700_000_000_000],
    ]);
    await expect(client.send(new sdk.ec2.DescribeInstancesCommand({ InstanceIds: ['i-9'] }))).rejects.toMatchObject({
      name: 'InvalidInstanceID.NotFound',
      message: "The instance ID 'i-9' does not exist",
    });
    const run = await client.send(
      new sdk.ec2.RunInstancesCommand({
        ImageId: 'ami-1',
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: 'tagged' }] }],
      }),
    );
    expect(run.Instances?.[0]?.KeyName).toBe('tagged');
  });

  it('IAM, STS, Scheduler, CloudWatch', async () => {
    await expect(
      new sdk.iam.IAMClient(config()).send(new sdk.iam.GetUserCommand({ UserName: 'nobody' })),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      $metadata: { httpStatusCode: 404 },
    });
    expect((await new sdk.sts.STSClient(config()).send(new sdk.sts.GetCallerIdentityCommand({}))).UserId).toBe(
      'tester',
    );
    const scheduler = new sdk.scheduler.SchedulerClient(config());
    const made = await scheduler.send(
      new sdk.scheduler.CreateScheduleCommand({
        Name: 's',
        ScheduleExpression: 'rate(1 day)',
        Target: { Arn: 'a', RoleArn: 'r' },
        FlexibleTimeWindow: { Mode: 'OFF' },
      }),
    );
    expect(made.ScheduleArn).toBe('arn:aws:scheduler:::schedule/s');
    await expect(scheduler.send(new sdk.scheduler.GetScheduleCommand({ Name: 'x' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
    for (const protocol of schemas ? [undefined, SmithyRpcV2CborProtocol, AwsQueryProtocol] : [undefined]) {
      const client = new sdk.cloudwatch.CloudWatchClient({
        ...config(),
        ...(protocol ? { protocol: protocol as never } : {}),
      });
      const name = `m-${protocol?.name ?? 'json'}`;
      const at = new Date(1_700_000_000_000);
      await client.send(
        new sdk.cloudwatch.PutMetricDataCommand({
          Namespace: 'n',
          MetricData: [{ MetricName: name, Value: 1.5, Timestamp: at }],
        }),
      );
      const stats = await client.send(
        new sdk.cloudwatch.GetMetricStatisticsCommand({
          Namespace: 'n',
          MetricName: name,
          StartTime: at,
          EndTime: at,
          Period: 60,
          Statistics: ['Average'],
        }),
      );
      expect(stats.Datapoints).toEqual([{ Timestamp: at, Average: 1.5, Unit: 'Count' }]);
    }
  });

  describe.each([
    ['path style', true],
    ['virtual hosts', false],
  ])('S3, %s', (_name, forcePathStyle) => {
    const client = () =>
      new sdk.s3.S3Client({
        ...config(),
        forcePathStyle,
        // A name below localhost for each bucket, without a name server.
        ...(forcePathStyle
          ? {}
          : {
              endpoint: `http://s3.localhost:${cloud.port}`,
              requestHandler: { httpAgent: new Agent({ lookup: toLoopback }) },
            }),
      });
    const Bucket = forcePathStyle ? 'path-bucket' : 'host-bucket';

    it('creates a bucket, and refuses what is not there', async () => {
      const s3 = client();
      await s3.send(
        new sdk.s3.CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
      );
      expect((await s3.send(new sdk.s3.GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-1');
      await expect(s3.send(new sdk.s3.GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toBeInstanceOf(
        sdk.s3.NoSuchKey,
      );
      await expect(s3.send(new sdk.s3.HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
        name: 'NotFound',
        $metadata: { httpStatusCode: 404 },
      });
      await expect(s3.send(new sdk.s3.ListObjectsV2Command({ Bucket: 'nobucket' }))).rejects.toBeInstanceOf(
        sdk.s3.NoSuchBucket,
      );
      await expect(s3.send(new sdk.s3.GetBucketAclCommand({ Bucket }))).rejects.toMatchObject({
        name: 'NotImplemented',
      });
    });

    // The older SDK has CRC64NVME only through a native package of its own.
    it.each(
      (schemas ? ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] : ['CRC32', 'CRC32C', 'SHA1', 'SHA256']) as (
        | 'CRC32'
        | 'CRC64NVME'
      )[],
    )('puts and gets with %s', async (ChecksumAlgorithm) => {
      const s3 = client();
      const Body = randomBytes(100_000);
      const Key = `dir/a b+c&d=é ${ChecksumAlgorithm}.bin`;
      const put = await s3.send(
        new sdk.s3.PutObjectCommand({
          Bucket,
          Key,
          Body,
          ChecksumAlgorithm,
          ContentType: 'text/x',
          ContentEncoding: 'gzip',
          Metadata: { one: '1', two: 'zwei' },
        }),
      );
      expect(put[`Checksum${ChecksumAlgorithm}`]).toBeTruthy();
      const got = await s3.send(new sdk.s3.GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
      expect([got.ContentType, got.ContentEncoding, got.Metadata]).toEqual([
        'text/x',
        'gzip',
        { one: '1', two: 'zwei' },
      ]);
      expect(got[`Checksum${ChecksumAlgorithm}`]).toBe(put[`Checksum${ChecksumAlgorithm}`]);
      const part = await s3.send(new sdk.s3.GetObjectCommand({ Bucket, Key, Range: 'bytes=10-19' }));
      expect(part.$metadata.httpStatusCode).toBe(206);
      expect(Buffer.from((await part.Body?.transformToByteArray()) ?? []).equals(Body.subarray(10, 20))).toBe(true);
    });

    it('streams a body with a trailing checksum', async () => {
      const { Readable } = await import('node:stream');
      const pieces = Array.from({ length: 20 }, () => randomBytes(50_000));
      await client().send(
        new sdk.s3.PutObjectCommand({
          Bucket,
          Key: 'streamed',
          Body: Readable.from(pieces),
          ContentLength: 1_000_000,
          ChecksumAlgorithm: 'CRC32C',
        }),
      );
      expect(cloud.s3Seen.headers?.['x-amz-trailer']).toBe('x-amz-checksum-crc32c');
      const head = await client().send(new sdk.s3.HeadObjectCommand({ Bucket, Key: 'streamed' }));
      expect([head.ContentLength, head.ContentEncoding]).toEqual([1_000_000, undefined]);
    });

    it('uploads in parts, copies, lists, deletes', async () => {
      const s3 = client();
      const Key = 'big/file';
      const { UploadId } = await s3.send(new sdk.s3.CreateMultipartUploadCommand({ Bucket, Key }));
      const parts = [randomBytes(5 << 20), randomBytes(1234)];
      const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (const [i, Body] of parts.entries()) {
        const { ETag } = await s3.send(
          new sdk.s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }),
        );
        Parts.push({ PartNumber: i + 1, ETag });
      }
      expect((await s3.send(new sdk.s3.ListPartsCommand({ Bucket, Key, UploadId }))).Parts).toHaveLength(2);
      await s3.send(new sdk.s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
      await s3.send(new sdk.s3.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
      const got = await s3.send(new sdk.s3.GetObjectCommand({ Bucket, Key: 'copy' }));
      expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat(parts))).toBe(true);
      const list = await s3.send(new sdk.s3.ListObjectsV2Command({ Bucket, Delimiter: '/' }));
      expect(list.CommonPrefixes?.map((p) => p.Prefix)).toEqual(['big/', 'dir/']);
      const all = await s3.send(new sdk.s3.ListObjectsV2Command({ Bucket }));
      const { Deleted } = await s3.send(
        new sdk.s3.DeleteObjectsCommand({
          Bucket,
          Delete: { Objects: (all.Contents ?? []).map(({ Key: k }) => ({ Key: k })) },
        }),
      );
      expect(Deleted).toHaveLength(all.KeyCount ?? -1);
      await s3.send(new sdk.s3.DeleteBucketCommand({ Bucket }));
    });
  });
}
