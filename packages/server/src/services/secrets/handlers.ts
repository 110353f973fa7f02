import { has } from '../../kernel/changes.ts';
import { conflict, invalidInput, notFound } from '../../kernel/errors.ts';
import { randomBelow } from '../../kernel/ids.ts';
import { cursorBehind, pageRequest, toPage } from '../../kernel/page.ts';
import { countLive, listRows, refuseIdAsName } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Handlers, steps } from '../../kernel/service.ts';
import { filterOf } from './filters.ts';
import type { secretOperations } from './operations.ts';
import { randomPassword } from './password.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { LIMITS, type SecretRow, SECRETS } from './secret.ts';
import { changed, withMove } from './stages.ts';
import { readValue } from './value.ts';
import { presentVersion } from './version.ts';
import { readSecret, storeVersion } from './versions.ts';

type Ops = typeof secretOperations;

const DAY_MS = 86_400_000;
/** Rows that a filtered list looks at in one call. */
const MOST_LOOKED_AT = 1_000;
/** Versions are listed by their number, and so are their cursors. */
const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);

export const createSecretHandlers = (sealer: Sealer): Handlers<Ops, { secret: SecretRow }> => ({
  create: steps({
    async check({ input }) {
      refuseIdAsName(SECRETS, input.name);
      if (input.value !== undefined && input.generate_length !== undefined)
        throw invalidInput('value and generate_length exclude each other; leave one of them out');
      if (input.generate_length !== undefined)
        return readValue(randomPassword({ length: input.generate_length }, randomBelow));
      return input.value === undefined ? undefined : readValue(input.value, input.encoding);
    },
    quota: async ({ sql, tenantId }) => [
      { resource: 'secrets', used: await countLive(sql, SECRETS, tenantId), wanted: 1 },
    ],
    async run(call) {
      const { sql, input, createdId: id, tenantId, userId, now: at, checked: value } = call;
      const { name, description = null, labels = {} } = input;
      const row = await createPgSecretRepository(sql).insert({ id, userId, tenantId, name, description, labels, at });
      if (!row)
        throw conflict(
          `a secret named '${name}' already exists, or is being deleted and can be restored; choose another name`,
        );
      if (value) await storeVersion(call, sealer, row, value, { id: input.version_id });
      return row;
    },
  }),

  async list({ sql, input, tenantId }) {
    const page = pageRequest(input);
    const { filter = [], deleting = true } = input;
    if (filter.length === 0 && deleting)
      return toPage(await listRows(sql, SECRETS, tenantId, page), page.limit, (row) => row.id);
    const fits = filterOf(filter);
    const rows = await listRows(sql, SECRETS, tenantId, { ...page, limit: MOST_LOOKED_AT });
    const items: SecretRow[] = [];
    let looked = 0;
    while (looked < Math.min(rows.length, MOST_LOOKED_AT) && items.length < page.limit) {
      const row = rows[looked++]!;
      if ((deleting || row.deletes_at === null) && fits(row)) items.push(row);
    }
    return looked < rows.length ? { items, nextCursor: cursorBehind(rows[looked - 1]!.id) } : { items };
  },

  async reveal(call) {
    const { target, input } = call;
    if (target.deletes_at)
      throw conflict(`secret '${target.name}' is being deleted; to restore it: cloud secrets restore ${target.name}`);
    return readSecret(call, sealer, target, { id: input.version_id, stage: input.stage });
  },

  async update({ sql, input, target, now, unchanged }) {
    const { description } = input;
    if (description === undefined) throw invalidInput('nothing to change: give a description');
    if (has(target, { description })) return unchanged(target);
    return createPgSecretRepository(sql).describe(target.id, description, now);
  },

  async put(call) {
    const { input, target, tenantId } = call;
    const value = readValue(input.value, input.encoding);
    const { version, isNew } = await storeVersion(call, sealer, target, value, {
      id: input.version_id,
      stages: input.stages,
    });
    const stored = { ...presentVersion(version), secret_id: target.id, secret_name: target.name };
    if (!isNew) return call.unchanged(stored);
    await createPgSecretRepository(call.sql).touch(tenantId, target.id, call.now);
    return stored;
  },

  async versions({ sql, input, target, tenantId }) {
    const page = pageRequest(input, isNumber);
    const rows = await createPgSecretRepository(sql).listVersions(tenantId, target.id, page);
    const { items, ...more } = toPage(rows, page.limit, (row) => String(row.number));
    return { items: items.map(presentVersion), ...more };
  },

  async moveStage({ sql, input, target, tenantId, now, unchanged }) {
    const secrets = createPgSecretRepository(sql);
    const versions = await secrets.versions(tenantId, target.id);
    const stages = withMove(versions, input.stage, { from: input.remove_from, to: input.move_to });
    const moved = changed(versions, stages);
    if (moved.length === 0) return unchanged(target);
    await secrets.setStages(target.id, moved, now);
    return secrets.touch(tenantId, target.id, now);
  },

  async delete({ sql, input, target, now }) {
    const secrets = createPgSecretRepository(sql);
    const { force = false, recovery_days: days } = input;
    if (force && days !== undefined)
      throw invalidInput('force and recovery_days exclude each other; leave one of them out');
    if (force) {
      await secrets.remove(target.id);
      return { message: `secret '${target.name}' is deleted` };
    }
    const deletesAt =
      target.deletes_at && days === undefined
        ? target.deletes_at
        : new Date(now.getTime() + (days ?? LIMITS.recovery.max) * DAY_MS);
    await secrets.setDeletion(target.id, deletesAt, now);
    return {
      message: `secret '${target.name}' will be deleted at ${deletesAt.toISOString()}; to restore it: cloud secrets restore ${target.name}`,
    };
  },

  async restore({ sql, target, now, unchanged }) {
    if (target.deletes_at === null) return unchanged(target);
    if (target.deletes_at <= now) throw notFound('secret', target.name);
    return createPgSecretRepository(sql).setDeletion(target.id, null, now);
  },

  async setLabels({ sql, input, target, now, unchanged }) {
    const labels = { ...target.labels, ...input.labels };
    const count = Object.keys(labels).length;
    if (count > LIMITS.labels)
      throw invalidInput(
        `secret '${target.name}' would have ${count} labels, and ${LIMITS.labels} is the most; remove some first`,
      );
    if (has(target, { labels })) return unchanged(target);
    return createPgSecretRepository(sql).setLabels(target.id, labels, now);
  },

  async removeLabels({ sql, input, target, now, unchanged }) {
    const labels = Object.fromEntries(Object.entries(target.labels).filter(([key]) => !input.keys.includes(key)));
    if (has(target, { labels })) return unchanged(target);
    return createPgSecretRepository(sql).setLabels(target.id, labels, now);
  },

  randomPassword: async ({ input }) => ({ password: randomPassword(input, randomBelow) }),
});
