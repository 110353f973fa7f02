import { readFileSync } from 'node:fs';
import { loadModel } from '@thecloud/aws-protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AwsActions, AwsServiceId, AwsWorld } from '../../kernel/aws-actions.ts';
import { newAwsKeyPair } from '../../kernel/ids.ts';
import { allOperations } from '../../testing/all-operations.ts';
import {
  awsClient,
  awsCommand,
  type AwsKey,
  type ClientOptions,
  makeAwsKey,
  type MadeKey,
} from '../../testing/aws-clients.ts';
import { setUpOperations } from '../../testing/operation-world.ts';
import { type Actor, uniqueWord } from '../../testing/test-api.ts';

// Whatever an action does: who may not is refused in AWS's words, and nothing changes. Then the owner's same call succeeds. What a request must be
// to reach an action at all (skewed clocks, other regions, chunks) is tested in the other files here, once for all.

const options = allOperations();
const world = setUpOperations(options);
const parts: readonly AwsActions[] = options.registry.services.flatMap((service) => service.aws ?? []);
const actions = parts.flatMap((part) => Object.keys(part.actions).map((name) => [part.service, name, part] as const));

/** The reasons for which every action is refused, in the words of the service's protocol. */
interface Words {
  readonly forbidden: string;
  readonly unauthorized: string;
  readonly unsigned: string;
  readonly badSignature: string;
}
const EC2: Words = {
  forbidden: 'UnauthorizedOperation',
  unauthorized: 'AuthFailure',
  unsigned: 'AuthFailure',
  badSignature: 'SignatureDoesNotMatch',
};
const QUERY: Words = {
  forbidden: 'AccessDenied',
  unauthorized: 'InvalidClientTokenId',
  unsigned: 'MissingAuthenticationToken',
  badSignature: 'SignatureDoesNotMatch',
};
const JSON_AND_REST: Words = {
  forbidden: 'AccessDeniedException',
  unauthorized: 'UnrecognizedClientException',
  unsigned: 'MissingAuthenticationTokenException',
  badSignature: 'InvalidSignatureException',
};
const wordsOf = ({ service, errors }: AwsActions): Words => {
  const { protocols } = loadModel(service);
  const words = protocols.includes('ec2Query') ? EC2 : protocols.includes('awsQuery') ? QUERY : JSON_AND_REST;
  return errors?.['FORBIDDEN'] === undefined ? words : { ...words, forbidden: errors['FORBIDDEN'] };
};

interface Asked {
  /** `ok`, or the name of AWS's error. */
  readonly outcome: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly answer: object;
}

async function ask(
  service: AwsServiceId,
  action: string,
  input: object,
  key: AwsKey,
  how: ClientOptions = {},
): Promise<Asked> {
  const client = awsClient(service, world.api, key, how) as { send(command: unknown): Promise<object> };
  try {
    const { $metadata: _, ...answer } = (await client.send(awsCommand(service, action, input))) as {
      $metadata?: unknown;
    };
    return { outcome: 'ok', message: '', status: 200, answer };
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { outcome: name, message, status: $metadata?.httpStatusCode, answer: {} };
  }
}

/** Keys that may not, each for one reason, and who has them: made once for all actions. */
interface Refused {
  readonly who: string;
  readonly key: AwsKey;
  readonly code: keyof Words;
  readonly message: RegExp;
  /** Refused because of a permission, which some actions do not need. */
  readonly forPermission?: boolean;
}
const WHO = [
  'a key that was revoked',
  'a key that has expired',
  'a key that is for another network',
  'a key whose user is no member any more',
  'a key of a tenant that is suspended',
  'a role without its permission',
  'a key that is limited to another permission',
  'a key that does not exist',
] as const;
const FOR_PERMISSION: ReadonlySet<string> = new Set<(typeof WHO)[number]>([
  'a role without its permission',
  'a key that is limited to another permission',
]);
const refused = new Map<string, Refused>();
let good: MadeKey;
let foreign: MadeKey;
const accounts = new Map<string, string>();
const slugs = new Map<string, string>();

beforeAll(async () => {
  const { api, owner, stranger } = world;
  const sql = (text: string, ...values: unknown[]) => api.owner.query(text, values);
  const add = (who: (typeof WHO)[number], key: AwsKey, code: keyof Words, message: RegExp) =>
    refused.set(who, { who, key, code, message });
  const mine = () => makeAwsKey(api, owner);
  const change = async (key: MadeKey, text: string) => (await sql(text, key.keyId), key);
  good = await mine();
  foreign = await makeAwsKey(api, stranger);
  add(
    'a key that was revoked',
    await change(await mine(), 'update api_keys set revoked_at = now() where id = $1'),
    'unauthorized',
    /^this API key was revoked$/,
  );
  add(
    'a key that has expired',
    await change(await mine(), `update api_keys set expires_at = now() - interval '1 s' where id = $1`),
    'unauthorized',
    /has expired/,
  );
  add(
    'a key that is for another network',
    await change(await mine(), `update api_keys set cidrs = '{192.0.2.0/24}' where id = $1`),
    'forbidden',
    /^this API key works only from 192\.0\.2\.0\/24, and this call came from 127\.0\.0\.1$/,
  );
  add(
    'a key that is limited to another permission',
    await change(await mine(), `update api_keys set permissions = '{audit:read}' where id = $1`),
    'forbidden',
    /^this needs the permission '.*', and this API key is limited to audit:read$/,
  );
  const leaver = await api.makeMember(owner.tenantId, 'owner');
  const left = await makeAwsKey(api, leaver);
  await sql('delete from memberships where user_id = $1', leaver.userId);
  add('a key whose user is no member any more', left, 'unauthorized', /./);
  const roleless = await api.makeMember(owner.tenantId, 'owner');
  const without = await makeAwsKey(api, roleless);
  const role = uniqueWord();
  await sql('insert into tenant_roles (tenant_id, name) values ($1, $2)', owner.tenantId, role);
  await sql('update memberships set role = $2 where user_id = $1', roleless.userId, role);
  add('a role without its permission', without, 'forbidden', /^this needs the permission '.*', which the role '/);
  const late = await api.makeActor();
  const unpaid = await makeAwsKey(api, late);
  await sql(`update tenants set status = 'suspended' where id = $1`, late.tenantId);
  add('a key of a tenant that is suspended', unpaid, 'forbidden', /suspended/);
  add('a key that does not exist', newAwsKeyPair(), 'unauthorized', /does not exist/);
  for (const { tenantId } of [owner, stranger]) {
    const { rows } = await sql('select account_number, slug from tenants where id = $1', tenantId);
    accounts.set(tenantId, rows[0]!.account_number as string);
    slugs.set(tenantId, rows[0]!.slug as string);
  }
});

/** With the words that it gave out, which are nobody else's. */
function worldFor(actor: Actor): AwsWorld & { readonly words: string[] } {
  const words: string[] = [];
  const unique = () => {
    const word = uniqueWord();
    words.push(word);
    return word;
  };
  const accountNumber = accounts.get(actor.tenantId)!;
  return { ...world.api.worldOf(actor), unique, words, accountNumber, region: 'us-east-1', baseUrl: world.api.awsUrl };
}

it('there is an example of each action', () => {
  expect(actions.length).toBeGreaterThan(2);
  for (const { service, actions: own, examples } of parts)
    expect([service, Object.keys(examples).sort()]).toEqual([service, Object.keys(own).sort()]);
});

describe.each(actions)('%s %s', (service, action, part) => {
  const words = wordsOf(part);
  const example = part.examples[action]!;
  const required = (loadModel(service).operation(action).input?.members ?? []).filter(
    (member) => member.required && !member.traits.httpLabel,
  );
  const call = (input: object, key: AwsKey, how?: ClientOptions) => ask(service, action, input, key, how);
  let input: Readonly<Record<string, unknown>>;
  let made: ReturnType<typeof worldFor>;
  beforeAll(async () => {
    made = worldFor(world.owner);
    input = (await example.input(made)) as typeof input;
  });

  const refuses = (asking: () => Promise<Asked>, outcome: unknown, message: RegExp) =>
    world.expectNoChange(async () =>
      expect(await asking()).toMatchObject({ outcome, message: expect.stringMatching(message) }),
    );

  it('is refused without a signature, and with a wrong one', async () => {
    await refuses(() => call(input, good, { isUnsigned: true }), words.unsigned, /Authentication Token/);
    await refuses(() => call(input, { ...good, secretAccessKey: 'x'.repeat(40) }), words.badSignature, /signature/);
  });

  const those = WHO.filter((who) => !example.forEveryKey || !FOR_PERMISSION.has(who));
  it.each(those)('is refused to %s', async (who) => {
    const { key, code, message } = refused.get(who)!;
    await refuses(() => call(input, key), words[code], message);
  });

  const malformed: (name: string, test: () => Promise<void>) => void =
    required.length > 0 || example.malformed ? it : () => undefined;
  malformed('is refused with malformed input', async () => {
    const bad = [
      ...required.map(({ name }) => Object.fromEntries(Object.entries(input).filter(([key]) => key !== name))),
      ...(example.malformed?.(input) ?? []),
    ];
    await world.expectNoChange(async () => {
      for (const one of bad) {
        const { outcome, status } = await call(one, good);
        expect({ one, status }).toEqual({ one, status: 400 });
        expect([...Object.values(words), 'ok', 'SerializationException']).not.toContain(outcome);
      }
    });
  });

  const { foreign: notTheirs } = example;
  const withForeign: (name: string, test: () => Promise<void>) => void = notTheirs === undefined ? () => undefined : it;
  withForeign("is refused to another tenant's key", async () => {
    await refuses(() => call(input, foreign), notTheirs, /./);
  });

  it("is answered to the tenant's own key", async () => {
    const before = await performed();
    const own = await call(input, good);
    expect(own).toMatchObject({ outcome: 'ok' });
    const operations = [...(await performed())].filter(([name, count]) => count !== before.get(name));
    const page = readFileSync(`${import.meta.dirname}/../../../../../docs/reference/aws/${service}.md`, 'utf8');
    const told = page.split('\n').find((line) => line.startsWith(`| \`${action}\` |`));
    for (const [name] of operations) expect(told).toContain(`\`${name}\``);
    expect(operations).not.toEqual([]);
    if (notTheirs !== undefined) return;
    // Each tenant sees their own alone: neither the words that only this tenant's things have, nor its account.
    const asked = JSON.stringify(input);
    const shown = JSON.stringify(own.answer);
    const marks = [
      ...made.words,
      made.accountNumber,
      made.tenantId,
      slugs.get(made.tenantId)!,
      ...(shown.match(IDS) ?? []),
    ].filter((mark) => !asked.includes(mark) && shown.includes(mark));
    if (shown.includes('[')) expect(marks).not.toEqual([]);
    const other = await call(input, foreign);
    expect(other).toMatchObject({ outcome: 'ok' });
    expect(marks.filter((mark) => JSON.stringify(other.answer).includes(mark))).toEqual([]);
  });
});

/** How often each operation succeeded. */
async function performed(): Promise<ReadonlyMap<string, number>> {
  const text = await world.api.metrics.prometheus.getSingleMetricAsString('thecloud_operation_duration_seconds');
  const counts = text.matchAll(/_count\{operation="([\w.]+)",outcome="ok"\} (\d+)/g);
  return new Map([...counts].map(([, name, count]) => [name!, Number(count)]));
}

/** Ids of EC2's form. */
const IDS = /\b[a-z]+-[0-9a-f]{17}\b/g;
