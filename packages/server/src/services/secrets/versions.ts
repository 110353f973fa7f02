import type { Static } from 'typebox';
import type { Sealer } from '../../kernel/seal.ts';
import type { Call } from '../../kernel/service.ts';
import { hasNoValue, versionExists } from './errors.ts';
import type { RevealedSecret } from './operations.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { LIMITS, type SecretRow } from './secret.ts';
import { changed, withVersion } from './stages.ts';
import { openValue, type SecretValue, sealValue } from './value.ts';
import { CURRENT, encodingOf, type VersionRow } from './version.ts';

type Inside = Pick<Call, 'sql' | 'tenantId' | 'now'>;

/** A read within this time of the last one that was noted is not noted: one write an hour, however often a secret is read. */
const ACCESS_MS = 3_600_000;

/**
 * Stores a value of a secret whose row the transaction has locked, and puts the stages at it. A version that has this id and value is answered as it is.
 * Throws SECRET_VERSION_EXISTS if it has another value.
 */
export async function storeVersion(
  { sql, tenantId, userId, now, newId }: Inside & Pick<Call, 'userId' | 'newId'>,
  sealer: Sealer,
  secret: Pick<SecretRow, 'id' | 'name'>,
  value: SecretValue,
  {
    id = newId(),
    stages: wanted = [CURRENT],
  }: { readonly id?: string | undefined; readonly stages?: readonly string[] | undefined },
): Promise<{ readonly version: VersionRow; readonly isNew: boolean }> {
  const secrets = createPgSecretRepository(sql);
  const same = await secrets.findSealed(tenantId, secret.id, { id });
  if (same) {
    const stored = openValue(sealer, tenantId, secret.id, same);
    if (stored.value !== value.text || same.is_binary !== value.isBinary) throw versionExists(secret.name, id);
    return { version: same, isNew: false };
  }
  const versions = await secrets.versions(tenantId, secret.id);
  const stages = withVersion(versions, id, wanted);
  await secrets.setStages(secret.id, changed(versions, stages), now);
  const version = await secrets.insertVersion({
    tenantId,
    secretId: secret.id,
    id,
    sealed: sealValue(sealer, tenantId, secret.id, value),
    size: value.size,
    isBinary: value.isBinary,
    userId,
    stages: stages.get(id) ?? [],
    at: now,
  });
  if (versions.length >= LIMITS.versions) await secrets.prune(secret.id, LIMITS.versions);
  return { version, isNew: true };
}

/** The value of a version, by default of the current one. Throws SECRET_HAS_NO_VALUE. */
export async function readSecret(
  { sql, tenantId, now }: Inside,
  sealer: Pick<Sealer, 'open'>,
  secret: SecretRow,
  which: { readonly id?: string | undefined; readonly stage?: string | undefined } = {},
): Promise<Static<typeof RevealedSecret>> {
  const { id, stage = id === undefined ? CURRENT : undefined } = which;
  const secrets = createPgSecretRepository(sql);
  const found = await secrets.findSealed(tenantId, secret.id, { id, stage });
  if (!found)
    throw hasNoValue(
      secret.name,
      id === undefined ? (stage === CURRENT ? 'value' : `version with the stage '${stage}'`) : `version '${id}'`,
    );
  const last = secret.last_accessed_at;
  if (!last || now.getTime() - last.getTime() >= ACCESS_MS) await secrets.noteAccess(secret.id, now);
  const { value } = openValue(sealer, tenantId, secret.id, found);
  return {
    id: secret.id,
    name: secret.name,
    value,
    encrypted_value: value,
    encoding: encodingOf(found),
    version_id: found.id,
    stages: [...found.stages],
    created_at: found.created_at.toISOString(),
  };
}
