import { newAwsKeyPair, newAwsSessionToken } from '../../kernel/ids.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { ApiKeyRow } from './api-key.ts';

/** What an AWS client signs with. */
export interface AwsSecrets {
  readonly secretAccessKey: string;
  /** Of a temporary key: its requests carry it too. */
  readonly sessionToken?: string;
}

/** What the secret of a key is sealed for. */
const SECRET = 'aws-secret';
/** What the secret and the session token of a temporary key are sealed for: together, with a dot between. */
const SESSION = 'aws-session';

/** A new pair for a key of the tenant, with what is stored of it. */
export function newAwsSecrets(
  sealer: Pick<Sealer, 'seal'>,
  tenantId: string,
  kind: 'api' | 'temporary',
): AwsSecrets & { readonly accessKeyId: string; readonly sealed: string } {
  if (kind === 'api') {
    const pair = newAwsKeyPair('AKIA');
    return { ...pair, sealed: sealer.seal(tenantId, SECRET, pair.secretAccessKey) };
  }
  const pair = newAwsKeyPair('ASIA');
  const sessionToken = newAwsSessionToken();
  return { ...pair, sessionToken, sealed: sealer.seal(tenantId, SESSION, `${pair.secretAccessKey}.${sessionToken}`) };
}

/** Opens what is stored of a key. */
export function openAwsSecrets(
  sealer: Pick<Sealer, 'open'>,
  key: { readonly kind: ApiKeyRow['kind']; readonly tenantId: string; readonly sealed: string },
): AwsSecrets {
  if (key.kind !== 'temporary') return { secretAccessKey: sealer.open(key.tenantId, SECRET, key.sealed) };
  const [secretAccessKey = '', sessionToken = ''] = sealer.open(key.tenantId, SESSION, key.sealed).split('.');
  return { secretAccessKey, sessionToken };
}
