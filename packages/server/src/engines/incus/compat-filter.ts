/**
 * The rules of syscalls.ts for sockets, again for 32-bit programs on x86-64. libseccomp (2.5) filters no arguments of those calls there, and LXC
 * leaves them open. So incusd starts with a filter that looks at these calls alone, and whatever it starts inherits that: an instance's first
 * process, and each command in one.
 */

/** linux/bpf_common.h and linux/filter.h. */
const LOAD = 0x20;
const LOAD_NUMBER = 0x00;
const IF_EQUAL = 0x15;
const IF_ABOVE = 0x25;
const SHIFT_BY_X = 0x6c;
const AND = 0x54;
const TO_X = 0x07;
const RETURN = 0x06;

/** struct seccomp_data of linux/seccomp.h. Of an argument the lower half. */
const CALL = 0;
const ARCHITECTURE = 4;
const argument = (place: number): number => 16 + 8 * place;

const I386 = 0x40000003;
const SOCKET = 359;
const SOCKETPAIR = 360;
const SETSOCKOPT = 366;

const ALLOW = 0x7fff0000;
const errno = (code: number): number => 0x00050000 + code;

/** One step. A condition goes on `yes` or `no` steps further than the next one. */
type Step = readonly [code: number, yes: number, no: number, value: number];

const load = (from: number): Step => [LOAD, 0, 0, from];
const answer = (what: number): Step => [RETURN, 0, 0, what];
const unless = (code: number, value: number, skipped: number): Step => [code, 0, skipped, value];

/** Pure: refuses an argument that is none of these, which are below 32. */
const oneOf = (place: number, numbers: readonly number[], refusal: number): Step[] => [
  load(argument(place)),
  unless(IF_ABOVE, 31, 1),
  answer(refusal),
  [TO_X, 0, 0, 0],
  [LOAD_NUMBER, 0, 0, 1],
  [SHIFT_BY_X, 0, 0, 0],
  [AND, 0, 0, numbers.reduce((bits, number) => bits + 2 ** number, 0)],
  unless(IF_EQUAL, 0, 1),
  answer(refusal),
];

/** Pure: the filter, as the kernel takes it. */
export function compatFilter(rules: {
  readonly families: readonly number[];
  readonly netlink: { readonly family: number; readonly protocols: readonly number[] };
  readonly refused: { readonly level: number; readonly options: readonly number[] };
  readonly errors: { readonly family: number; readonly protocol: number; readonly option: number };
}): Buffer {
  const { families, netlink, refused, errors } = rules;
  const sockets: Step[] = [
    ...oneOf(0, families, errno(errors.family)),
    load(argument(0)),
    [IF_EQUAL, 1, 0, netlink.family],
    answer(ALLOW),
    ...oneOf(2, netlink.protocols, errno(errors.protocol)),
    answer(ALLOW),
  ];
  const options: Step[] = [
    load(argument(1)),
    [IF_EQUAL, 1, 0, refused.level],
    answer(ALLOW),
    load(argument(2)),
    ...refused.options.flatMap((option) => [unless(IF_EQUAL, option, 1), answer(errno(errors.option))]),
    answer(ALLOW),
  ];
  const steps: Step[] = [
    load(ARCHITECTURE),
    [IF_EQUAL, 1, 0, I386],
    answer(ALLOW),
    load(CALL),
    [IF_EQUAL, 1, 0, SOCKET],
    unless(IF_EQUAL, SOCKETPAIR, sockets.length),
    ...sockets,
    unless(IF_EQUAL, SETSOCKOPT, options.length),
    ...options,
    answer(ALLOW),
  ];
  const bytes = Buffer.alloc(8 * steps.length);
  steps.forEach(([code, yes, no, value], place) => {
    bytes.writeUInt16LE(code, 8 * place);
    bytes.writeUInt8(yes, 8 * place + 2);
    bytes.writeUInt8(no, 8 * place + 3);
    bytes.writeUInt32LE(value, 8 * place + 4);
  });
  return bytes;
}

/** Sets the filter (prctl 157 of x86-64, PR_SET_SECCOMP, SECCOMP_MODE_FILTER) and becomes the program that follows. */
const SET_FILTER = `
my $filter = pack 'H*', shift;
my $program = pack 'S x6 P', length($filter) / 8, $filter;
syscall(157, 22, 2, $program) == 0 or die "seccomp: $!";
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!";
`;

/** What runs a program with the filter, in front of its words. Empty where 32-bit programs need none. */
export const withFilter = (filter: Buffer): readonly string[] =>
  process.arch === 'x64' ? ['perl', '-e', SET_FILTER, filter.toString('hex')] : [];
