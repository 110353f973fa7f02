import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { newId } from '../../kernel/ids.ts';
import type { Entry } from '../../kernel/registry.ts';
import { createSealer } from '../../kernel/seal.ts';
import { compileValidator } from '../../kernel/validate.ts';
import { composeRegistry } from '../../services.ts';
import type { Example } from '../../testing/example.ts';
import { EXAMPLES } from '../../testing/examples.ts';
import { fingerprintDatabase } from '../../testing/fingerprint-database.ts';
import { malformedInputs } from '../../testing/malformed-inputs.ts';
import { type Actor, type Answer, startTestApi, type TestApi, uniqueWord } from '../../testing/test-api.ts';

// Generated from the registry: what is refused to whom, and that a refusal leaves nothing behind. None is vacuous: the same call, with
// the same input, succeeds for the owner once the refusals are through.

const registry = composeRegistry({
  sealer: createSealer(new Map([[1, randomBytes(32)]])),
  region: 'us-east-1',
  platformId: '00000000-0000-7000-8000-0000000000ff',
});
const entries = [...registry.entries.values()];

let test: TestDatabase;
let api: TestApi;
let owner: Actor;
let stranger: Actor;
let allPermissions: readonly string[];

beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({
    database: test,
    live: {
      'instances.logs': {
        stream: async (ticket) =>
          (async function* log() {
            yield Buffer.from(`log of ${String(ticket.spec.instanceId)}`);
          })(),
      },
      'instances.terminal': {
        socket: async () => async (peer) => {
          for await (const _ of peer.messages);
        },
      },
      'instances.exec': async () => ({ exit_code: 0, stdout: 'out', stderr: '', truncated: false, timed_out: false }),
    },
  });
  owner = await api.makeActor();
  stranger = await api.makeActor();
  allPermissions = [...new Set(entries.flatMap((entry) => entry.permission ?? []))];
});
afterAll(async () => {
  await api.stop();
  await test.drop();
});

const exampleOf = (entry: Entry): Example => {
  const example = EXAMPLES[entry.service]?.[entry.verb];
  if (!example) throw new Error(`${entry.name} has no example: write one in services/*/examples.ts`);
  return example;
};
const inputOf = (entry: Entry, actor = owner) => exampleOf(entry).input(api.worldOf(actor));
const isGood = (entry: Entry, answer: Answer) =>
  expect(answer, `${entry.name}: ${answer.text}`).toMatchObject({ status: entry.status });

/** Makes the calls, each of which must be refused and change nothing. */
async function expectNoChange(calls: () => Promise<void>): Promise<void> {
  const before = await fingerprintDatabase(api.owner);
  await calls();
  expect(await fingerprintDatabase(api.owner)).toEqual(before);
}

async function withRole<T>(
  permissions: readonly string[],
  use: (member: Actor, role: string) => Promise<T>,
): Promise<T> {
  const role = uniqueWord();
  const { rows } = await api.owner.query<{ id: string }>(
    'insert into tenant_roles (tenant_id, name) values ($1, $2) returning id',
    [owner.tenantId, role],
  );
  for (const permission of permissions)
    await api.owner.query('insert into tenant_role_permissions (role_id, tenant_id, permission) values ($1, $2, $3)', [
      rows[0]!.id,
      owner.tenantId,
      permission,
    ]);
  return use(await api.makeMember(owner.tenantId, role), rows[0]!.id);
}

/** `it` where the test means something, else nothing at all: a test that does not apply is not a skipped one. */
const when = (applies: unknown): ((name: string, test: () => Promise<void>) => void) =>
  applies ? it : () => undefined;

it('every operation has an example', () => {
  for (const entry of entries) exampleOf(entry);
  const known = new Set(entries.map((entry) => entry.name));
  for (const [service, examples] of Object.entries(EXAMPLES))
    for (const verb of Object.keys(examples)) expect(known, 'an example of nothing').toContain(`${service}.${verb}`);
});

describe.each(entries.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
  const { descriptor } = entry;
  const isPublic = entry.scope === 'public';
  const bodied = descriptor.http.method !== 'GET' && descriptor.http.method !== 'DELETE';

  it('succeeds, answers as its schema says, and is written down once', async () => {
    const input = await inputOf(entry);
    const requestId = `test-${uniqueWord()}`;
    const counts = async () => {
      const { rows } = await api.owner.query<{ events: number; audits: number }>(
        'select (select count(*)::int from events) as events, (select count(*)::int from audit_logs) as audits',
      );
      return rows[0]!;
    };
    const before = await counts();
    const firstLog = api.logLines.length;
    const answer = await api.call(entry.name, input, owner, { headers: { 'x-request-id': requestId } });
    isGood(entry, answer);
    const after = await counts();

    if (entry.status !== 204 && (descriptor.answer ?? 'json') === 'json') {
      const validate = compileValidator(descriptor.output);
      const shown = descriptor.effect === 'list' ? (answer.data as object[]) : [answer.data as object];
      const members = Object.keys((descriptor.output as { properties?: object }).properties ?? {});
      for (const one of shown) {
        validate(one);
        expect(members).toEqual(expect.arrayContaining(Object.keys(one)));
      }
      expect(answer.meta).toMatchObject({ request_id: requestId, timestamp: expect.any(String) });
    }

    const written = entry.writes && entry.plane === 'control' ? 1 : 0;
    expect({ events: after.events - before.events, audits: after.audits - before.audits }).toEqual({
      events: written,
      audits: written,
    });
    const audits = await api.owner.query('select * from audit_logs where request_id = $1', [requestId]);
    expect(audits.rows).toHaveLength(written);
    const traces = [JSON.stringify(audits.rows), ...api.logLines.slice(firstLog)];
    if (written) {
      const subject = (input.id ?? answer.data?.id ?? answer.data?.user?.id) as string;
      expect(audits.rows[0]).toMatchObject({
        action: entry.audit,
        resource_type: entry.resource,
        resource_id: subject,
        outcome: 'allowed',
        ...(isPublic ? { user_id: subject } : { user_id: owner.userId, tenant_id: owner.tenantId }),
      });
      const events = await api.owner.query('select * from events order by seq desc limit 1');
      expect(events.rows[0]).toMatchObject({
        event_type: entry.event,
        resource_type: entry.resource,
        resource_id: subject,
      });
      traces.push(JSON.stringify(events.rows));
    }
    const secrets = [
      ...(descriptor.secrets ?? []).flatMap((member) => input[member] ?? []),
      ...(exampleOf(entry).secretOutput ?? []).map((member) => answer.data[member]),
      owner.key,
    ].map(String);
    for (const trace of traces) for (const secret of secrets) expect(trace).not.toContain(secret);
    // A fixture without its secrets would make the lines above say nothing.
    expect(secrets).toHaveLength(
      1 +
        (descriptor.secrets ?? []).flatMap((member) => input[member] as string).length +
        (exampleOf(entry).secretOutput?.length ?? 0),
    );
  });

  when(!isPublic)('is refused without a key, with a bad, a revoked or an expired one: 401', async () => {
    const input = await inputOf(entry);
    const keys = [
      undefined,
      `thecloud_${'0'.repeat(32)}`,
      await api.makeKey(owner, { revoked: true }),
      await api.makeKey(owner, { expired: true }),
    ];
    await expectNoChange(async () => {
      for (const key of keys) {
        const answer = await api.call(entry.name, input, key === undefined ? undefined : { key });
        expect(answer).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
      }
    });
    isGood(entry, await api.call(entry.name, input, owner));
  });

  when(!isPublic)('is refused in a tenant that the caller is no member of: 403', async () => {
    const input = await inputOf(entry);
    await expectNoChange(async () => {
      for (const tenant of [stranger.tenantId, newId()]) {
        const answer = await api.call(entry.name, input, owner, { headers: { 'x-tenant-id': tenant } });
        expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      }
      const garbled = await api.call(entry.name, input, owner, { headers: { 'x-tenant-id': 'mine' } });
      expect(garbled).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    });
    isGood(entry, await api.call(entry.name, input, owner, { headers: { 'x-tenant-id': owner.tenantId } }));
  });

  when(descriptor.target)("does not find another tenant's, nor what is not there: 404", async () => {
    const input = await inputOf(entry);
    await expectNoChange(async () => {
      const foreign = await api.call(entry.name, input, stranger);
      expect(foreign).toMatchObject({ status: 404, code: 'NOT_FOUND' });
      const missing = await api.call(entry.name, { ...input, [descriptor.target!.param]: newId() }, owner);
      expect(missing).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    });
    isGood(entry, await api.call(entry.name, input, owner));
  });

  when(descriptor.effect === 'list' && entry.scope === 'tenant')("lists nothing of another tenant's", async () => {
    const input = await inputOf(entry);
    const mine = await api.call(entry.name, input, owner);
    isGood(entry, mine);
    expect(mine.data.length).toBeGreaterThan(0);
    const theirs = await api.call(entry.name, input, await api.makeActor());
    isGood(entry, theirs);
    const isShared = (row: object) => !('tenant_id' in row);
    const ids = new Set((mine.data as { id: string }[]).filter((row) => !isShared(row)).map((row) => row.id));
    // What has no tenant is the platform's own catalogue, and the same for all.
    if (ids.size > 0) expect((theirs.data as { id: string }[]).filter((row) => ids.has(row.id))).toEqual([]);
    else expect(theirs.data).toEqual(mine.data);
  });

  when(entry.permission !== undefined)('is refused without its permission: 403, and that is audited', async () => {
    const others = allPermissions.filter((permission) => permission !== entry.permission);
    await withRole(others, async (member, roleId) => {
      const input = await inputOf(entry, member);
      const requestId = `test-${uniqueWord()}`;
      await expectNoChange(async () => {
        const answer = await api.call(entry.name, input, member, { headers: { 'x-request-id': requestId } });
        expect(answer, answer.text).toMatchObject({ status: 403, code: 'FORBIDDEN' });
        expect(answer.message).toContain(entry.permission);
      });
      const audits = await api.owner.query('select * from audit_logs where request_id = $1', [requestId]);
      expect(audits.rows).toHaveLength(1);
      expect(audits.rows[0]).toMatchObject({
        outcome: 'refused',
        action: entry.audit,
        user_id: member.userId,
        tenant_id: owner.tenantId,
      });
      for (const secret of (descriptor.secrets ?? []).flatMap((name) => input[name] as string))
        expect(JSON.stringify(audits.rows)).not.toContain(secret);
      await api.owner.query(
        'insert into tenant_role_permissions (role_id, tenant_id, permission) values ($1, $2, $3)',
        [roleId, owner.tenantId, entry.permission],
      );
      isGood(entry, await api.call(entry.name, input, member));
    });
  });

  it('is refused with a malformed input: 400', async () => {
    const input = await inputOf(entry);
    const flaws = malformedInputs(descriptor.input, input, { path: entry.pathParams, bodied });
    expect(flaws.length).toBeGreaterThan(0);
    const secrets = (descriptor.secrets ?? []).flatMap((name) => input[name] as string);
    await expectNoChange(async () => {
      for (const { flaw, input: malformed } of flaws) {
        const answer = await api.call(entry.name, malformed, owner);
        expect(answer, `${flaw}: ${answer.text.slice(0, 300)}`).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
        for (const secret of secrets) expect(answer.text).not.toContain(secret);
      }
      if (!bodied) return;
      const path = descriptor.http.path.replaceAll(/:(\w+)/g, (_all, member: string) => String(input[member]));
      for (const body of ['{', '[]', '7', '"text"', '{"__proto__": {"a": 1}}']) {
        const answer = await api.send(descriptor.http.method, path, { key: owner.key, body });
        expect(answer, `${body}: ${answer.text}`).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      }
    });
    isGood(entry, await api.call(entry.name, input, owner));
  });

  when(bodied)('is refused with a body that is too large: 413', async () => {
    const input = await inputOf(entry);
    await expectNoChange(async () => {
      const answer = await api.call(entry.name, { ...input, padding: 'x'.repeat(1024 * 1024) }, owner);
      expect(answer).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    });
    isGood(entry, await api.call(entry.name, input, owner));
  });

  when(entry.createdKind)('makes one thing when it is sent again with its Idempotency-Key', async () => {
    const input = await inputOf(entry);
    const headers = { 'idempotency-key': uniqueWord() };
    const first = await api.call(entry.name, input, owner, { headers });
    isGood(entry, first);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const other = await inputOf(entry);
    await expectNoChange(async () => {
      const again = await api.call(entry.name, input, owner, { headers });
      isGood(entry, again);
      expect(again.data.id).toBe(first.data.id);
      expect(again.headers['idempotency-replayed']).toBe('true');
      for (const member of exampleOf(entry).secretOutput ?? []) expect(again.data[member]).toBeUndefined();
      const mismatch = await api.call(entry.name, other, owner, { headers });
      expect(mismatch).toMatchObject({ status: 409, code: 'IDEMPOTENCY_MISMATCH' });
      const long = await api.call(entry.name, other, owner, { headers: { 'idempotency-key': 'k'.repeat(256) } });
      expect(long).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    });
    // The key is the tenant's own: a stranger's request with it is another one.
    isGood(entry, await api.call(entry.name, await inputOf(entry, stranger), stranger, { headers }));
    isGood(entry, await api.call(entry.name, other, owner));
  });

  when(entry.writes && descriptor.target)('is refused at a version that is not the newest: 409', async () => {
    const input = await inputOf(entry);
    const target = await api.database.transaction({ tenantId: owner.tenantId, userId: owner.userId }, (sql) =>
      entry.targetKind!.find(sql, owner.tenantId, String(input[descriptor.target!.param]), owner.userId),
    );
    const version = (target as unknown as { version?: number }).version;
    if (version !== undefined) {
      await expectNoChange(async () => {
        const stale = await api.call(entry.name, input, owner, { headers: { 'if-match': `"${version + 1}"` } });
        expect(stale, stale.text).toMatchObject({ status: 409, code: 'CONFLICT' });
        const garbled = await api.call(entry.name, input, owner, { headers: { 'if-match': 'yesterday' } });
        expect(garbled).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      });
    }
    isGood(entry, await api.call(entry.name, input, owner, { headers: { 'if-match': `"${version ?? 1}"` } }));
  });
});
