import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Machine, Machines } from './userland.ts';

const obstacle = process.geteuid?.() === 0 ? undefined : 'it needs root';
if (obstacle !== undefined) console.warn(`NOT RUN, dpkg that was interrupted: ${obstacle}`);

/** A small one of those that the platform needs; what it brings is there in each of these states but the last. */
const NAME = 'busybox-static';
const MARK = '/var/lib/misc/thecloud-setup.packages';

/** Each in a copy of this machine, which is thrown away. */
describe.skipIf(obstacle !== undefined)("apt's packages", { timeout: 120_000 }, () => {
  const machines = obstacle === undefined ? new Machines() : undefined;
  let machine: Machine;
  const sh = (script: string): Promise<string> => machine.call('sh', ['-ec', script]);
  const setUp = (): Promise<string> =>
    machine.call('node', [
      '--input-type=module',
      '-e',
      `await (await import('/srv/thecloud/scripts/setup.mjs')).ensureSystemPackages()`,
    ]);

  beforeEach(async () => {
    if (machines === undefined) return;
    machine = machines.create('/');
    await machine.boot();
    await sh(
      `cd /tmp && { apt-get download ${NAME} || { apt-get update && apt-get download ${NAME}; }; } > /dev/null 2>&1`,
    );
  });
  afterEach(() => machine.remove());
  afterAll(() => machines?.remove());

  const expectWhole = async (): Promise<void> => {
    expect(await sh(`dpkg-query --show --showformat '\${Status}' ${NAME}`)).toBe('install ok installed');
    expect(await sh('dpkg --audit; ls /var/lib/dpkg/updates')).toBe('');
    expect(await sh(`ls ${MARK} /etc/postgresql-common/createcluster.d/thecloud-setup.conf 2> /dev/null || true`)).toBe(
      '',
    );
    // What is whole is not looked at again.
    expect(await setUp()).toBe('');
  };
  const edit = (from: string, to: string): string =>
    `sed -i '/^Package: ${NAME}$/,/^$/s/^Status: ${from}$/Status: ${to}/' /var/lib/dpkg/status`;

  test.each([
    ['unpacked and not configured', `dpkg --unpack /tmp/${NAME}_*.deb > /dev/null; echo ${NAME} > ${MARK}`],
    ['half unpacked', `${edit('install ok installed', 'install reinstreq half-installed')}; echo ${NAME} > ${MARK}`],
    [
      'in the journal of a dpkg that was killed',
      `dpkg --status ${NAME} | sed 's/^Status: .*/Status: install ok half-configured/' > /var/lib/dpkg/updates/0001; echo ${NAME} > ${MARK}`,
    ],
    [
      'fetched and not there, with another one interrupted',
      `dpkg --purge --force-depends ${NAME} > /dev/null 2>&1; dpkg --unpack /tmp/${NAME}_*.deb > /dev/null; rm /bin/busybox`,
    ],
  ])('that are %s are installed by the next start', async (_, script) => {
    await sh(script);
    await setUp();
    await expectWhole();
  });
});
