import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findFlaws, readAudit, writeBill } from './supply-chain.mjs';

const root = join(import.meta.dirname, '..');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const digest = `sha512-${'a'.repeat(86)}==`;
const sound = { version: '1.0.0', integrity: digest, license: 'MIT' };
const flawsOf = (one: object) => findFlaws({ packages: { 'node_modules/x': { ...sound, ...one } } });

describe('the check of the lock file', () => {
  test('has nothing to say about ours', () => {
    expect(findFlaws(lock)).toEqual([]);
    expect(flawsOf({})).toEqual([]);
  });

  test.each([
    [{ integrity: undefined }, 'x 1.0.0 has no SHA-512 digest'],
    [{ integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, 'x 1.0.0 has no SHA-512 digest'],
    [{ resolved: 'git+ssh://git@example.com/x.git' }, "names where it comes from ('git+ssh://git@example.com/x.git')"],
    [{ license: 'GPL-3.0-only' }, 'has the licence GPL-3.0-only'],
    [{ license: undefined }, 'has the licence none'],
    [{ license: 'MPL-2.0' }, 'has the licence MPL-2.0'],
    [{ hasInstallScript: true }, 'runs a program when it is installed'],
  ])('refuses %j', (one, flaw) => {
    expect(flawsOf(one)).toEqual([expect.stringContaining(flaw)]);
  });

  test('allows a choice of licences with a good one, and others for tools that we pass on to nobody', () => {
    expect(flawsOf({ license: '(MIT OR GPL-3.0-only)' })).toEqual([]);
    expect(flawsOf({ license: 'MPL-2.0', dev: true })).toEqual([]);
    expect(flawsOf({ license: 'GPL-3.0-only', dev: true })).toHaveLength(1);
  });
});

interface Component {
  readonly 'bom-ref': string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly object[];
  readonly type: string;
}
interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

describe('the bill of materials', () => {
  const bill = JSON.parse(writeBill(lock)) as Bill;

  test('is the same each time', () => {
    expect(writeBill(lock)).toBe(writeBill(JSON.parse(JSON.stringify(lock))));
  });

  test('says what npm says: the same packages, digests, licences and dependencies', () => {
    const npm = JSON.parse(
      execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 1 << 25,
        env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
      }),
    ) as Bill;
    const isOurs = ({ 'bom-ref': ref }: Component) => ref.startsWith('@thecloud/');
    const show = ({ purl, hashes, licenses }: Component) => JSON.stringify({ purl, hashes, licenses });
    const theirs = npm.components.filter((one) => !isOurs(one)).map(show);
    const mine = bill.components.filter(({ type }) => type === 'library').map(show);
    expect(mine.length).toBeGreaterThan(300);
    expect(mine.sort()).toEqual([...new Set(theirs)].sort());
    const dependsOn = new Map(npm.dependencies.map((one) => [one.ref, [...one.dependsOn].sort()]));
    for (const { 'bom-ref': ref } of bill.components.filter(({ type }) => type === 'library'))
      expect(bill.dependencies.find((one) => one.ref === ref)?.dependsOn, ref).toEqual(dependsOn.get(ref));
  });

  test('names what comes from the distribution, and each part that something depends on', () => {
    const refs = bill.components.map((one) => one['bom-ref']);
    expect(refs).toEqual(expect.arrayContaining(['deb:postgresql', 'deb:incus-base', 'deb:nftables']));
    expect(new Set(refs).size).toBe(refs.length);
    const unknown = bill.dependencies.flatMap((one) => one.dependsOn).filter((ref) => !refs.includes(ref));
    expect(unknown).toEqual([]);
  });
});

describe('the answer of npm audit', () => {
  test('is serious from high on, and names the advisory', () => {
    const report = {
      vulnerabilities: {
        a: { severity: 'critical', range: '<2', via: [{ title: 'Runs anything', url: 'https://example.com/1' }] },
        b: { severity: 'high', range: '*', via: ['a'] },
        c: { severity: 'low', range: '<1', via: [] },
      },
    };
    expect(readAudit(`npm warn something\n${JSON.stringify(report)}\n`)).toEqual({
      serious: ['critical: a <2: Runs anything, https://example.com/1', 'high: b *: by a'],
      others: 1,
    });
    expect(readAudit('{"vulnerabilities":{}}')).toEqual({ serious: [], others: 0 });
  });

  test('is none where the registry gives none', () => {
    expect(readAudit('{"error":{"code":"ENOAUDIT"}}')).toBeUndefined();
    expect(readAudit('npm error network')).toBeUndefined();
  });
});
