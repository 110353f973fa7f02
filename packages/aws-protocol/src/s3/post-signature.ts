import { createHmac } from 'node:crypto';
import { AwsError, Refusal } from '../errors.ts';
import { parseStamp } from '../sigv4/claim.ts';
import { deriveKey, hmacHex, sameText } from '../sigv4/keys.ts';
import type { CredentialProvider } from '../sigv4/verify.ts';
import { type Policy, parsePolicy } from './post-policy.ts';

type Fields = Readonly<Record<string, string>>;
type Credentials<P> = (accessKeyId: string) => ReturnType<CredentialProvider<P>>;

/** Who signed a form, and what the signature allows. */
export interface FormSigner<P> {
  readonly policy: Policy;
  readonly principal: P;
  readonly accessKeyId: string;
  /** Undefined for a signature of version 2, which names none. */
  readonly region: string | undefined;
}

/** Checks the signature of a form's policy, of version 4 or 2; undefined for a form that has neither policy nor signature. */
export async function verifyPolicy<P>(
  fields: Fields,
  credentials: Credentials<P>,
  now: () => number,
): Promise<FormSigner<P> | undefined> {
  const { policy } = fields;
  const v4 = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-signature'].some((name) => fields[name] !== undefined);
  const v2 = fields['awsaccesskeyid'] !== undefined || fields['signature'] !== undefined;
  if (policy === undefined) {
    if (v4 || v2) throw missingField('policy');
    return undefined;
  }
  const claim = v4 ? readV4(fields, policy, now()) : readV2(fields, policy);
  const credential = await credentials(claim.accessKeyId);
  if (!credential)
    throw new Refusal('unknownKey', 'The AWS access key ID that you provided does not exist in our records.');
  const token = fields['x-amz-security-token'];
  if (
    credential.sessionToken === undefined
      ? token !== undefined
      : token === undefined || !sameText(token, credential.sessionToken)
  ) {
    throw new Refusal('invalidToken', 'The security token included in the request is invalid.');
  }
  if (!sameText(claim.expected(credential.secretAccessKey), claim.signature))
    throw new Refusal('signatureMismatch', 'The signature of the form policy does not match.');
  return {
    policy: parsePolicy(policy),
    principal: credential.principal,
    accessKeyId: claim.accessKeyId,
    region: claim.region,
  };
}

interface FormClaim {
  readonly accessKeyId: string;
  readonly region: string | undefined;
  readonly signature: string;
  expected(secret: string): string;
}

function readV4(fields: Fields, policy: string, now: number): FormClaim {
  const signature = fields['x-amz-signature'];
  if (signature === undefined) throw missingField('x-amz-signature');
  const [accessKeyId, date, region, service, end] = (fields['x-amz-credential'] ?? '').split('/');
  const stamp = parseStamp(fields['x-amz-date'] ?? '');
  if (
    fields['x-amz-algorithm'] !== 'AWS4-HMAC-SHA256' ||
    !accessKeyId ||
    !date ||
    !region ||
    service !== 's3' ||
    end !== 'aws4_request' ||
    stamp === undefined
  ) {
    throw new Refusal(
      'incompleteSignature',
      'A form needs x-amz-algorithm AWS4-HMAC-SHA256, x-amz-credential, x-amz-date and x-amz-signature.',
    );
  }
  if (!(fields['x-amz-date'] as string).startsWith(date) || stamp > now + 900_000)
    throw new Refusal('expired', 'The form is not yet valid.');
  return {
    accessKeyId,
    region,
    signature,
    expected: (secret) => hmacHex(deriveKey(secret, date, region, 's3'), policy),
  };
}

/** boto3 signs forms so on endpoints that are not AWS's. The policy itself tells how long it holds. */
function readV2(fields: Fields, policy: string): FormClaim {
  const { awsaccesskeyid: accessKeyId, signature } = fields;
  if (!accessKeyId) throw missingField('AWSAccessKeyId');
  if (!signature) throw missingField('signature');
  return {
    accessKeyId,
    region: undefined,
    signature,
    expected: (secret) => createHmac('sha1', secret).update(policy).digest('base64'),
  };
}

export function missingField(name: string): AwsError {
  return new AwsError(
    'InvalidArgument',
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { members: { ArgumentName: name, ArgumentValue: '' } },
  );
}
