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

/**
 * A VPC's share of connection tracking. Its router, the edge and the host each have an entry for a connection outwards, in tables of one size
 * (nf_conntrack_max, 262,144 on a host with 4 GB and more) of which the last two are everybody's. With the timeouts below a VPC holds at most
 * 4,096 + 250/s × 10 s (closed ones, which are not counted) + 300/s × 15 s (queries of its name server) = 11,096 of them, one in 24. The rate stands before
 * the count, since counting goes through all that are there: 0.2 ms for 4,096, and without the rate 0.2 ms of a processor for each packet of a flood.
 */
const MOST_CONNECTIONS = 4_096;
const NEW_CONNECTIONS = 'limit rate over 250/second burst 1000 packets';

/**
 * What a VPC may ask its name server, and an instance of it: dnsmasq works outside of the tenant's limits, 30 to 100 µs for a query. Over TCP a
 * packet may hold many queries, so bytes count, and each connection costs a process.
 */
const QUERIES = 'limit rate over 300/second burst 1000 packets';
const QUERIES_OF_ONE = 'limit rate over 100/second burst 500 packets';
const TCP_QUERIES = 'limit rate over 20 kbytes/second burst 64 kbytes';
const TCP_OPENINGS = 'limit rate over 10/second burst 20 packets';

/**
 * Seconds that a connection without packets stays in a table. An open one has RFC 5382's 2 h 4 min and not Linux' 5 days, as those that nobody closed
 * count too; the same in all tables, or the host would keep what the router has forgotten and counts no longer.
 */
const TIMEOUTS = `ct timeout tcp_times {
protocol tcp; l3proto ip;
policy = { syn_sent: 20, syn_recv: 20, established: 7440, fin_wait: 20, close_wait: 60, last_ack: 20, time_wait: 10, close: 5, retrans: 60, unack: 60 }
}
ct timeout udp_times {
protocol udp; l3proto ip;
policy = { unreplied: 15, replied: 60 }
}
`;
const setTimeouts = (match: string): string => `${match} meta l4proto tcp ct timeout set "tcp_times"
${match} meta l4proto udp ct timeout set "udp_times"`;

/** In a VPC's router: `lan` is the leg on the VPC's bridge, `up` the uplink. What stays in the VPC needs no tracking. */
export function routerRules(addresses: NetworkAddresses): Ruleset {
  const { cidr, gateway } = addresses;
  return ruleset(
    'thecloud',
    `${TIMEOUTS}set askers {
type ipv4_addr; size 65536; flags dynamic,timeout; timeout 10s;
}
chain untracked {
type filter hook prerouting priority raw; policy accept;
iifname "lan" ip saddr ${cidr} ip daddr ${cidr} notrack
}
chain untracked_answers {
type filter hook output priority raw; policy accept;
oifname "lan" notrack
}
chain times {
type filter hook prerouting priority mangle; policy accept;
${setTimeouts('iifname "lan" ct state new')}
}
chain times_of_own {
type filter hook output priority mangle; policy accept;
${setTimeouts('oifname "up" ct state new')}
}
chain input {
type filter hook input priority filter; policy drop;
ct state established,related accept
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} udp dport 53 jump queries
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} tcp dport 53 jump tcp_queries
iifname "lan" ip saddr ${cidr} ip daddr ${gateway} icmp type echo-request accept
}
chain queries {
update @askers { ip saddr ${QUERIES_OF_ONE} } drop
${QUERIES} drop
accept
}
chain tcp_queries {
tcp flags & (syn | ack) == syn ${TCP_OPENINGS} drop
${TCP_QUERIES} drop
accept
}
chain forward {
type filter hook forward priority filter; policy drop;
ct state established,related accept
ct state invalid drop
ip saddr != ${cidr} drop
iifname "lan" oifname "lan" ip daddr ${cidr} accept
iifname "lan" ip daddr ${WIRE_SERVER} drop
iifname "lan" oifname "up" ip daddr != ${FORBIDDEN_DESTINATIONS} jump outwards
}
chain outwards {
${NEW_CONNECTIONS} drop
ct count over ${MOST_CONNECTIONS} drop
accept
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
    `${TIMEOUTS}chain times {
type filter hook prerouting priority mangle; policy accept;
${setTimeouts('iifname "u*" ct state new')}
}
chain input {
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
    `${TIMEOUTS}chain times {
type filter hook prerouting priority mangle; policy accept;
${setTimeouts(`iifname "${link}" ct state new`)}
}
chain input {
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
