import { Refusal } from '@thecloud/aws-protocol';
import { refuseSuspended } from '../../kernel/authorise.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { translateDatabaseError } from '../../kernel/database-errors.ts';
import { denied, forbidden, unauthorized } from '../../kernel/errors.ts';
import { isAwsAccessKeyId } from '../../kernel/ids.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { createShortMemory } from '../../kernel/short-memory.ts';
import { createCoalescer } from '../../kernel/sql/coalescer.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { type Authenticator, type KeyRow, subjectsOf } from '../../services/identity/index.ts';
import { type AwsSecrets, openAwsSecrets } from '../../services/keys/index.ts';

/** A row of the function authenticate_aws_keys. */
interface AwsKeyRow extends KeyRow {
  readonly key_tenant_id: string;
  readonly account_number: string | null;
  readonly secret_sealed: string;
}

/** An access key that there is; whether it is still good is asked when its signature has been checked. */
export interface KnownKey {
  readonly keyId: string;
  readonly tenantId: string;
  readonly secrets: AwsSecrets;
  /**
   * Whose it is. Throws a refusal when it is a temporary key that has expired, UNAUTHORIZED when it was revoked or has expired, FORBIDDEN when its tenant is suspended or its user is not a member there:
   * at this door everything is done in an account. FORBIDDEN too when the key is not for the address.
   */
  judge(address: string): { readonly caller: Caller; readonly accountNumber: string };
}

export interface AwsCredentials {
  /** Undefined: there is no such access key. Throws UNAVAILABLE when the database is away. */
  find(accessKeyId: string): Promise<KnownKey | undefined>;
}

export function createAwsCredentials(options: {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly authenticator: Pick<Authenticator, 'judge' | 'changes'>;
  readonly clock: Clock;
}): AwsCredentials {
  const { database, sealer, authenticator, clock } = options;
  const known = createShortMemory<KnownKey & { readonly isStale: () => boolean }>(clock);

  const lookups = createCoalescer<string, AwsKeyRow | undefined>({
    maxBatch: 200,
    maxInFlight: 2,
    maxQueue: 5_000,
    async flush(accessKeyIds) {
      const rows = await database.query<AwsKeyRow>(
        'identity.authenticate_aws',
        `select place, key_id, key_kind, key_tenant_id, key_permissions, key_cidrs, expires_at, revoked_at, user_id, email, user_role, user_closed_at,
           tenant_id, tenant_status, membership_role, permissions, lacks_second_factor, user_suspension, tenant_status_reason, key_all_tenants, account_number, secret_sealed, scope_token
         from authenticate_aws_keys($1)`,
        [accessKeyIds],
      );
      const byPlace = new Map(rows.map((row) => [row.place, row]));
      return accessKeyIds.map((_, index) => byPlace.get(index + 1));
    },
  });

  const look = async (accessKeyId: string) => {
    const mark = authenticator.changes.mark();
    const row = await lookups
      .call(accessKeyId)
      .catch((error: unknown) => Promise.reject(translateDatabaseError(error).error));
    return (
      row && {
        keyId: row.key_id,
        tenantId: row.key_tenant_id,
        isStale: () => authenticator.changes.since(mark, subjectsOf(row)),
        secrets: openAwsSecrets(sealer, { kind: row.key_kind, tenantId: row.key_tenant_id, sealed: row.secret_sealed }),
        judge(address: string) {
          refuseExpired(row, clock.now());
          const caller = authenticator.judge(row, address);
          refuseSuspended(caller);
          if (row.membership_role === null || row.account_number === null)
            throw denied(forbidden('the user of this access key is not a member of its tenant'), {
              userId: row.user_id,
              keyId: row.key_id,
              tenantId: row.key_tenant_id,
            });
          return { caller, accountNumber: row.account_number };
        },
      }
    );
  };

  return {
    // A key that was revoked is good for a second at most. Made-up ones throw out none that are used: what is not there is not kept.
    async find(accessKeyId) {
      if (!isAwsAccessKeyId(accessKeyId)) return undefined;
      const found = await known.get(accessKeyId, () => look(accessKeyId));
      if (!found?.isStale()) return found;
      known.forget(accessKeyId);
      return known.get(accessKeyId, () => look(accessKeyId));
    },
  };
}

/** Clients get themselves new credentials when they are told this, and not when a key is unknown. */
function refuseExpired({ key_kind: kind, revoked_at: revokedAt, expires_at: end }: KeyRow, now: number): void {
  if (kind !== 'temporary' || revokedAt || !end || end.getTime() > now) return;
  const cause = unauthorized('The security token included in the request is expired');
  throw new Refusal('expiredToken', cause.message, { cause });
}
