import { readFileSync } from 'node:fs';

/**
 * What the kernel counts by user, it counts in each user namespace and, for the whole of a namespace, to the user who made it: inotify,
 * fanotify, pending signals and timers, POSIX message queues, locked memory, namespaces. LXC would make all of them as root, so that all
 * instances and the host's root had one account between them. So a hook makes the namespace before LXC does, as the user of the host that
 * the instance's root is mapped to, and LXC takes it over: each instance has an account that nobody else has.
 *
 * A process holds the namespace until LXC has taken it over: the hook ends it then, and it ends by itself.
 */
const HOLD_SECONDS = 30;

/** Its name in the folder of the guest's files. */
export const USER_HOOK_FILE = 'users';
/** In the machine's folder of logs: a link to the namespace, while it is started. */
const LINK = 'users';

/** A shell script for busybox, which must not stand in for util-linux. */
export const USER_HOOK = `set -e
cd "\${LXC_CONSOLE_LOGPATH%/*}"
if [ "$LXC_HOOK_TYPE" = start-host ]; then
  held=$(readlink ${LINK})
  [ "$(readlink "$held")" != "$(readlink /proc/$LXC_PID/ns/user)" ] || kill "$(echo "$held" | cut -d / -f 3)"
  rm -f ${LINK}
  exit 0
fi
set -- $(sed -n 's/^lxc.idmap = u 0 \\([0-9]* [0-9]*\\)$/\\1/p' "$LXC_CONFIG_FILE")
[ $# = 2 ] || { echo "lxc.idmap is not one range of users from 0"; exit 1; }
# Some hosts let nobody without CAP_SYS_ADMIN make a user namespace.
/usr/bin/setpriv --reuid "$1" --regid "$1" --clear-groups --inh-caps +sys_admin --ambient-caps +sys_admin \\
  /usr/bin/unshare --user /bin/sleep ${HOLD_SECONDS} < /dev/null > /dev/null 2>&1 &
holder=$!
ours=$(readlink /proc/self/ns/user)
tries=0
while [ "$(readlink /proc/$holder/ns/user)" = "$ours" ]; do
  tries=$((tries + 1))
  [ $tries -lt 1000 ] || exit 1
  usleep 2000
done
echo "0 $1 $2" > /proc/$holder/uid_map
echo "0 $1 $2" > /proc/$holder/gid_map
ln -sfn /proc/$holder/ns/user ${LINK}
`;

/**
 * Lines of LXC's configuration. None where the host has version 2 of cgroups alone: there LXC makes the cgroup namespace of an instance whose
 * user namespace it takes over in the wrong cgroup (liblxc 5 and 6).
 */
export function userNamespaceLines(guestFolder: string, logFolder: string): string[] {
  if (isPureV2(readFileSync('/proc/self/cgroup', 'utf8'))) return [];
  const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;
  const hook = `${quoted(`${guestFolder}/busybox`)} sh ${quoted(`${guestFolder}/${USER_HOOK_FILE}`)} run`;
  return [
    `lxc.hook.pre-start = ${hook}`,
    `lxc.hook.start-host = ${hook}`,
    `lxc.namespace.share.user = ${logFolder}/${LINK}`,
  ];
}

/** Pure. */
export const isUserNamespaceLine = (line: string): boolean =>
  line.startsWith('lxc.namespace.share.user =') || line.endsWith(`/${USER_HOOK_FILE}' run`);

/** Pure: whether the lines of a /proc/PID/cgroup are those of a host without version 1. */
export const isPureV2 = (lines: string): boolean =>
  lines
    .trim()
    .split('\n')
    .every((line) => line.startsWith('0::'));
