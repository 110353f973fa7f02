import type { Snippet } from '@thecloud/console';

/** What a program needs to act with a key. */
export interface KeyLines {
  readonly endpoint: string;
  /** The key; undefined: it is not known any more. */
  readonly key?: string | undefined;
  readonly aws?: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secret?: string | undefined;
  };
}

/** The lines that use a key: on the command line, by HTTP, and with what is built for AWS. */
export function linesOf({ endpoint, key = '<key>', aws }: KeyLines): readonly Snippet[] {
  return [
    {
      title: 'cloud',
      text: `export CLOUD_ENDPOINT=${endpoint}\nexport CLOUD_API_KEY=${key}\ncloud whoami`,
    },
    { title: 'curl', text: `curl -H 'X-API-Key: ${key}' ${endpoint}/instances` },
    ...(aws ? awsLines(aws) : []),
  ];
}

function awsLines({ endpoint, region, accessKeyId, secret = '<aws_secret_access_key>' }: NonNullable<KeyLines['aws']>) {
  return [
    {
      title: 'AWS environment',
      text: `export AWS_ENDPOINT_URL=${endpoint}
export AWS_DEFAULT_REGION=${region} AWS_REGION=${region}
export AWS_ACCESS_KEY_ID=${accessKeyId}
export AWS_SECRET_ACCESS_KEY=${secret}
aws sts get-caller-identity`,
    },
    {
      title: 'aws configure',
      text: `aws configure set aws_access_key_id ${accessKeyId} --profile thecloud
aws configure set aws_secret_access_key ${secret} --profile thecloud
aws configure set region ${region} --profile thecloud
aws configure set endpoint_url ${endpoint} --profile thecloud
aws sts get-caller-identity --profile thecloud`,
    },
    {
      title: 'boto3',
      text: `import boto3

session = boto3.Session(
    aws_access_key_id="${accessKeyId}",
    aws_secret_access_key="${secret}",
    region_name="${region}",
)
ec2 = session.client("ec2", endpoint_url="${endpoint}")
print(ec2.describe_instances()["Reservations"])`,
    },
  ];
}

const LOOPBACK = /^(localhost|127\.|\[::1\]$)/;
const EVERYWHERE = new Set(['0.0.0.0', '[::]']);

/**
 * Where this browser's machine reaches an address at which the platform listens: one that listens everywhere is at the page's own host. `isNear`:
 * it is reached from the platform's machine alone, and the page is on another.
 */
export function reachedAt(listens: string, pageHost: string): { readonly endpoint: string; readonly isNear: boolean } {
  const url = new URL(listens);
  if (EVERYWHERE.has(url.hostname)) url.hostname = pageHost;
  return {
    endpoint: url.href.replace(/\/$/, ''),
    isNear: LOOPBACK.test(url.hostname) && !LOOPBACK.test(pageHost),
  };
}

/** When a key ends that lasts so many days; undefined: never. */
export const endAfter = (days: number, now: number): string | undefined =>
  days === 0 ? undefined : new Date(now + days * 86_400_000).toISOString();
