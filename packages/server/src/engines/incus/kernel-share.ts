import { readFileSync } from 'node:fs';

/**
 * What an instance has of the one kernel beyond Incus' limits: two hooks of LXC, without which it does not start.
 *
 * Its own account. What the kernel counts by user, it counts in each user namespace and, for the whole of a namespace, to the user who made
 * it: inotify, fanotify, pending signals and timers, POSIX message queues, locked memory, namespaces. LXC would make all of them as root, so
 * that all instances and the host's root had one account between them. So the first hook makes the namespace before LXC does, as the user of
 * the host that the instance's root is mapped to, and LXC takes it over. A process holds it until then.
 *
 * Few cgroups. It makes none where version 1 has the controllers: the host has 65,535 of the memory controller's in all, and one that it makes
 * itself has no limit for sockets. systemd needs its own hierarchy only, and what is frozen is thawed where it has to end. Version 2 can count
 * them: 1,024.
 *
 * Buffers of sockets. Version 1 does not count them to the instance, so they get an eighth of its memory in addition. The kernel's name says
 * TCP; it is the same for UDP. Version 2 counts them to its memory.
 *
 * A network without IPv6: nobody routes that, and its table of neighbours is the host's.
 */
export const SHARE_HOOK = `set -e
cd "\${LXC_CONSOLE_LOGPATH%/*}"
case $LXC_HOOK_TYPE in
  pre-start)
    set -- $(sed -n 's/^lxc.idmap = u 0 \\([0-9]* [0-9]*\\)$/\\1/p' "$LXC_CONFIG_FILE")
    [ $# = 2 ] || { echo "lxc.idmap is not one range of users from 0"; exit 1; }
    # Not busybox' own. Some hosts let nobody without CAP_SYS_ADMIN make a user namespace.
    /usr/bin/setpriv --reuid "$1" --regid "$1" --clear-groups --inh-caps +sys_admin --ambient-caps +sys_admin \\
      /usr/bin/unshare --user /bin/sleep 30 < /dev/null > /dev/null 2>&1 &
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
    ln -sfn /proc/$holder/ns/user users
    ;;
  start-host)
    if [ -L users ]; then
      held=$(readlink users)
      [ "$(readlink "$held")" != "$(readlink /proc/$LXC_PID/ns/user)" ] || kill "$(echo "$held" | cut -d / -f 3)"
      rm -f users
    fi
    for dir in /sys/fs/cgroup/*/lxc.payload.$LXC_NAME /sys/fs/cgroup/lxc.payload.$LXC_NAME; do
      case $dir in */systemd/* | */freezer/*) continue ;; esac
      if [ -e "$dir/cgroup.max.descendants" ]; then echo 1024 > "$dir/cgroup.max.descendants"
      elif [ -e "$dir/tasks" ]; then chgrp 0 "$dir" "$dir/tasks" "$dir/cgroup.procs"
      fi
      [ ! -e "$dir/memory.kmem.tcp.limit_in_bytes" ] ||
        echo $(($(cat "$dir/memory.limit_in_bytes") / 8)) > "$dir/memory.kmem.tcp.limit_in_bytes"
    done
    nsenter -t "$LXC_PID" -n sh -ec '
      ip link set lo up
      [ ! -e /proc/sys/net/ipv6/conf/eth0 ] || echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
    '
    ;;
esac
`;

/** Its name in the folder of the guest's files. */
export const SHARE_HOOK_FILE = 'share';

/** Lines of LXC's configuration. */
export function shareLines(guestFolder: string, logFolder: string): string[] {
  const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;
  const hook = `${quoted(`${guestFolder}/busybox`)} sh ${quoted(`${guestFolder}/${SHARE_HOOK_FILE}`)} run`;
  const lines = [`lxc.hook.start-host = ${hook}`];
  // There LXC would make the cgroup namespace of an instance whose user namespace it takes over in the wrong cgroup (liblxc 5 and 6).
  if (isPureV2(readFileSync('/proc/self/cgroup', 'utf8'))) return lines;
  return [...lines, `lxc.hook.pre-start = ${hook}`, `lxc.namespace.share.user = ${logFolder}/users`];
}

/** Pure: whether a line is of those that only some hosts have. */
export const isAccountLine = (line: string): boolean => /^lxc\.(namespace\.share\.user|hook\.pre-start) =/.test(line);

/** Pure: whether the lines of a /proc/PID/cgroup are those of a host without version 1. */
export const isPureV2 = (lines: string): boolean =>
  lines
    .trim()
    .split('\n')
    .every((line) => line.startsWith('0::'));
