import { compatFilter } from './compat-filter.ts';

/**
 * What an instance may ask of the kernel, as lines of LXC's seccomp policy (a deny-list: Incus adds its own, which refuses modules, kexec and
 * open_by_handle_at). LXC gives each line to every ABI that the kernel has, whatever section it is in, but for the calls for sockets of 32-bit x86:
 * see compat-filter.ts.
 */

/**
 * Families of sockets that instances use: UNIX, INET, INET6, NETLINK, PACKET. Every other family is refused, whichever the kernel has: most
 * know no namespaces (VSOCK reaches the host, ALG the kernel's own cryptography), and all are seldom used and so seldom tested.
 */
const FAMILIES = [1, 2, 10, 16, 17] as const;
/** The same of AF_NETLINK: ROUTE, USERSOCK, SOCK_DIAG, AUDIT, NETFILTER, KOBJECT_UEVENT, GENERIC. */
const NETLINK_PROTOCOLS = [0, 2, 4, 9, 12, 15, 16] as const;

const AF_NETLINK = 16;

/** What makes sockets. The kernel makes both of a pair before it says that their family has no pairs, which is most. */
const MAKERS = ['socket', 'socketpair'];

const CLONE_NEWNET = 0x40000000;

const EPERM = 1;
const ENOSYS = 38;
const ENOPROTOOPT = 92;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

/** Pure: conditions on one argument that hold for each number but those allowed. The kernel looks at the lower 32 bits: what has others is refused. */
function allBut(argument: number, allowed: readonly number[]): string[] {
  const last = Math.max(...allowed);
  const refused = Array.from({ length: last }, (_, value) => value).filter((value) => !allowed.includes(value));
  return [...refused.map((value) => `[${argument},${value},SCMP_CMP_EQ]`), `[${argument},${last},SCMP_CMP_GT]`];
}

/** Pure: a condition on an argument that is an int. Masked, since the kernel looks at the lower 32 bits only. */
const is = (argument: number, value: number): string => `[${argument},${value},SCMP_CMP_MASKED_EQ,4294967295]`;

/**
 * ioctls of btrfs that need no privilege and get round the disk's limit: a subvolume made inside has no limit of its own, nor is it counted
 * to the instance's. SUBVOL_CREATE, SUBVOL_CREATE_V2, SNAP_CREATE, SNAP_CREATE_V2 (linux/btrfs.h).
 */
const BTRFS = [0x5000940e, 0x50009418, 0x50009401, 0x50009417];

/**
 * Whole calls that software does without where the kernel has none. Keyrings are in no memory limit; the others have been the way out of
 * many containers.
 */
const CALLS = [
  'add_key',
  'bpf',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'keyctl',
  'lookup_dcookie',
  'perf_event_open',
  'request_key',
  'userfaultfd',
];

/** SOL_PACKET with PACKET_RX_RING and PACKET_TX_RING: rings of gigabytes that are in no memory limit. libpcap does without. */
const SOL_PACKET = 263;
const RINGS = [5, 13];

export const DENIED_SYSCALLS = [
  ...BTRFS.map((request) => `ioctl errno ${EPERM} ${is(1, request)}`),
  ...CALLS.map((name) => `${name} errno ${ENOSYS}`),
  ...MAKERS.flatMap((name) => [
    ...allBut(0, FAMILIES).map((family) => `${name} errno ${EAFNOSUPPORT} ${family}`),
    ...allBut(2, NETLINK_PROTOCOLS).map(
      (protocol) => `${name} errno ${EPROTONOSUPPORT} ${is(0, AF_NETLINK)}${protocol}`,
    ),
  ]),
  // A network namespace made inside would come with CAP_NET_ADMIN, if in a user namespace made inside. clone3 has its flags in memory, where
  // no filter sees them: without it, libraries use clone.
  ...['clone', 'unshare'].map(
    (name) => `${name} errno ${EPERM} [0,${CLONE_NEWNET},SCMP_CMP_MASKED_EQ,${CLONE_NEWNET}]`,
  ),
  `clone3 errno ${ENOSYS}`,
  ...RINGS.map((option) => `setsockopt errno ${ENOPROTOOPT} ${is(1, SOL_PACKET)}${is(2, option)}`),
  // The old way of 32-bit programs to all sockets: its arguments are in memory, where no filter sees them.
  `socketcall errno ${ENOSYS}`,
].join('\n');

/** The same for sockets of 32-bit programs. */
export const COMPAT_FILTER = compatFilter({
  families: FAMILIES,
  netlink: { family: AF_NETLINK, protocols: NETLINK_PROTOCOLS },
  refused: { level: SOL_PACKET, options: RINGS },
  errors: { family: EAFNOSUPPORT, protocol: EPROTONOSUPPORT, option: ENOPROTOOPT },
});
