import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { findStaticBusybox } from './images/busybox-image.ts';
import { RUN_HOOK } from './run-record.ts';
import { SHARE_HOOK, SHARE_HOOK_FILE } from './kernel-share.ts';

/**
 * What runs as process 1 where an instance was given variables or a command. With a command, it starts that as its child, reaps orphans,
 * passes a wish to stop on as SIGTERM, and ends with the command; without one it gives way to the image's own init. It lies on the host,
 * is seen read-only in the instance, and brings its own busybox, so it works with every image.
 *
 * A tenant's words come as base64 arguments with a dot before them (an empty word would vanish): whatever they hold, LXC's
 * configuration sees letters, digits and `+/=._` only. Variables are set here and never by LXC, whose `lxc.environment` (Incus'
 * `environment.*`) also reaches the hooks and helpers that it runs as root on the host: there LD_PRELOAD would be the host's end. They
 * come by a file (variables.ts), because everybody on the host reads the arguments of all processes.
 */
/** On /dev, which is new at each start: LXC makes the folder as root of the host, and would follow a link that a tenant left elsewhere. */
const GUEST_PATH = '/dev/.thecloud';

/** Its own program, as its /proc/1/exe has it. */
export const GUEST_BUSYBOX = `${GUEST_PATH}/busybox`;

/** All names of its own start with tc_: the rest belongs to the tenant. */
const INIT = `# First of all: the kernel drops signals that process 1 has no handler for.
tc_child=
tc_stopping=
tc_stop() {
  tc_stopping=1
  [ -z "$tc_child" ] || kill -TERM "$tc_child" 2>/dev/null
}
# USR1 and USR2: what halt and poweroff of busybox send.
trap tc_stop TERM PWR INT USR1 USR2
tc_box=${GUEST_PATH}/busybox
[ -n "$PATH" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -n "$HOME" ] || HOME=/root
export PATH HOME
# With variables it executes itself again, which makes them those of process 1. From there on none of its own is safe from the tenant's.
if [ "$1" != - ]; then
  unset SHLVL PWD OLDPWD
  [ -z "$tc_stopping" ] || exit 0
  . ${GUEST_PATH}/variables/"$1"
  shift
  if [ "$#" = 0 ]; then exec /sbin/init; else exec ${GUEST_PATH}/busybox sh ${GUEST_PATH}/init - "$@"; fi
fi
shift
tc_decode() { printf %s "\${1#.}" | $tc_box base64 -d; printf x; }
$tc_box ip link set lo up 2>/dev/null
tc_count=$#
while [ "$tc_count" -gt 0 ]; do
  tc_word=$(tc_decode "$1")
  shift
  set -- "$@" "\${tc_word%x}"
  tc_count=$((tc_count - 1))
done
# The shell's own commands and busybox' must not stand in for the image's programs.
tc_program=
case $1 in
  */*) tc_program=$1 ;;
  *)
    tc_rest=$PATH:
    while [ -n "$tc_rest" ] && [ -z "$tc_program" ]; do
      [ -x "\${tc_rest%%:*}/$1" ] && [ ! -d "\${tc_rest%%:*}/$1" ] && tc_program=\${tc_rest%%:*}/$1
      tc_rest=\${tc_rest#*:}
    done
    ;;
esac
if [ -z "$tc_program" ]; then
  echo "thecloud: $1: command not found" >&2
  exit 127
fi
shift
"$tc_program" "$@" &
tc_child=$!
[ -z "$tc_stopping" ] || tc_stop
while :; do
  wait "$tc_child"
  tc_code=$?
  kill -0 "$tc_child" 2>/dev/null || break
done
[ "$tc_code" = 0 ] || echo "thecloud: the command ended with $tc_code" >&2
exit "$tc_code"
`;

/**
 * What runs first of a command in an instance that has variables, and gives way to it: the file of the variables, `home` or `here` for where
 * it begins, the kind of terminal, which may be empty, and the words. It says of what cannot be executed what failed-command.ts says of commands without
 * variables.
 */
const COMMAND = `unset SHLVL PWD OLDPWD
. ${GUEST_PATH}/variables/"$1"
[ -z "$3" ] || export TERM="$3"
[ "$2" = here ] || cd "$HOME" 2> /dev/null || cd /
shift 3
tc_name=$1
shift
tc_fail() {
  echo "$tc_name: $2" >&2
  exit "$1"
}
# The shell's own commands and busybox' must not stand in for the image's programs.
tc_program=
case $tc_name in
  */*) tc_program=$tc_name ;;
  *)
    tc_rest=$PATH:
    while [ -n "$tc_rest" ] && [ -z "$tc_program" ]; do
      [ -f "\${tc_rest%%:*}/$tc_name" ] && [ -x "\${tc_rest%%:*}/$tc_name" ] && tc_program=\${tc_rest%%:*}/$tc_name
      tc_rest=\${tc_rest#*:}
    done
    ;;
esac
[ -e "$tc_program" ] || tc_fail 127 "command not found"
[ ! -d "$tc_program" ] || tc_fail 126 "is a directory"
[ -x "$tc_program" ] || tc_fail 126 "permission denied; it may lack the right to be executed (chmod +x)"
tc_interpreter=
if [ -r "$tc_program" ]; then
  { read -r -n 2 tc_interpreter && [ "$tc_interpreter" = "#!" ] && read -r -n 250 tc_interpreter; } < "$tc_program" 2> /dev/null || tc_interpreter=
  tc_interpreter=\${tc_interpreter#"\${tc_interpreter%%[! ]*}"}
fi
[ -z "$tc_interpreter" ] || [ -e "\${tc_interpreter%%[ 	]*}" ] ||
  tc_fail 126 "its interpreter does not exist in this instance (see its first line, or its loader)"
exec -a "$tc_name" "$tc_program" "$@"
`;

/** Makes the folder that such instances see, and from which LXC runs the hooks of run-record.ts and kernel-share.ts. Cheap; done at each start, so that it follows the distribution's busybox. */
export async function writeGuestFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await copyFile(await findStaticBusybox(), `${folder}/busybox.new`);
  await rename(`${folder}/busybox.new`, `${folder}/busybox`);
  for (const [name, text] of [
    ['init', INIT],
    ['command', COMMAND],
    ['hook', RUN_HOOK],
    [SHARE_HOOK_FILE, SHARE_HOOK],
  ] as const) {
    await writeFile(`${folder}/${name}.new`, text, { mode: 0o644 });
    await rename(`${folder}/${name}.new`, `${folder}/${name}`);
  }
}

/** Device that shows the folder in an instance. */
export function guestDevice(folder: string): Record<string, string> {
  return { type: 'disk', source: folder, path: GUEST_PATH, readonly: 'true' };
}

const encode = (word: string): string => `.${Buffer.from(word).toString('base64')}`;

/** The value of lxc.init.cmd: the name of the machine's file of variables, if it has any, and the words of the command, which may be none. */
export const guestInitCommand = (command: readonly string[], variables: string | undefined): string =>
  [`${GUEST_PATH}/busybox`, 'sh', `${GUEST_PATH}/init`, variables ?? '-', ...command.map(encode)].join(' ');

/** An earlier version put how many variables there are, and each with its value, where the name of their file is now. */
export function withoutVariables(line: string, variables: string): string {
  const [, begin, count, rest] = /^(lxc\.init\.cmd = \S+ sh \S+) (\d+)((?: \S+)*)$/.exec(line) ?? [];
  if (begin === undefined) return line;
  const words = rest!.split(' ').slice(1 + 2 * Number(count));
  return [begin, count === '0' ? '-' : variables, ...words].join(' ');
}

/** What is to be executed in an instance with variables, so that a command has them. */
export const commandWithVariables = (
  variables: string,
  { command, cwd, term }: { command: readonly string[]; cwd?: string | undefined; term?: string | undefined },
): readonly string[] => [
  GUEST_BUSYBOX,
  'sh',
  `${GUEST_PATH}/command`,
  variables,
  cwd === undefined ? 'home' : 'here',
  term ?? '',
  ...command,
];
