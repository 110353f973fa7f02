import type { Handlers, Service } from '../../src/index.ts';
import { AwsError, loadModel, serve } from '../../src/index.ts';
import { sqsInMemory } from '../../examples/sqs-in-memory.ts';
import { type Running, start } from './harness.ts';
import { s3InMemory } from './s3.ts';

/** Small services in memory, served together, for clients of every kind. */
export async function startCloud(): Promise<Running & { s3Seen: ReturnType<typeof s3InMemory>['seen'] }> {
  let running: Running | undefined;
  const s3 = s3InMemory();
  const services: Service<string>[] = [
    serve<typeof import('@aws-sdk/client-sqs'), string>(
      loadModel('sqs'),
      sqsInMemory(() => (running as Running).url) as never,
    ),
    serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), s3.handlers),
    serve<typeof import('@aws-sdk/client-sns'), string>(loadModel('sns'), sns()),
    serve<typeof import('@aws-sdk/client-secrets-manager'), string>(loadModel('secretsmanager'), secrets()),
    serve<typeof import('@aws-sdk/client-lambda'), string>(loadModel('lambda'), lambda()),
    serve<typeof import('@aws-sdk/client-ec2'), string>(loadModel('ec2'), ec2()),
    serve<typeof import('@aws-sdk/client-iam'), string>(loadModel('iam'), {
      ListUsers: () => ({ Users: [], IsTruncated: false }),
      GetUser: () => {
        throw new AwsError('NoSuchEntityException', 'The user with name nobody cannot be found.');
      },
    }),
    serve<typeof import('@aws-sdk/client-sts'), string>(loadModel('sts'), {
      GetCallerIdentity: (_input, context) => ({
        Account: '000000000000',
        UserId: context.principal ?? '?',
        Arn: 'arn:aws:iam::000000000000:user/tester',
      }),
    }),
    serve<typeof import('@aws-sdk/client-scheduler'), string>(loadModel('scheduler'), {
      CreateSchedule: (input) => ({ ScheduleArn: `arn:aws:scheduler:::schedule/${input.Name}` }),
      GetSchedule: (input) => {
        throw new AwsError('ResourceNotFoundException', `Schedule ${input.Name} does not exist.`);
      },
    }),
    serve<typeof import('@aws-sdk/client-cloudwatch'), string>(loadModel('cloudwatch'), cloudwatch()),
  ];
  running = await start(services, { s3Domains: ['s3.localhost', 'localhost'] });
  return { ...running, s3Seen: s3.seen };
}

function sns(): Handlers<typeof import('@aws-sdk/client-sns'), string> {
  const topics = new Set<string>();
  return {
    CreateTopic(input) {
      const TopicArn = `arn:aws:sns:us-east-1:000000000000:${input.Name}`;
      topics.add(TopicArn);
      return { TopicArn };
    },
    ListTopics: () => ({ Topics: [...topics].map((TopicArn) => ({ TopicArn })) }),
    Publish(input) {
      if (!topics.has(input.TopicArn ?? '')) throw new AwsError('NotFoundException', 'Topic does not exist');
      const count = Object.keys(input.MessageAttributes ?? {}).length;
      return { MessageId: `${input.Message.length}-${count}` };
    },
    DeleteTopic: (input) => void topics.delete(input.TopicArn),
  };
}

function secrets(): Handlers<typeof import('@aws-sdk/client-secrets-manager'), string> {
  const kept = new Map<string, { text: string | undefined; bytes: Uint8Array | undefined; at: Date }>();
  return {
    CreateSecret(input) {
      if (kept.has(input.Name)) throw new AwsError('ResourceExistsException', 'It exists already.');
      kept.set(input.Name, { text: input.SecretString, bytes: input.SecretBinary, at: new Date(1_700_000_000_123) });
      return {
        ARN: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${input.Name}`,
        Name: input.Name,
        VersionId: input.ClientRequestToken ?? 'v',
      };
    },
    GetSecretValue(input) {
      const secret = kept.get(input.SecretId);
      if (!secret) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
      return {
        Name: input.SecretId,
        CreatedDate: secret.at,
        ...(secret.text === undefined ? {} : { SecretString: secret.text }),
        ...(secret.bytes === undefined ? {} : { SecretBinary: secret.bytes }),
      };
    },
  };
}

function lambda(): Handlers<typeof import('@aws-sdk/client-lambda'), string> {
  return {
    Invoke(input) {
      if (input.FunctionName === 'missing')
        throw new AwsError('ResourceNotFoundException', 'Function not found: missing', { members: { Type: 'User' } });
      return {
        StatusCode: input.InvocationType === 'Event' ? 202 : 200,
        ExecutedVersion: '$LATEST',
        Payload: Buffer.concat([Buffer.from('{"echo":'), input.Payload ?? Buffer.from('null'), Buffer.from('}')]),
      };
    },
    InvokeWithResponseStream(input) {
      async function* events() {
        for (const word of ['one ', 'two ', 'three']) yield { PayloadChunk: { Payload: Buffer.from(word) } };
        if (input.FunctionName === 'broken') throw new Error('the function died');
        yield { InvokeComplete: { LogResult: Buffer.from('done').toString('base64') } };
      }
      return { StatusCode: 200, ResponseStreamContentType: 'application/octet-stream', EventStream: events() };
    },
    ListFunctions: () => ({ Functions: [{ FunctionName: 'f', Runtime: 'nodejs22.x', MemorySize: 128 }] }),
  };
}

function ec2(): Handlers<typeof import('@aws-sdk/client-ec2'), string> {
  const instances = ['i-1', 'i-2', 'i-3'].map((InstanceId, i) => ({
    InstanceId,
    InstanceType: 't3.micro' as const,
    LaunchTime: new Date(1_700_000_000_000),
    State: { Code: 16, Name: i === 2 ? ('stopped' as const) : ('running' as const) },
    Tags: [{ Key: 'Name', Value: `web <${i}>` }],
  }));
  return {
    DescribeInstances(input) {
      for (const id of input.InstanceIds ?? []) {
        if (!instances.some((x) => x.InstanceId === id))
          throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      }
      const states = input.Filters?.find((f) => f.Name === 'instance-state-name')?.Values;
      const found = instances
        .filter((x) => !states || states.includes(x.State.Name))
        .filter((x) => !input.InstanceIds || input.InstanceIds.includes(x.InstanceId));
      return { Reservations: found.map((x) => ({ ReservationId: `r-${x.InstanceId}`, Instances: [x] })) };
    },
    CreateTags: () => {},
    RunInstances: (input) => ({
      ReservationId: 'r-new',
      Instances: [
        {
          InstanceId: 'i-new',
          ImageId: input.ImageId ?? '?',
          KeyName: input.TagSpecifications?.[0]?.Tags?.[0]?.Value ?? '?',
        },
      ],
    }),
  };
}

function cloudwatch(): Handlers<typeof import('@aws-sdk/client-cloudwatch'), string> {
  const data: { namespace: string; name: string; value: number; at: Date }[] = [];
  return {
    PutMetricData(input) {
      for (const d of input.MetricData ?? [])
        data.push({
          namespace: input.Namespace,
          name: d.MetricName,
          value: d.Value ?? 0,
          at: d.Timestamp ?? new Date(0),
        });
    },
    ListMetrics: () => ({ Metrics: data.map((d) => ({ Namespace: d.namespace, MetricName: d.name })) }),
    GetMetricStatistics: (input) => ({
      Label: input.MetricName,
      Datapoints: data
        .filter((d) => d.name === input.MetricName)
        .map((d) => ({ Timestamp: d.at, Average: d.value, Unit: 'Count' as const })),
    }),
  };
}
