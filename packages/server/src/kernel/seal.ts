import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { MASTER_KEY_BYTES, type MasterKeys, newestOf } from './master-keys.ts';

/**
 * Seals secrets at rest: AES-256-GCM with a key per tenant, derived from the master key by HKDF-SHA256 (RFC 5869).
 *
 * Format, in text: `v<key version>.<nonce>.<tag and ciphertext>`, base64url. The associated data is `<tenant>|<purpose>`, so that a
 * sealed value moved to another tenant or column does not open.
 */
export interface Sealer {
  seal(tenantId: string, purpose: string, plaintext: string): string;
  /** Throws when the value was altered, or sealed for another tenant or purpose, or under a key version that is not here. */
  open(tenantId: string, purpose: string, sealed: string): string;
  /** HMAC-SHA256 of a text as hex, under a key of the tenant's: compares inputs without telling what they were. */
  fingerprint(tenantId: string, text: string): string;
  /** The same under the older master keys, while a rotation runs: what was compared before it began. */
  olderFingerprints(tenantId: string, text: string): readonly string[];
}

/** Master keys (32 bytes each) by version; new values are sealed under the highest. The map may change later: see replaceKeys. */
export function createSealer(masterKeys: MasterKeys): Sealer {
  const derived = new Map<string, Buffer>();
  for (const [version, key] of masterKeys) {
    if (key.length !== MASTER_KEY_BYTES)
      throw new Error(`master key ${version} has ${key.length} bytes; it must have ${MASTER_KEY_BYTES}`);
  }
  if (masterKeys.size === 0) throw new Error('no master key');

  const keyOf = (version: number, tenantId: string, use = 'thecloud seal'): Buffer => {
    const master = masterKeys.get(version);
    if (!master) throw new Error(`sealed under master key ${version}, which is not here`);
    const cacheKey = `${version}|${tenantId}|${use}`;
    const known = derived.get(cacheKey);
    if (known) return known;
    const key = Buffer.from(hkdfSync('sha256', master, Buffer.from(tenantId), use, 32));
    // A derivation costs 21 µs; 10,000 tenants' keys are 1 MB.
    if (derived.size >= 10_000) derived.clear();
    derived.set(cacheKey, key);
    return key;
  };
  const associated = (tenantId: string, purpose: string) => Buffer.from(`${tenantId}|${purpose}`);

  const fingerprintUnder = (version: number, tenantId: string, text: string): string =>
    createHmac('sha256', keyOf(version, tenantId, 'thecloud fingerprint'))
      .update(text)
      .digest('hex');

  return {
    fingerprint: (tenantId, text) => fingerprintUnder(newestOf(masterKeys), tenantId, text),
    olderFingerprints: (tenantId, text) =>
      masterKeys.size === 1
        ? []
        : [...masterKeys.keys()]
            .filter((version) => version !== newestOf(masterKeys))
            .map((version) => fingerprintUnder(version, tenantId, text)),
    seal(tenantId, purpose, plaintext) {
      const newest = newestOf(masterKeys);
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keyOf(newest, tenantId), nonce);
      cipher.setAAD(associated(tenantId, purpose));
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return `v${newest}.${nonce.toString('base64url')}.${Buffer.concat([cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(tenantId, purpose, sealed) {
      const match = /^v(\d+)\.([\w-]+)\.([\w-]+)$/.exec(sealed);
      if (!match) throw new Error('not a sealed value');
      const rest = Buffer.from(match[3]!, 'base64url');
      const decipher = createDecipheriv(
        'aes-256-gcm',
        keyOf(Number(match[1]), tenantId),
        Buffer.from(match[2]!, 'base64url'),
      );
      decipher.setAAD(associated(tenantId, purpose));
      decipher.setAuthTag(rest.subarray(0, 16));
      return decipher.update(rest.subarray(16), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}
