import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient, createTenant, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, TINY, type Use } from './instances.ts';

const CLI = join(import.meta.dirname, '../../packages/cli/src/main.ts');

/** What a command came to. */
interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A colleague joins a team for an evening: invited, promoted, removed; and the trail tells it all. Each step is a command. */
export function describeEvening(use: Use): void {
  describe("a colleague's evening", () => {
    let owner: Client;
    let colleague: Client;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'thecloud-evening-'));
      owner = await createTenant(use(), 'team');
      colleague = await createTenant(use(), 'colleague');
      await createVpc(owner, 'net');
    }, 90_000);
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await deleteAll(use(), owner);
    }, 120_000);

    /** Runs `cloud` as somebody, in the team's tenant. */
    const cloud = (who: Client, ...words: readonly string[]): Promise<Ran> =>
      new Promise((resolve) => {
        const env = {
          PATH: process.env.PATH!,
          HOME: folder,
          CLOUD_ENDPOINT: use().address,
          CLOUD_API_KEY: who.key,
          CLOUD_TENANT_ID: owner.tenantId,
        };
        execFile(process.execPath, [CLI, ...words], { env, timeout: 60_000 }, (error, out, err) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
        );
      });
    const done = async (who: Client, ...words: readonly string[]): Promise<any> => {
      const ran = await cloud(who, ...words, '-o', 'json');
      expect(ran, words.join(' ')).toMatchObject({ code: 0 });
      return ran.out === '' ? undefined : JSON.parse(ran.out);
    };
    let hers: Client;

    test('before, she cannot even see that the team exists', async () => {
      expect((await cloud(colleague, 'vpcs', 'list')).err).toContain('not a member');
    });

    test('she is invited as a viewer, and accepts', async () => {
      await done(owner, 'invitations', 'create', colleague.email, '--role', 'viewer');
      const [invitation] = await colleague.ask('GET', '/invitations');
      expect(invitation).toMatchObject({ role: 'viewer' });
      await colleague.ask('POST', `/invitations/${invitation.id}/accept`);
    });

    test('she looks, and cannot touch', async () => {
      expect(await done(colleague, 'vpcs', 'list')).toMatchObject([{ name: 'net' }]);
      const tried = await cloud(colleague, 'instances', 'launch', 'hers', '--image', 'busybox');
      expect(tried.code).not.toBe(0);
      expect(tried.err).toContain('instance:launch');
      expect(await owner.ask('GET', '/instances')).toEqual([]);
    });

    test('promoted to developer, she launches', async () => {
      await done(owner, 'members', 'update', colleague.email, '--role', 'developer');
      const flags = ['--image', 'busybox', '--instance-type', TINY.id, '--vpc-id', 'net', '--wait'];
      expect(await done(colleague, 'instances', 'launch', 'hers', ...flags)).toMatchObject({ status: 'RUNNING' });
      const key = await done(colleague, 'keys', 'create', 'her-laptop');
      hers = createClient(use().address, key.key);
      expect(await done(hers, 'instances', 'list')).toMatchObject([{ name: 'hers' }]);
    });

    test('removed, her key is dead within a second, and what she made stays', async () => {
      await done(owner, 'members', 'remove', colleague.email, '--yes');
      await waitFor('her key to die', async () => (await hers.call('GET', '/vpcs')).status === 401, {
        deadlineMs: 1_000,
      });
      expect((await cloud(hers, 'vpcs', 'list')).code, 'not authenticated').toBe(3);
      expect(await done(owner, 'instances', 'list')).toMatchObject([{ name: 'hers', status: 'RUNNING' }]);
    });

    test('the trail tells it all, verifies, and a change of it is found', async () => {
      const rows: any[] = await owner.ask('GET', '/audit?limit=200');
      const told = rows.map(({ action, outcome }) => `${action} ${outcome}`).reverse();
      for (const wanted of [
        'invitation.create allowed',
        'invitation.accept allowed',
        'instance.launch refused',
        'member.update allowed',
        'instance.launch allowed',
        'api_key.create allowed',
        'member.remove allowed',
      ])
        expect(told).toContain(wanted);
      await use().query(`update reconcile set due_at = now(), ready = true where kind like 'sweep:audit%'`);
      const file = join(folder, 'trail.jsonl');
      const key = join(folder, 'key.json');
      const exported = await waitFor('the newest row to be covered', async () => {
        const ran = await cloud(owner, 'audit', 'export');
        return ran.out.split('"type":"uncovered"')[0]!.includes(rows[0].id) ? ran : undefined;
      });
      writeFileSync(file, exported.out);
      writeFileSync(key, (await cloud(owner, 'audit', 'public-key', '-o', 'json')).out);
      const verified = await cloud(owner, 'audit', 'verify', file, '--public-key', key);
      expect(verified, verified.err).toMatchObject({ code: 0 });
      const refused = rows.find((row) => row.action === 'instance.launch' && row.outcome === 'refused');
      const forge = (line: string) => (line.includes(refused.id) ? line.replace('"refused"', '"allowed"') : line);
      writeFileSync(file, exported.out.split('\n').map(forge).join('\n'));
      const forged = await cloud(owner, 'audit', 'verify', file, '--public-key', key);
      expect(forged.code).not.toBe(0);
      expect(forged.out + forged.err).toContain(refused.id);
    });
  });
}
