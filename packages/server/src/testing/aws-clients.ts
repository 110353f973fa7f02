import * as ec2 from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import * as scheduler from '@aws-sdk/client-scheduler';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import type { AwsServiceId } from '../kernel/aws-actions.ts';
import type { Actor, TestApi } from './test-api.ts';

/** A key's AWS pair. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a temporary key. */
  readonly sessionToken?: string;
}

export interface MadeKey extends AwsKey {
  readonly keyId: string;
  /** For the REST door. */
  readonly key: string;
  readonly actor: Actor;
}

/** Makes a key as people do. */
export async function makeAwsKey(api: TestApi, actor: Actor): Promise<MadeKey> {
  const { status, data, text } = await api.call('keys.create', { name: 'for AWS clients' }, actor);
  if (status !== 201) throw new Error(`no key: ${text}`);
  return {
    actor,
    key: data.key,
    keyId: data.id,
    accessKeyId: data.aws_access_key_id,
    secretAccessKey: data.aws_secret_access_key,
  };
}

export interface ClientOptions {
  readonly region?: string;
  /** More headers, which the signature does not cover. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves out what the signature is in. */
  readonly isUnsigned?: boolean;
  /** Replaces the form that the client would send; signed as it is. */
  readonly form?: string;
}

const configOf = (url: string, credentials: AwsKey, region = 'us-east-1') => ({
  endpoint: url,
  region,
  credentials: {
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
  },
  maxAttempts: 1,
});

interface AnyClient {
  send(command: unknown): Promise<object>;
  readonly middlewareStack: Pick<ec2.EC2Client['middlewareStack'], 'add'>;
}
type Config = ReturnType<typeof configOf>;

/** Of the AWS SDK: a service's client, and the module that holds its commands. */
const CLIENTS = {
  ec2: [ec2, ec2.EC2Client],
  iam: [iam, iam.IAMClient],
  scheduler: [scheduler, scheduler.SchedulerClient],
  secretsmanager: [secretsmanager, secretsmanager.SecretsManagerClient],
  sqs: [sqs, sqs.SQSClient],
  sts: [sts, sts.STSClient],
} satisfies Record<AwsServiceId, readonly [module: object, client: new (config: Config) => unknown]>;

/** A client of the AWS SDK; nothing is tried twice. */
export function awsClient<Service extends AwsServiceId>(
  service: Service,
  api: Pick<TestApi, 'awsUrl'>,
  key: AwsKey,
  options: ClientOptions = {},
): InstanceType<(typeof CLIENTS)[Service][1]> {
  const Client = CLIENTS[service][1] as new (config: Config) => AnyClient;
  const client = new Client(configOf(api.awsUrl, key, options.region));
  return withOptions(client, options) as InstanceType<(typeof CLIENTS)[Service][1]>;
}

/** The command of an action by its name, for {@link awsClient}. */
export function awsCommand(service: AwsServiceId, action: string, input: object): unknown {
  const commands = CLIENTS[service][0] as unknown as Readonly<Record<string, new (input: object) => unknown>>;
  return new commands[`${action}Command`]!(input);
}

type Made<Service extends AwsServiceId> = (
  api: Pick<TestApi, 'awsUrl'>,
  key: AwsKey,
  options?: ClientOptions,
) => InstanceType<(typeof CLIENTS)[Service][1]>;

export const ec2Client: Made<'ec2'> = (...args) => awsClient('ec2', ...args);
export const stsClient: Made<'sts'> = (...args) => awsClient('sts', ...args);

function withOptions(client: AnyClient, { headers, form, isUnsigned }: ClientOptions): AnyClient {
  const stack = client.middlewareStack;
  if (isUnsigned)
    stack.add(
      (next) => (args) => {
        delete (args.request as { headers: Record<string, string> }).headers['authorization'];
        return next(args);
      },
      { step: 'finalizeRequest', name: 'unsigned', priority: 'low' },
    );
  if (form !== undefined)
    stack.add(
      (next) => (args) => {
        const request = args.request as { body?: string; headers: Record<string, string> };
        request.body = form;
        request.headers['content-length'] = String(Buffer.byteLength(form));
        return next(args);
      },
      { step: 'build', name: 'form', priority: 'low' },
    );
  if (headers)
    stack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
        return next(args);
      },
      { step: 'finalizeRequest', name: 'headers', priority: 'low' },
    );
  return client;
}
