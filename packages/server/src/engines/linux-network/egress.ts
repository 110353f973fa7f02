import { readFile } from 'node:fs/promises';
import type { PlatformNames } from '../names.ts';
import { runCommand, runInNamespace } from '../run-command.ts';
import { claimSlot } from '../slots.ts';
import { egressAddresses } from './addresses.ts';
import { hasRules, type Link, readLinks, runBatch } from './links.ts';
import { ensureCloudNamespace, ensureRoutingNamespace } from './namespaces.ts';
import { edgeRules, hostRules } from './rules.ts';

/**
 * 'host': VPCs reach out through the host's root namespace (a veth, a masquerading table of ours, ip_forward).
 * 'none': the root namespace is not touched; who gives the edge namespace a link named `out` with a default route is the outside.
 */
export type Egress = 'host' | 'none';

/** Makes the edge with its firewall, and the way out where it leads through the host. */
export async function ensureEdge(names: PlatformNames, egress: Egress): Promise<void> {
  await ensureCloudNamespace(names);
  await ensureRoutingNamespace(names.edgeNamespace);
  const rules = edgeRules();
  if (!(await hasRules(names.edgeNamespace, rules))) {
    await runInNamespace(names.edgeNamespace, 'nft', ['-f', '-'], { input: rules.text });
  }
  if (egress === 'host') await ensureWayOut(names);
}

async function ensureWayOut(names: PlatformNames): Promise<void> {
  const addresses = egressAddresses(await claimSlot(names));
  const links = await readLinks(names.edgeNamespace);
  if (!isWired(links?.get('out'), addresses.edge)) {
    const mtu = await readOutsideMtu();
    if (links?.has('out')) await runBatch(names.edgeNamespace, ['link delete dev out']);
    await runCommand('ip', ['link', 'delete', 'dev', names.egressLink], { okCodes: [0, 1] });
    await runBatch(undefined, [
      `link add name ${names.egressLink} mtu ${mtu} type veth peer name out mtu ${mtu} netns ${names.edgeNamespace}`,
      `addr add ${addresses.host}/30 dev ${names.egressLink}`,
      `link set dev ${names.egressLink} up`,
    ]);
    await runBatch(names.edgeNamespace, [
      `addr add ${addresses.edge}/30 dev out`,
      'link set dev out up',
      `route replace default via ${addresses.host}`,
    ]);
    await runCommand('sysctl', ['-q', '-w', `net.ipv6.conf.${names.egressLink}.disable_ipv6=1`], {
      okCodes: [0, 1, 255],
    });
  }
  const rules = hostRules(names.egressTable, names.egressLink, addresses.edge);
  if (!(await hasRules(undefined, rules))) await runCommand('nft', ['-f', '-'], { input: rules.text });
  if ((await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() !== '1') {
    await runCommand('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  }
}

const isWired = (link: Link | undefined, address: string): boolean =>
  link?.up === true && link.addresses.includes(`${address}/30`);

/** The MTU of the host's default route, so that no packet is too large only behind the edge. 1500 without a default route. */
async function readOutsideMtu(): Promise<number> {
  const { stdout } = await runCommand('ip', ['-j', 'route', 'show', 'default']);
  const device = (JSON.parse(stdout || '[]') as { dev?: string }[])[0]?.dev;
  if (device === undefined) return 1500;
  const mtu = Number(await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => ''));
  return mtu >= 576 && mtu <= 9000 ? mtu : 1500;
}

/** Takes our link and table out of the root namespace. ip_forward stays: others may have come to need it. */
export async function removeWayOut(names: PlatformNames): Promise<void> {
  await runCommand('ip', ['link', 'delete', 'dev', names.egressLink], { okCodes: [0, 1] });
  await runCommand('nft', ['delete', 'table', 'ip', names.egressTable], { okCodes: [0, 1] });
}
