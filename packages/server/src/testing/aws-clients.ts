import { EC2Client } from '@aws-sdk/client-ec2';
import { STSClient } from '@aws-sdk/client-sts';
import type { Actor, TestApi } from './test-api.ts';

/** A key's AWS pair. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
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
  /** Replaces the form that the client would send; signed as it is. */
  readonly form?: string;
}

const configOf = (url: string, credentials: AwsKey, region = 'us-east-1') => ({
  endpoint: url,
  region,
  credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
  maxAttempts: 1,
});

/** Of the AWS SDK; nothing is tried twice. */
export function ec2Client(api: Pick<TestApi, 'awsUrl'>, key: AwsKey, options: ClientOptions = {}): EC2Client {
  return withOptions(new EC2Client(configOf(api.awsUrl, key, options.region)), options);
}

export function stsClient(api: Pick<TestApi, 'awsUrl'>, key: AwsKey, options: ClientOptions = {}): STSClient {
  return withOptions(new STSClient(configOf(api.awsUrl, key, options.region)), options);
}

function withOptions<Client extends EC2Client | STSClient>(client: Client, { headers, form }: ClientOptions): Client {
  const stack = (client as EC2Client).middlewareStack;
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
