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
 * `environment.*`) also reaches the hooks and helpers that it runs as root on the host: there LD_PRELOAD would be the host's end.
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
tc_decode() { printf %s "\${1#.}" | $tc_box base64 -d; printf x; }
tc_env=$1
shift
# With variables it executes itself again, so that the arguments of env disappear from the process list.
if [ "$tc_env" -gt 0 ]; then
  tc_words=$(($# - 2 * tc_env))
  while [ "$tc_env" -gt 0 ]; do
    tc_word=$(tc_decode "$2")
    set -- "$@" "$1=\${tc_word%x}"
    shift 2
    tc_env=$((tc_env - 1))
  done
  if [ "$tc_words" = 0 ]; then set -- "$@" /sbin/init; else set -- "$@" $tc_box sh ${GUEST_PATH}/init 0; fi
  while [ "$tc_words" -gt 0 ]; do
    set -- "$@" "$1"
    shift
    tc_words=$((tc_words - 1))
  done
  [ -z "$tc_stopping" ] || exit 0
  exec $tc_box env "$@"
fi
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

/** Makes the folder that such instances see, and from which LXC runs the hooks of run-record.ts and kernel-share.ts. Cheap; done at each start, so that it follows the distribution's busybox. */
export async function writeGuestFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await copyFile(await findStaticBusybox(), `${folder}/busybox.new`);
  await rename(`${folder}/busybox.new`, `${folder}/busybox`);
  for (const [name, text] of [
    ['init', INIT],
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

/** The value of lxc.init.cmd: how many variables, each with its value, and the words of the command, which may be none. */
export function guestInitCommand(command: readonly string[], env: Readonly<Record<string, string>>): string {
  const variables = Object.entries(env);
  const words = [`${GUEST_PATH}/busybox`, 'sh', `${GUEST_PATH}/init`, String(variables.length)];
  for (const [name, value] of variables) words.push(name, encode(value));
  for (const word of command) words.push(encode(word));
  return words.join(' ');
}
