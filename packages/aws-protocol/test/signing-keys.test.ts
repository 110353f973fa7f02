import { describe, expect, it } from 'vitest';
import type { Refusal, WireRequest } from '../src/index.ts';
import type { Claim } from '../src/sigv4/claim.ts';
import { type HmacKey, SigningKeys } from '../src/sigv4/keys.ts';
import { SignatureVerifier, sha256Hex } from '../src/sigv4/verify.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Refusal).reason;
  }
  return 'none';
}

describe('signing keys', () => {
  it('are kept, bounded, and never for another secret', () => {
    const keys = new SigningKeys(2);
    const scope = (id: string) => ({ id, date: 'd', region: 'r', service: 's' });
    const keep = (id: string, secret: string): HmacKey => {
      const key = keys.get(scope(id), secret);
      keys.keep(scope(id), secret, key);
      return key;
    };
    const first = keep('A', 's1');
    expect(keys.get(scope('A'), 's1')).toBe(first);
    const second = keep('A', 's2');
    expect(second.bytes.equals(first.bytes)).toBe(false);
    expect(keys.get(scope('A'), 's2')).toBe(second);
    expect(keys.get(scope('A'), 's1').bytes.equals(first.bytes)).toBe(true);
    keep('B', 's');
    keep('C', 's');
    expect(keys.get(scope('A'), 's2')).not.toBe(second);
    expect(keys.get(scope('A'), 's2').bytes.equals(second.bytes)).toBe(true);
  });

  it('are not kept for a caller who only knows the name of an access key, nor with a scope beyond measure', () => {
    const keys = new SigningKeys();
    const verifier = new SignatureVerifier({ keys });
    const body = Buffer.from('{}');
    const own = { secretAccessKey: KEY.secretAccessKey, principal: undefined };
    const ask = (request: WireRequest): { reason: string; isKept: boolean } => {
      const claim = verifier.claim(request) as Claim;
      const reason = reasonOf(() => verifier.check(request, claim, own, { bodyHash: () => sha256Hex(body) }));
      return {
        reason,
        isKept: keys.get(claim.scope, KEY.secretAccessKey) === keys.get(claim.scope, KEY.secretAccessKey),
      };
    };
    const signed = sign('sqs', 'POST', '/', {}, body);
    const authorization = (signed.headers['authorization'] as string).replace('us-east-1', 'us-east-2');
    expect(ask({ ...signed, headers: { ...signed.headers, authorization } })).toEqual({
      reason: 'signatureMismatch',
      isKept: false,
    });
    expect(ask(signed)).toEqual({ reason: 'none', isKept: true });
    const long = sign('sqs', 'POST', '/', {}, body, undefined, 'r'.repeat(1000));
    expect(ask(long)).toEqual({ reason: 'none', isKept: false });
  });
});
