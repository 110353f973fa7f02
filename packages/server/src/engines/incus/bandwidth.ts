import { hasNamespace } from '../linux-network/namespaces.ts';
import { runInNamespace } from '../run-command.ts';

/**
 * What an instance sends is limited by nftables on the host's end of its NIC: Incus' own way (limits.egress) needs the kernel's police
 * action, which not every kernel has. What it receives is limited by Incus (limits.ingress), which shapes and needs HTB only.
 */
/**
 * Packets a second. Each costs the kernel some 3 µs on its way through bridge and router, outside of the instance's limits, however small it is.
 * For each Mbit/s as many as there are in it of 1,250 bytes; a virtual link carries up to 64 KiB in one.
 */
const PACKETS_OF_MBIT = 100;
const LEAST_PACKETS = 10_000;
const MOST_PACKETS = 50_000;

const TABLE = 'bridge thecloud_limits';

/** Limits what comes in from the link, by name: it holds before the link is there, and when it comes back. */
export async function limitSending(cloudNamespace: string, link: string, mbps: number): Promise<void> {
  const rate = mbps * 125_000;
  // A tenth of a second, and never less than a few of the 64 KiB packets that a virtual link carries.
  const burst = Math.max(Math.round(rate / 10), 262_144);
  const packets = Math.min(MOST_PACKETS, Math.max(LEAST_PACKETS, mbps * PACKETS_OF_MBIT));
  const input = `add table ${TABLE}
add map ${TABLE} links { type ifname : verdict ; }
add chain ${TABLE} sent { type filter hook prerouting priority -400 ; policy accept ; }
flush chain ${TABLE} sent
add rule ${TABLE} sent iifname vmap @links
add chain ${TABLE} c_${link}
flush chain ${TABLE} c_${link}
add rule ${TABLE} c_${link} limit rate over ${packets}/second burst ${packets / 10} packets drop
add rule ${TABLE} c_${link} limit rate over ${rate} bytes/second burst ${burst} bytes drop
add element ${TABLE} links { "${link}" : jump c_${link} }
`;
  await runInNamespace(cloudNamespace, 'nft', ['-f', '-'], { input });
}

export async function unlimitSending(cloudNamespace: string, link: string): Promise<void> {
  if (!(await hasNamespace(cloudNamespace))) return;
  const input = `delete element ${TABLE} links { "${link}" }\ndelete chain ${TABLE} c_${link}\n`;
  const { code, stderr } = await runInNamespace(cloudNamespace, 'nft', ['-f', '-'], { input, okCodes: [0, 1] });
  // Never limited, or limited no more.
  if (code !== 0 && !/No such file/.test(stderr))
    throw new Error(`the limit of ${link} cannot be removed: ${stderr.trim()}`);
}
