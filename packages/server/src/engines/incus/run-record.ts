import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { lookAtProcess } from '../processes.ts';
import type { MachineEnd, MachineRuns } from '../../services/instances/compute-engine.ts';

/**
 * What became of an instance's first process, written by LXC's own monitor of the instance on the host: it counts while the platform is away,
 * and no tenant can write it. A hook runs at each start, and at each end before the instance's cgroup goes; it finds
 *
 * - how the process ended in LXC's log ("Child <pid> ended on error (7)"; nothing for 0), which is the only place that has it;
 * - whether memory ran out in the cgroup's own counter (memory.oom_control of version 1, memory.events of version 2), new at each start;
 * - whether the platform asked for it, by a file that `markAsked` leaves and the next start takes away.
 *
 * It lies beside the console log, is a line of numbers, and is replaced by a rename.
 */
const RECORD = 'runs';
const ASKED = 'asked';
/** The limit that the machine's disk gets back, its quota group and the pool's path, a line each: `liftLimit` leaves it, the next start takes it away. */
export const LIMIT = 'limit';

/** Of the hook, as the shell has them: -1 stands for what is not known. */
export interface RunRecord {
  readonly ends: number;
  /** Seconds since the epoch, of the present or last start. */
  readonly startedAt: number;
  /** Process id of its first process on the host; 0: it has ended. */
  readonly pid: number;
  readonly lastEnd: MachineEnd | undefined;
  /** The platform has asked it to end. */
  readonly asked: boolean;
}

/**
 * Microseconds of a processor in each second for LXC's monitor of an instance. It writes what the instance prints, outside of the instance's own
 * limits: without this, 11 MB/s and a quarter of a processor for one that prints without end. This is for 1 to 3 MB/s; who prints faster waits. A whole
 * second, so that the monitor of a quiet one has all it needs for an end at once; the hook of an end lifts it.
 */
const MONITOR_TIME = 30_000;

/**
 * A shell script for busybox. A start whose hook fails does not happen, so it fails only where a disk would have no limit. Times are whole seconds, since busybox knows no others;
 * how long a run lasted is told by the uptime, which no setting of the clock moves.
 */
export const RUN_HOOK = `# In version 1 or 2 of control groups.
pace() {
  while IFS=: read -r number controllers group; do
    case ",$controllers,$group" in
      *,cpu,*/lxc.monitor.*) echo 1000000 > "/sys/fs/cgroup/cpu$group/cpu.cfs_period_us" && echo "\${1:--1}" > "/sys/fs/cgroup/cpu$group/cpu.cfs_quota_us" ;;
      ,,*/lxc.monitor.*) [ ! -w "/sys/fs/cgroup$group/cpu.max" ] || echo "\${1:-max} 1000000" > "/sys/fs/cgroup$group/cpu.max" ;;
    esac
  done < /proc/self/cgroup
}
[ "$LXC_HOOK_TYPE" != stop ] || pace
cd "\${LXC_CONSOLE_LOGPATH%/*}" || exit 0
ends=0 started=0 up=0 boot=- pid=0 at=-1 ran=-1 code=-1 oom=0
[ ! -r ${RECORD} ] || read -r ends started up boot pid at ran code oom < ${RECORD}
read -r now_boot < /proc/sys/kernel/random/boot_id
read -r now_up rest < /proc/uptime
now_up=\${now_up%.*}\${now_up#*.}
now=$(date +%s)
asked=
[ ! -e ${ASKED} ] || asked=1
case $LXC_HOOK_TYPE in
  start-host)
    # Before the first process: nothing of the tenant's runs without a limit, so this alone fails a start.
    if [ -r ${LIMIT} ]; then
      { read -r size; read -r group; read -r pool; } < ${LIMIT}
      btrfs qgroup limit "$size" "$group" "$pool" > /dev/null && rm -f ${LIMIT} || exit 1
    fi
    # Whatever ran before has ended without a word: the host lost its power, or somebody killed the monitor.
    if [ "$pid" != 0 ] && [ -z "$asked" ]; then ends=$((ends + 1)) at=$now ran=-1 code=-1 oom=0; fi
    started=$now up=$now_up boot=$now_boot pid=$LXC_PID
    rm -f ${ASKED}
    pace ${MONITOR_TIME}
    ;;
  stop)
    [ "$pid" != 0 ] || exit 0
    pid=0
    if [ -z "$asked" ]; then
      ends=$((ends + 1)) at=$now ran=-1 code=-1 oom=0
      [ "$boot" != "$now_boot" ] || ran=$(((now_up - up) * 10))
      log=lxc.log
      # Incus removes old logs; a process that writes one still has it open.
      [ -r $log ] || for fd in /proc/$PPID/fd/*; do
        case $(readlink "$fd") in */lxc.log\\ \\(deleted\\)) log=$fd ;; esac
      done
      if [ -r "$log" ]; then
        # LXC logs the words of commands too: only what ends a line counts, and only what is a number to the shell.
        said=$(grep -E "Child <$LXC_PID> ended on (error |signal [^()<>]*)[(](0|[1-9][0-9]?[0-9]?)[)]$" "$log" | tail -n 1)
        code=\${said##*\\(}
        code=\${code%%\\)*}
        case $said in *' ended on signal '*) code=$((128 + code)) ;; esac
      fi
      for file in /sys/fs/cgroup/memory/lxc.payload.$LXC_NAME/memory.oom_control /sys/fs/cgroup/lxc.payload.$LXC_NAME/memory.events; do
        [ ! -r "$file" ] || oom=$(sed -n 's/^oom_kill \\([0-9]*\\)$/\\1/p' "$file")
      done
    fi
    ;;
  *) exit 0 ;;
esac
echo "$ends $started $up $boot $pid $at $ran \${code:-0} \${oom:-0}" > ${RECORD}.new && mv ${RECORD}.new ${RECORD} && exit 0
# Where nothing can be written, what is there tells of another run.
rm -f ${RECORD}
exit 0
`;

/** Lines of LXC's configuration that have the hook run. Its log says how a process ended at the level `info` only: 20 to 30 kB a start. */
export function runHookLines(guestFolder: string): string[] {
  const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;
  // The last word is there because LXC takes a value's quotes away where it begins and ends with one.
  const hook = `${quoted(`${guestFolder}/busybox`)} sh ${quoted(`${guestFolder}/hook`)} run`;
  return ['lxc.log.level = info', `lxc.hook.start-host = ${hook}`, `lxc.hook.stop = ${hook}`];
}

/** Before the platform stops an instance: the end that follows is none of its own. */
export const markAsked = (logFolder: string): Promise<void> =>
  writeFile(`${logFolder}/${ASKED}`, '').catch((error: NodeJS.ErrnoException) => {
    // Nothing was ever started there.
    if (error.code !== 'ENOENT') throw error;
  });

/** When a stop has failed and the instance is to run on: its next end is its own again. */
export const forgetAsked = (logFolder: string): Promise<void> => rm(`${logFolder}/${ASKED}`, { force: true });

/** Where Incus keeps the logs of an instance. */
export const logFolderOf = (incusDir: string, project: string, name: string): string =>
  `${incusDir}/logs/${project}_${name}`;

/** Undefined: it was never started, or not with this hook. */
export async function readRunRecord(logFolder: string): Promise<RunRecord | undefined> {
  const text = await readFile(`${logFolder}/${RECORD}`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const words = /^(\d+) (\d+) (\d+) (\S+) (\d+) (-?\d+) (-?\d+) (-?\d+) (\d+)\n$/.exec(text ?? '');
  if (words === null) return undefined;
  const [ends, startedAt, , , pid, at, ran, code, oom] = words.slice(1).map(Number) as number[];
  const lastEnd =
    at! < 0
      ? undefined
      : {
          at: at! * 1000,
          ...(ran! < 0 ? {} : { ranMs: ran! }),
          ...(code! < 0 ? {} : { code: code! & 255 }),
          // A child that was killed in its place is its own affair.
          oomKilled: oom! > 0 && code === 137,
        };
  const asked = await access(`${logFolder}/${ASKED}`).then(
    () => true,
    () => false,
  );
  return { ends: ends!, startedAt: startedAt! * 1000, pid: pid!, lastEnd, asked };
}

/** Whether its first process lives, for all that is known. Incus calls a machine running for some tenths of a second longer. */
export const isRunning = async (record: RunRecord | undefined): Promise<boolean> =>
  record === undefined || (record.pid !== 0 && (await lookAtProcess(record.pid)) !== undefined);

/** What the record tells of a machine that Incus says runs, or does not. */
export function runsOf(record: RunRecord | undefined, isUp: boolean, now: number): MachineRuns {
  if (record === undefined) return { ends: 0 };
  const { ends, startedAt, pid, lastEnd, asked } = record;
  // Down without an end: it was cut off, and nobody was there to see it.
  if (!isUp && pid !== 0 && !asked) return { ends: ends + 1, lastEnd: { at: now, oomKilled: false } };
  return { ends, ...(lastEnd === undefined ? {} : { lastEnd }), ...(isUp && pid !== 0 ? { startedAt } : {}) };
}
