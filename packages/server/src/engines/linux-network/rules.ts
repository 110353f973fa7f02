import { createHash } from 'node:crypto';
import { FORBIDDEN_DESTINATIONS, type NetworkAddresses, WIRE_SERVER } from './addresses.ts';

/**
 * The firewalls, as text for `nft -f`: each replaces its whole table in one transaction. An empty chain named after the text's hash
 * tells later whether the table is the wanted one.
 */
export interface Ruleset {
  readonly table: string;
  readonly generation: string;
  readonly text: string;
}

function ruleset(table: string, chains: string): Ruleset {
  const generation = `v_${createHash('sha256').update(chains).digest('hex').slice(0, 12)}`;
  const text = `table ip ${table}
delete table ip ${table}
table ip ${table} {
chain ${generation} {
}
${chains}}
`;
  return { table, generation, text };
}

/** In a VPC's router: `lan` is the leg on the VPC's bridge, `up` the uplink. */
export function routerRules(addresses: NetworkAddresses): Ruleset {
  const { cidr, gateway } = addresses;
  return ruleset(
    'thecloud',
    `chain input {
type filter hook input priority filter; policy drop;
ct state established,related accept
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} udp dport 53 accept
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} tcp dport 53 accept
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} icmp type echo-request accept
}
chain forward {
type filter hook forward priority filter; policy drop;
ct state established,related accept
ct state invalid drop
ip saddr != ${cidr} drop
iifname "lan" oifname "lan" ip daddr ${cidr} accept
iifname "lan" ip daddr ${WIRE_SERVER} drop
iifname "lan" oifname "up" ip daddr != ${FORBIDDEN_DESTINATIONS} accept
}
chain postrouting {
type nat hook postrouting priority srcnat; policy accept;
oifname "up" masquerade
}
`,
  );
}

/** In the edge: `u…` are the VPCs' uplinks, `out` is the way out, in either mode. */
export function edgeRules(): Ruleset {
  return ruleset(
    'thecloud',
    `chain input {
type filter hook input priority filter; policy drop;
ct state established,related accept
iifname "lo" accept
}
chain forward {
type filter hook forward priority filter; policy drop;
oifname "out" tcp flags syn tcp option maxseg size set rt mtu
ct state established,related accept
ct state invalid drop
iifname "u*" oifname "out" ip daddr != ${FORBIDDEN_DESTINATIONS} accept
}
chain postrouting {
type nat hook postrouting priority srcnat; policy accept;
oifname "out" masquerade
}
`,
  );
}

/** In the host's root namespace, only where egress is 'host'. Accepting policies: what is not ours is left alone. */
export function hostRules(table: string, link: string, edgeAddress: string): Ruleset {
  return ruleset(
    table,
    `chain input {
type filter hook input priority -10; policy accept;
iifname "${link}" ct state established,related accept
iifname "${link}" drop
}
chain forward {
type filter hook forward priority -10; policy accept;
iifname "${link}" ip daddr ${FORBIDDEN_DESTINATIONS} drop
iifname "${link}" oifname "tcx*" drop
oifname "${link}" ct state new drop
}
chain postrouting {
type nat hook postrouting priority srcnat; policy accept;
ip saddr ${edgeAddress} oifname != "${link}" masquerade
}
`,
  );
}
