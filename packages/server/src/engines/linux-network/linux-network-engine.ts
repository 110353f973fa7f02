import { abortable } from '../../kernel/abortable.ts';
import type { Availability } from '../../kernel/availability.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import type { NetworkEngine, NetworkName, NetworkSpec, SeenNetwork } from '../../services/vpcs/network-engine.ts';
import { findMissing } from '../availability.ts';
import { type NetworkNames, networkNames, networkNamesOfMark, type PlatformNames, platformNames } from '../names.ts';
import { runCommand } from '../run-command.ts';
import { removeRunFolder } from '../run-folder.ts';
import { releaseSlot } from '../slots.ts';
import { addressesOf, type NetworkAddresses } from './addresses.ts';
import { type Egress, ensureEdge, removeWayOut } from './egress.ts';
import { hasRules, hasTable, type Link, readLinks, runBatch, runBatchLoosely } from './links.ts';
import {
  endNameServer,
  ensureNameServer,
  findNameServer,
  readHostResolvers,
  removeAllNameServers,
  removeNameServer,
  writeNames,
} from './name-server.ts';
import { dropStaleNamespaceFile, hasNamespace, listNamespaces, namespacePath, removeNamespace } from './namespaces.ts';
import { routerRules } from './rules.ts';

export interface LinuxNetworkEngineOptions {
  readonly platformId: string;
  readonly egress: Egress;
  /** Host ends of the instances on a bridge, to reattach after the bridge was recreated: IncusComputeEngine.portsOf. */
  readonly portsOf?: (bridge: string) => Promise<readonly string[]>;
}

/** How many routers' firewalls one `list` looks at; each costs a process of 5 ms, so the rest are for later calls. */
const FIREWALLS_A_LOOK = 16;

/** Run in a new router. The proxy answers ARP for neighbours that port isolation keeps apart, and at once (the default waits up to 0.8 s). */
const ROUTER_SETTINGS = `
for f in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6 || :; done 2>/dev/null
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
echo 0 > /proc/sys/net/ipv4/conf/lan/send_redirects
echo 1 > /proc/sys/net/ipv4/conf/lan/proxy_arp_pvlan
echo 0 > /proc/sys/net/ipv4/neigh/lan/proxy_delay
exec nft -f -
`;

interface Parts {
  readonly cloud: ReadonlyMap<string, Link>;
  readonly edge: ReadonlyMap<string, Link>;
  readonly router: ReadonlyMap<string, Link> | undefined;
}

/** VPCs as network namespaces with nftables, on one host. Does nothing until it is called; several processes may have one. */
export class LinuxNetworkEngine implements NetworkEngine {
  readonly #platformId: string;
  readonly #platform: PlatformNames;
  readonly #egress: Egress;
  readonly #portsOf: (bridge: string) => Promise<readonly string[]>;
  /** One thing at a time for a VPC, and for the edge (the empty key). */
  readonly #lanes = new Map<string, Promise<unknown>>();
  #edgeChecked = false;
  #lookedAt = 0;

  constructor(options: LinuxNetworkEngineOptions) {
    this.#platformId = options.platformId;
    this.#platform = platformNames(options.platformId);
    this.#egress = options.egress;
    this.#portsOf = options.portsOf ?? (async () => []);
  }

  async availability(): Promise<Availability> {
    const missing = await findMissing('network');
    return missing === undefined ? { ok: true } : { ok: false, missing };
  }

  nameOf(vpcId: string): string {
    return networkNames(this.#platformId, vpcId).bridge;
  }

  async ensure(spec: NetworkSpec, signal?: AbortSignal): Promise<void> {
    const addresses = addressesOf(spec);
    const names = networkNames(this.#platformId, spec.vpcId);
    await this.#alone('', signal, () => this.#ensureEdgeOnce());
    await this.#alone(names.bridge, signal, () => this.#ensureNetwork(names, addresses, signal));
  }

  async setNames(vpcId: string, names: readonly NetworkName[], signal?: AbortSignal): Promise<void> {
    const network = networkNames(this.#platformId, vpcId);
    await this.#alone(network.bridge, signal, async () => {
      if (!(await hasNamespace(network.routerNamespace)))
        throw new EngineError('not_found', `no such network: ${network.bridge}`);
      await writeNames(this.#platform, network, names);
    });
  }

  async remove(vpcId: string, signal?: AbortSignal): Promise<void> {
    const names = networkNames(this.#platformId, vpcId);
    await this.#alone(names.bridge, signal, async () => {
      await removeNameServer(this.#platform, names);
      signal?.throwIfAborted();
      // The links first: those of a removed namespace go some time later, when the kernel gets to it.
      await Promise.all([
        this.#take(this.#platform.edgeNamespace, [names.uplink]),
        this.#take(this.#platform.cloudNamespace, [names.leg, names.bridge]),
      ]);
      await removeNamespace(names.routerNamespace);
    });
  }

  async list(): Promise<readonly SeenNetwork[]> {
    const [cloud, edge, namespaces] = await Promise.all([
      readLinks(this.#platform.cloudNamespace),
      readLinks(this.#platform.edgeNamespace),
      listNamespaces(`${this.#platform.namespacePrefix}r`),
    ]);
    const marks = new Set<string>();
    for (const name of [...(cloud?.keys() ?? []), ...(edge?.keys() ?? [])])
      if (/^[wlu][0-9a-f]{12}$/.test(name)) marks.add(name.slice(1));
    for (const name of namespaces) marks.add(name.slice(this.#platform.namespacePrefix.length + 1));
    const seen = [...marks].sort().map(async (mark): Promise<{ names: NetworkNames; healthy: boolean }> => {
      const names = networkNamesOfMark(this.#platformId, mark);
      const wired =
        cloud?.has(names.bridge) === true &&
        cloud.get(names.leg)?.up === true &&
        cloud.get(names.leg)?.master === names.bridge &&
        edge?.get(names.uplink)?.up === true;
      const healthy =
        wired &&
        (await hasNamespace(names.routerNamespace)) &&
        (await findNameServer(this.#platform, names)) !== undefined;
      return { names, healthy };
    });
    return this.#lookAtFirewalls(await Promise.all(seen));
  }

  async #lookAtFirewalls(seen: readonly { names: NetworkNames; healthy: boolean }[]): Promise<SeenNetwork[]> {
    const bare = new Set<string>();
    const from = seen.length === 0 ? 0 : this.#lookedAt % seen.length;
    const turn = [...seen.slice(from), ...seen.slice(0, from)].slice(0, FIREWALLS_A_LOOK);
    this.#lookedAt = from + turn.length;
    for (const { names, healthy } of turn) {
      if (healthy && !(await hasTable(names.routerNamespace, 'thecloud'))) bare.add(names.bridge);
    }
    return seen.map(({ names, healthy }) => ({ name: names.bridge, healthy: healthy && !bare.has(names.bridge) }));
  }

  async #ensureEdgeOnce(): Promise<void> {
    if (
      this.#edgeChecked &&
      (await hasNamespace(this.#platform.edgeNamespace)) &&
      (await hasNamespace(this.#platform.cloudNamespace))
    )
      return;
    await ensureEdge(this.#platform, this.#egress);
    this.#edgeChecked = true;
  }

  async #ensureNetwork(
    names: NetworkNames,
    addresses: NetworkAddresses,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const parts = await this.#look(names);
    const wired = isWhole(names, addresses, parts);
    const rules = routerRules(addresses);
    signal?.throwIfAborted();
    if (!wired) await this.#wire(names, addresses, parts);
    signal?.throwIfAborted();
    if (!wired || !(await hasRules(names.routerNamespace, rules))) {
      const args = [`--net=${namespacePath(names.routerNamespace)}`, '--', 'sh', '-ec', ROUTER_SETTINGS];
      await runCommand('nsenter', args, { input: rules.text });
    }
    signal?.throwIfAborted();
    // It is bound to the link that was there when it started.
    if (!wired && parts.router !== undefined) await endNameServer(this.#platform, names);
    const upstream = this.#egress === 'host' ? await readHostResolvers() : [];
    await ensureNameServer(this.#platform, names, addresses.gateway, upstream);
  }

  async #look(names: NetworkNames): Promise<Parts> {
    const [cloud, edge, router] = await Promise.all([
      readLinks(this.#platform.cloudNamespace),
      readLinks(this.#platform.edgeNamespace),
      hasNamespace(names.routerNamespace).then((there) => (there ? readLinks(names.routerNamespace) : undefined)),
    ]);
    if (cloud === undefined || edge === undefined)
      throw new EngineError('unavailable', 'the network namespaces of the platform were removed while in use');
    return { cloud, edge, router };
  }

  /** Makes the links that are missing. A pair with a missing end is recreated. */
  async #wire(names: NetworkNames, addresses: NetworkAddresses, parts: Parts): Promise<void> {
    const { cloud, edge, router } = parts;
    const { cloudNamespace, edgeNamespace } = this.#platform;
    const hasBridge = cloud.has(names.bridge);
    const hasLeg = cloud.has(names.leg) && router?.has('lan') === true;
    const hasUplink = edge.has(names.uplink) && router?.has('up') === true;
    // One end takes the other with it; the names must be free.
    if (!hasLeg && cloud.has(names.leg)) await this.#take(cloudNamespace, [names.leg]);
    if (!hasUplink && edge.has(names.uplink)) await this.#take(edgeNamespace, [names.uplink]);
    const made: string[] = [];
    if (router === undefined) {
      await dropStaleNamespaceFile(names.routerNamespace);
      made.push(`netns add ${names.routerNamespace}`);
    }
    // Made where they belong: none is ever seen in the root namespace.
    if (!hasBridge)
      made.push(`link add name ${names.bridge} netns ${cloudNamespace} type bridge stp_state 0 mcast_snooping 0`);
    if (!hasLeg)
      made.push(
        `link add name ${names.leg} netns ${cloudNamespace} type veth peer name lan address ${names.macs.lan} netns ${names.routerNamespace}`,
      );
    if (!hasUplink)
      made.push(
        `link add name ${names.uplink} address ${names.macs.uplink} netns ${edgeNamespace} type veth peer name up address ${names.macs.up} netns ${names.routerNamespace}`,
      );
    await runBatch(undefined, made);
    const ports = hasBridge ? [] : (await this.#portsOf(names.bridge)).filter((port) => cloud.has(port));
    await Promise.all([
      runBatch(cloudNamespace, [
        `link set dev ${names.bridge} up`,
        `link set dev ${names.leg} master ${names.bridge} up`,
        ...ports.flatMap((port) => [
          `link set dev ${port} master ${names.bridge}`,
          `link set dev ${port} type bridge_slave isolated on`,
        ]),
      ]),
      runBatch(edgeNamespace, [
        `addr flush dev ${names.uplink}`,
        `addr add ${addresses.edgeSide}/30 dev ${names.uplink}`,
        `link set dev ${names.uplink} up`,
      ]),
      runBatch(names.routerNamespace, [
        'link set dev lo up',
        'addr flush dev lan',
        `addr add ${addresses.gateway}/${addresses.prefix} dev lan`,
        'link set dev lan up',
        'addr flush dev up',
        `addr add ${addresses.routerSide}/30 dev up`,
        'link set dev up up',
        `route replace default via ${addresses.edgeSide} dev up onlink`,
      ]),
    ]);
  }

  async #take(namespace: string, links: readonly string[]): Promise<void> {
    if (!(await hasNamespace(namespace))) return;
    await runBatchLoosely(
      namespace,
      links.map((link) => `link delete dev ${link}`),
    );
  }

  /** Does the work when all that was asked before it has been done. The signal ends the waiting for either. */
  async #alone<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(key) ?? Promise.resolve();
    const begin = (): Promise<T> => {
      signal?.throwIfAborted();
      return work();
    };
    const mine = before.then(begin, begin);
    const settled = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#lanes.get(key) === settled) this.#lanes.delete(key);
      });
    this.#lanes.set(key, settled);
    return abortable(signal, mine);
  }
}

function isWhole(names: NetworkNames, addresses: NetworkAddresses, parts: Parts): boolean {
  const { cloud, edge, router } = parts;
  const leg = cloud.get(names.leg);
  const uplink = edge.get(names.uplink);
  return (
    cloud.has(names.bridge) &&
    leg?.up === true &&
    leg.master === names.bridge &&
    uplink?.up === true &&
    uplink.addresses.includes(`${addresses.edgeSide}/30`) &&
    router?.get('lan')?.addresses.includes(`${addresses.gateway}/${addresses.prefix}`) === true &&
    router.get('up')?.addresses.includes(`${addresses.routerSide}/30`) === true
  );
}

/**
 * Takes a platform's whole network away: routers, name servers, edge, way out, bridges, namespaces. For the end of the platform, after
 * its incusd was stopped; what is wanted comes back through `ensure` at the next start.
 */
export async function removePlatformNetwork(platformId: string): Promise<void> {
  const platform = platformNames(platformId);
  await removeAllNameServers(platform);
  await removeWayOut(platform);
  for (const namespace of await listNamespaces(platform.namespacePrefix)) await removeNamespace(namespace);
  await releaseSlot(platform);
  await removeRunFolder(platform);
}
