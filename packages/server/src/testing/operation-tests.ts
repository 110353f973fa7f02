import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { newId } from '../kernel/ids.ts';
import { compileValidator } from '../kernel/validate.ts';
import { emptyInputs, malformedInputs, wordless } from './malformed-inputs.ts';
import { LIBRARYS_WORDS, oddRequests, pathOf, sendOdd } from './odd-requests.ts';
import { expectNoTrace, mayChangeNothing } from './nothing-to-change.ts';
import { type OperationOptions, setUpOperations } from './operation-world.ts';
import { uniqueWord } from './test-api.ts';

/** `it` where the test means something, else nothing at all: a test that does not apply is not a skipped one. */
const when = (applies: unknown): ((name: string, test: () => Promise<void>) => void) =>
  applies ? it : () => undefined;

/**
 * Tests that follow from a registry: each operation succeeds and is written down once; what is refused to whom, and that a refusal leaves
 * nothing behind. None is vacuous: the same call, with the same input, succeeds for the owner once the refusals are through.
 */
export function testOperations(options: OperationOptions): void {
  const { registry } = options;
  const world = setUpOperations(options);
  const { callerOf, exampleOf, expectNoChange, inputOf, isGood, makeMemberWithout } = world;
  const entries = [...registry.entries.values()];

  it('every operation has an example', () => {
    for (const entry of entries) exampleOf(entry);
    for (const { name, examples } of registry.services)
      for (const verb of Object.keys(examples ?? {}))
        expect(registry.entries.has(`${name}.${verb}`), `${name}.${verb} is an example of nothing`).toBe(true);
  });

  describe.each(entries.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
    const { descriptor } = entry;
    const isPublic = entry.scope === 'public';
    const isAudited = entry.leavesTrace && entry.plane === 'control';
    const bodied = descriptor.http.method !== 'GET' && descriptor.http.method !== 'DELETE';
    const secretsIn = (input: Readonly<Record<string, unknown>>) =>
      (descriptor.secrets ?? []).flatMap((member) => (input[member] ?? []) as string);
    /** What the call is about, as the input names it. */
    const subjectIn = (input: Readonly<Record<string, unknown>>) => {
      const param = entry.targets.at(-1)?.param;
      return param === undefined ? undefined : String(input[param]);
    };

    it('succeeds, answers as its schema says, and is written down once', async () => {
      const { api, changes } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      const requestId = `test-${uniqueWord()}`;
      const firstLog = api.logLines.length;
      await changes.take();
      const answer = await api.call(entry.name, input, owner, { headers: { 'x-request-id': requestId } });
      const changed = await changes.take();
      isGood(entry, answer);

      if (answer.status !== 204 && entry.answer === 'json') {
        // An operation that is not a list may answer several things too, without pages: received messages.
        const items = (descriptor.output as { items?: TSchema }).items;
        const validate = compileValidator(items ?? descriptor.output);
        const isMany = descriptor.effect === 'list' || items !== undefined;
        const shown = isMany ? (answer.data as object[]) : [answer.data as object];
        const members = Object.keys(((items ?? descriptor.output) as { properties?: object }).properties ?? {});
        for (const one of shown) {
          validate(one);
          expect(members).toEqual(expect.arrayContaining(Object.keys(one)));
        }
        expect(answer.meta).toMatchObject({ request_id: requestId, timestamp: expect.any(String) });
      }

      const written = isAudited ? 1 : 0;
      for (const table of ['events', 'audit_logs'])
        expect(changed.filter((change) => change.endsWith(` ${table}`))).toEqual(
          Array(written).fill(`insert ${table}`),
        );
      if (!entry.leavesTrace && !descriptor.live) expect(changed).toEqual([]);
      const audits = await api.owner.query('select * from audit_logs where request_id = $1', [requestId]);
      expect(audits.rows).toHaveLength(written);
      const traces = [JSON.stringify(audits.rows), ...api.logLines.slice(firstLog)];
      if (isAudited) {
        const { id, user, resource } = answer.data ?? {};
        const about = await exampleOf(entry).about?.({ input, data: answer.data });
        // What answers with a sentence alone tells no subject.
        const subject = about?.id ?? subjectIn(input) ?? ((id ?? user?.id ?? resource) as string | undefined);
        expect(audits.rows[0]).toMatchObject({
          action: entry.audit,
          resource_type: entry.resource,
          outcome: 'allowed',
          request_id: requestId,
          ip_address: '127.0.0.1',
          key_id: isPublic ? null : owner.keyId,
          ...(subject === undefined ? {} : { resource_id: subject }),
          ...(isPublic ? {} : { user_id: owner.userId }),
          ...(isPublic && subject !== undefined ? { user_id: subject } : {}),
          ...(isPublic || entry.scope === 'operator' ? {} : { tenant_id: about?.tenantId ?? owner.tenantId }),
        });
        const events = await api.owner.query('select * from events order by seq desc limit 1');
        expect(events.rows[0]).toMatchObject({
          event_type: entry.event,
          resource_type: entry.resource,
          ...(subject === undefined ? {} : { resource_id: subject }),
        });
        traces.push(JSON.stringify(events.rows));
      }
      const shownOnce = descriptor.shownOnce ?? [];
      const secrets = [...secretsIn(input), ...shownOnce.map((member) => answer.data[member]), owner.key].map(String);
      for (const trace of traces) for (const secret of secrets) expect(trace).not.toContain(secret);
      // A fixture without its secrets would make the line above say nothing.
      for (const member of descriptor.secrets ?? []) expect(input).toHaveProperty(member);
      for (const member of shownOnce) expect(answer.data).toHaveProperty(member);
    });

    when(!isPublic)('is refused without a key, with a bad, a revoked or an expired one: 401', async () => {
      const { api } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
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

    when(!isPublic)('is refused in a tenant of which the caller is not a member: 403', async () => {
      const { api, stranger } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
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

    when(entry.scope === 'operator')('is refused to who is not the operator of the platform: 403', async () => {
      const { api, stranger } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      await expectNoChange(async () => {
        const answer = await api.call(entry.name, input, stranger);
        expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    when(entry.targetKind)("does not find another tenant's, nor what is not there: 404", async () => {
      const { api, stranger } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      await expectNoChange(async () => {
        const foreign = await api.call(entry.name, input, stranger);
        // The operator finds what is any tenant's, and nobody else learns whether it is there.
        const isOperators = entry.scope === 'operator';
        expect(foreign).toMatchObject(isOperators ? { status: 403 } : { status: 404, code: 'NOT_FOUND' });
        if (isOperators) {
          const { param } = entry.targets.at(-1)!;
          expect(await api.call(entry.name, { ...input, [param]: newId() }, stranger)).toMatchObject({ status: 403 });
        }
        for (const { param } of entry.targets) {
          const missing = await api.call(entry.name, { ...input, [param]: newId() }, owner);
          expect(missing).toMatchObject({ status: 404, code: 'NOT_FOUND' });
        }
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    when(descriptor.effect === 'list' && entry.scope === 'tenant' && !entry.targetKind)(
      "lists nothing of another tenant's",
      async () => {
        const { api } = world;
        const owner = await callerOf(entry);
        const input = await inputOf(entry, owner);
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
      },
    );

    when(entry.permission !== undefined)('is refused without its permission: 403, and that is audited', async () => {
      const { api } = world;
      const { member, grant } = await makeMemberWithout(entry.permission!);
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
        tenant_id: member.tenantId,
        key_id: member.keyId,
        ip_address: '127.0.0.1',
        request_id: requestId,
      });
      for (const secret of secretsIn(input)) expect(JSON.stringify(audits.rows)).not.toContain(secret);
      await grant();
      // With a key that was not used before: what the other one may read is remembered for a second.
      isGood(entry, await api.call(entry.name, input, { key: await api.makeKey(member) }));
    });

    it('is refused with a malformed input: 400', async () => {
      const { api } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      const kind = descriptor.creates ?? (descriptor.effect === 'update' ? entry.targets.at(-1)?.kind : undefined);
      const isNamed = 'name' in input && entries.some(({ targets }) => targets.some((target) => target.kind === kind));
      const flaws = malformedInputs(descriptor.input, input, { path: entry.pathParams, bodied, isNamed });
      expect(flaws.length).toBeGreaterThan(0);
      await expectNoChange(async () => {
        for (const { flaw, input: malformed } of flaws) {
          const answer = await api.call(entry.name, malformed, owner);
          expect(answer, `${flaw}: ${answer.text.slice(0, 300)}`).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
          expect(answer.message, flaw).not.toMatch(LIBRARYS_WORDS);
          for (const secret of secretsIn(input)) expect(answer.text).not.toContain(secret);
        }
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    it('can say in words what its schema wants', async () => {
      expect(wordless(descriptor.input)).toEqual([]);
      expect(wordless(descriptor.messages ?? {})).toEqual([]);
    });

    it('takes what is null or empty for left out, where that can be no value', async () => {
      const { api } = world;
      const takes = (member: TSchema, value: unknown) => Check(member, value);
      const { length } = emptyInputs(descriptor.input, {}, takes);
      for (let nth = 0; nth < length; nth++) {
        const owner = await callerOf(entry);
        const input = await inputOf(entry, owner);
        const empty = emptyInputs(descriptor.input, input, takes)[nth]!;
        // A query has no null and no empty list.
        const asText = Object.entries(empty).filter(([name, value]) => name in input || value === '');
        const answer = await api.call(entry.name, bodied ? empty : Object.fromEntries(asText), owner);
        isGood(entry, answer);
      }
    });

    it('answers with a sentence whatever a request holds', async () => {
      const { api } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      const path = pathOf(entry, (param) => encodeURIComponent(String(input[param])));
      const nowhere = pathOf(entry, () => newId());
      await expectNoChange(async () => {
        for (const odd of oddRequests(entry, path, nowhere)) {
          const answer = await sendOdd(api.url, odd, owner.key);
          const seen = `${odd.flaw}: ${answer.text.slice(0, 300)}`;
          if (odd.isHarmless && answer.status < 400) continue;
          expect(odd.status ?? [400, 404], seen).toContain(answer.status);
          expect(answer.message, seen).toMatch(/^.{10,400}$/s);
          expect(answer.message, seen).not.toMatch(LIBRARYS_WORDS);
        }
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    when(bodied)('is refused with a body that is too large: 413', async () => {
      const { api } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      await expectNoChange(async () => {
        const answer = await api.call(entry.name, { ...input, padding: 'x'.repeat(entry.bodyLimit) }, owner);
        expect(answer).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    when(descriptor.uses)(
      'is refused beyond a quota in words: what is used, the limit, and the way out: 429',
      async () => {
        const { api, owner } = world;
        const { tenantId } = owner;
        for (const resource of descriptor.uses!) {
          const input = await inputOf(entry);
          await api.owner.query(
            'insert into quotas (tenant_id, resource, max) values ($1, $2, 0) on conflict (tenant_id, resource) do update set max = 0',
            [tenantId, resource],
          );
          const { noun, free } = registry.quotas.get(resource)!;
          await expectNoChange(async () => {
            const answer = await api.call(entry.name, input, owner);
            expect(answer, answer.text).toMatchObject({ status: 429, code: 'QUOTA_EXCEEDED' });
            expect(answer.message).toMatch(
              new RegExp(
                `^quota '${resource}': \\d+ of 0 ${noun} are used, and this needs \\d+ more. ${free}, or ask the operator of the platform for more: cloud admin quotas set ${tenantId} ${resource} <max>$`,
              ),
            );
          });
          await api.owner.query('update quotas set max = 1000000000 where tenant_id = $1', [tenantId]);
        }
        isGood(entry, await api.call(entry.name, await inputOf(entry), owner));
      },
    );

    when(entry.idempotent)('does one thing when it is sent again with its Idempotency-Key', async () => {
      const { api, stranger } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      const headers = { 'idempotency-key': uniqueWord() };
      const first = await api.call(entry.name, input, owner, { headers });
      isGood(entry, first);
      expect(first.headers['idempotency-replayed']).toBeUndefined();
      const other = await inputOf(entry);
      await expectNoChange(async () => {
        const again = await api.call(entry.name, input, owner, { headers });
        isGood(entry, again);
        expect(again.headers['idempotency-replayed']).toBe('true');
        expect([again.data?.id, again.data?.version]).toEqual([first.data?.id, first.data?.version]);
        for (const member of descriptor.shownOnce ?? []) expect(again.data[member]).toBeUndefined();
        const mismatch = await api.call(entry.name, other, owner, { headers });
        expect(mismatch).toMatchObject({ status: 409, code: 'IDEMPOTENCY_MISMATCH' });
        const long = await api.call(entry.name, other, owner, { headers: { 'idempotency-key': 'k'.repeat(256) } });
        expect(long).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      });
      // The key is the tenant's own: a stranger's request with it is another one.
      const theirs = await api.call(entry.name, await inputOf(entry, stranger), stranger, { headers });
      isGood(entry, theirs);
      expect(theirs.headers['idempotency-replayed']).toBeUndefined();
      isGood(entry, await api.call(entry.name, other, owner));
    });

    when(isAudited && mayChangeNothing(entry))(
      'leaves no trace when there is nothing to change: no audit row, no event, no other version',
      () => expectNoTrace(world, entry),
    );

    when(entry.writes && !entry.idempotent)('refuses an Idempotency-Key, which it could not keep: 400', async () => {
      const { api } = world;
      const owner = await callerOf(entry);
      const input = await inputOf(entry, owner);
      await expectNoChange(async () => {
        const answer = await api.call(entry.name, input, owner, { headers: { 'idempotency-key': uniqueWord() } });
        expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      });
      isGood(entry, await api.call(entry.name, input, owner));
    });

    when(entry.writes && entry.plane === 'control' && entry.targetKind?.version)(
      'is refused at a version that is not the newest: 409',
      async () => {
        const { api } = world;
        const owner = await callerOf(entry);
        const input = await inputOf(entry, owner);
        const { tenantId, userId } = owner;
        const version = await api.database.transaction({ tenantId, userId }, async (sql) => {
          const found: unknown[] = [];
          for (const [place, kind] of entry.targetKinds.entries()) {
            const ref = String(input[entry.targets[place]!.param]);
            found.push(await kind.find(sql, { tenantId, userId, ref, lock: false, within: found.at(-1) }));
          }
          return entry.targetKind!.version!(found.at(-1));
        });
        await expectNoChange(async () => {
          const stale = await api.call(entry.name, input, owner, { headers: { 'if-match': `"${version + 1}"` } });
          expect(stale, stale.text).toMatchObject({ status: 409, code: 'CONFLICT' });
          const garbled = await api.call(entry.name, input, owner, { headers: { 'if-match': 'yesterday' } });
          expect(garbled).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
        });
        isGood(entry, await api.call(entry.name, input, owner, { headers: { 'if-match': `"${version}"` } }));
      },
    );
  });
}
