import { has } from '../../kernel/changes.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Handlers } from '../../kernel/service.ts';
import { nextRotation, rotate } from './rotation.ts';
import type { rotationOperations } from './rotation-operations.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { DEFAULT_ROTATION_LENGTH, type SecretRow } from './secret.ts';

export const createRotationHandlers = (sealer: Sealer): Handlers<typeof rotationOperations, { secret: SecretRow }> => ({
  async rotate(call) {
    const { row, isNew } = await rotate(call, sealer, call.target, call.input.version_id);
    return isNew ? row : call.unchanged(row);
  },

  async setRotation({ sql, input, target, now, unchanged }) {
    const wanted = { rotation_days: input.days, rotation_length: input.length ?? DEFAULT_ROTATION_LENGTH };
    if (has(target, wanted)) return unchanged(target);
    const at = nextRotation(target.rotated_at ?? now, input.days);
    return createPgSecretRepository(sql).setRotation(target.id, { ...wanted, rotates_at: at }, now);
  },

  async cancelRotation({ sql, target, now, unchanged }) {
    if (target.rotation_days === null) return unchanged(target);
    const none = { rotation_days: null, rotation_length: null, rotates_at: null };
    return createPgSecretRepository(sql).setRotation(target.id, none, now);
  },
});
