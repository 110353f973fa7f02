import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { findStaticBusybox } from './images/busybox-image.ts';

/**
 * What runs as process 1 where an instance was given a command: it hands the environment over, starts the command as its child, reaps
 * orphans, passes a wish to stop on as SIGTERM, and ends with the command. It lies on the host, is seen read-only in the instance, and
 * brings its own busybox, so it works with every image.
 *
 * A tenant's words come as base64 arguments with a dot before them (an empty word would vanish): whatever they hold, LXC's
 * configuration sees letters, digits and `+/=.` only.
 */
const GUEST_PATH = '/run/thecloud';

/** All names of its own start with tc_: the rest belongs to the tenant. */
const INIT = `# First of all: the kernel drops signals that process 1 has no handler for.
tc_child=
tc_stopping=
tc_stop() {
  tc_stopping=1
  [ -z "$tc_child" ] || kill -TERM "$tc_child" 2>/dev/null
}
trap tc_stop TERM PWR INT
tc_box=${GUEST_PATH}/busybox
[ -n "$PATH" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -n "$HOME" ] || HOME=/root
export PATH HOME
$tc_box ip link set lo up 2>/dev/null
tc_decode() { printf %s "\${1#.}" | $tc_box base64 -d; printf x; }
while [ "$1" = -e ]; do
  tc_word=$(tc_decode "$3")
  export "$2=\${tc_word%x}"
  shift 3
done
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

/** Makes the folder that instances with a command see. Cheap; done at each start, so that it follows the distribution's busybox. */
export async function writeGuestFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await copyFile(await findStaticBusybox(), `${folder}/busybox.new`);
  await rename(`${folder}/busybox.new`, `${folder}/busybox`);
  await writeFile(`${folder}/init.new`, INIT, { mode: 0o644 });
  await rename(`${folder}/init.new`, `${folder}/init`);
}

/** Device that shows the folder in an instance. */
export function guestDevice(folder: string): Record<string, string> {
  return { type: 'disk', source: folder, path: GUEST_PATH, readonly: 'true' };
}

const encode = (word: string): string => `.${Buffer.from(word).toString('base64')}`;

/** The value of lxc.init.cmd for a command. `env` are the variables that Incus cannot carry, see machine-config.ts. */
export function guestInitCommand(command: readonly string[], env: Readonly<Record<string, string>>): string {
  const words = [`${GUEST_PATH}/busybox`, 'sh', `${GUEST_PATH}/init`];
  for (const [name, value] of Object.entries(env)) words.push('-e', name, encode(value));
  for (const word of command) words.push(encode(word));
  return words.join(' ');
}
