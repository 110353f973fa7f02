import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findDebianMirror } from '../../packages/server/src/engines/incus/images/debian-image.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
/** Kept between runs: making it takes a minute. */
const BASE = join('/var/tmp', 'thecloud-test-trixie');
/** What npm and apt have fetched. Kept too, so that a run measures work and not the network. */
const DOWNLOADS = join('/var/tmp', 'thecloud-test-downloads');
/** What a machine has on which a person types `npm start`. */
const PACKAGES = ['nodejs', 'npm', 'ca-certificates', 'procps'];

/**
 * Run as process 1 of new mount and process namespaces; $1 is the folder of the machine, $2 the lower
 * layer, $3 what was fetched before. What is above this machine's own root cannot lie in it, and is kept in memory. `pivot_root`, not chroot: who
 * enters a mount namespace that is pinned later comes to its root, which must not be the host's. Process 1 takes orphans in and reaps them.
 */
const BOOT = `
if [ "$2" = / ]; then mount -t tmpfs tmpfs "$1/disk"; fi
mkdir -p "$1/disk/upper" "$1/disk/work"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/disk/upper,workdir=$1/disk/work" "$1/root"
cd "$1/root"
mkdir -p srv/thecloud var/lib/thecloud root/.npm
for d in dev sys; do mount --rbind /$d $d; mount --make-rslave $d; done
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --bind "$1/checkout" srv/thecloud
mount --bind "$1/data" var/lib/thecloud
mount --bind "$3/npm-cache" root/.npm
mount --bind "$3/archives" var/cache/apt/archives
mkdir .host
pivot_root . .host
umount -l .host
rmdir .host
echo up
while :; do sleep 3600 & wait $!; done
`;

/** A Debian 13 without anything of the platform, made from the package sources of this machine. */
export async function makeDebian13(): Promise<void> {
  if (existsSync(BASE)) return;
  const mirror = await findDebianMirror();
  const beside = mkdtempSync(`${BASE}.`);
  try {
    execFileSync(
      'mmdebstrap',
      [
        ['--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`],
        ['--aptopt=APT::Install-Recommends "false"', 'trixie', join(beside, 'root')],
        [`deb ${mirror} trixie main`, `deb ${mirror} trixie-updates main`],
      ].flat(),
      { stdio: ['ignore', 'ignore', 'pipe'], timeout: 15 * 60_000 },
    );
    // It reaches the same registries as this machine, in the same way.
    for (const path of [
      '/etc/resolv.conf',
      '/etc/hosts',
      '/etc/ssl/certs/ca-certificates.crt',
      join(homedir(), '.npmrc'),
    ])
      if (existsSync(path)) copyFollowing(path, join(beside, 'root', path.replace(homedir(), '/root')));
    mkdirSync(join(beside, 'root/root/.npm'), { recursive: true });
    renameSync(join(beside, 'root'), BASE);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function copyFollowing(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  rmSync(to, { force: true });
  writeFileSync(to, readFileSync(from));
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Machines of one test file: they share what npm and apt have downloaded, and nothing else. */
export class Machines {
  readonly folder = mkdtempSync(join(tmpdir(), 'tc-machines-'));
  #count = 0;

  constructor() {
    for (const name of ['npm-cache', 'archives/partial']) mkdirSync(join(DOWNLOADS, name), { recursive: true });
  }

  /** A machine that was never started, with a fresh checkout in /srv/thecloud: a Debian 13, or a copy of this machine. */
  create(lower: string = BASE): Machine {
    const folder = join(this.folder, `${this.#count++}`);
    for (const name of ['disk', 'root', 'checkout', 'data']) mkdirSync(join(folder, name), { recursive: true });
    const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    for (const name of names.split('\0'))
      if (name !== '' && existsSync(join(REPOSITORY, name)))
        cpSync(join(REPOSITORY, name), join(folder, 'checkout', name), { recursive: true });
    return new Machine(folder, lower);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A program that runs in a machine. */
export interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves when it has printed this. @throws Error when it ends before, or after `ms`. */
  printed(text: string, ms: number): Promise<void>;
  readonly ended: Promise<number | null>;
}

/** Another Linux userland on this kernel and this network. Its disk outlives its death, its processes and mounts do not. */
export class Machine {
  readonly #folder: string;
  readonly #lower: string;
  #namespaces: ChildProcess | undefined;
  #first = 0;

  constructor(folder: string, lower: string) {
    this.#folder = folder;
    this.#lower = lower;
  }

  async boot(): Promise<void> {
    for (let cpu = 0; cpu < cpus().length; cpu++) {
      await this.#bootOn(cpu);
      if (this.#canPin()) return;
      await this.kill();
    }
    throw new Error('no mount namespace can be pinned in the machine');
  }

  async #bootOn(cpu: number): Promise<void> {
    // However this process ends, the machine ends with it.
    const namespaces = ['taskset', '--cpu-list', `${cpu}`, 'unshare', '--mount', '--pid', '--fork', '--kill-child'];
    const child = spawn(
      'setpriv',
      ['--pdeathsig=KILL', '--', ...namespaces, '--', 'sh', '-ec', BOOT, 'sh', this.#folder, this.#lower, DOWNLOADS],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#namespaces = child;
    await new Promise<void>((done, fail) => {
      child.stdout.once('data', () => done());
      child.once('exit', (code) => fail(new Error(`the machine did not come up: ${code}`)));
    });
    this.#first = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  }

  /**
   * A mount namespace can be pinned only in an older one, and Linux 6.18 numbers them by CPU: one that is made on another CPU than ours
   * may count as older than ours. The root's, in which a platform runs elsewhere, is older than all.
   */
  #canPin(): boolean {
    return cpus().every((_, cpu) => {
      const pin = ['taskset', '--cpu-list', `${cpu}`, 'unshare', '--mount=/run/probe/pin', 'true'].join(' ');
      const script = `mkdir -p /run/probe && mount -t tmpfs tmpfs /run/probe && : > /run/probe/pin && ${pin}; code=$?; umount -R /run/probe; exit $code`;
      return (
        spawnSync('nsenter', [`--target=${this.#first}`, '--mount', '--pid', '--', 'sh', '-c', script]).status === 0
      );
    });
  }

  /** As root in the checkout, with nothing of this process's environment but what registries need. */
  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(
      'nsenter',
      [`--target=${this.#first}`, '--mount', '--pid', '--wdns=/srv/thecloud', '--', program, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          HOME: '/root',
          NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
          ...env,
        },
      },
    );
    let text = '';
    const keep = (chunk: Buffer): void => {
      text += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = new Promise<number | null>((done) => child.once('close', done));
    const printed = async (wanted: string, ms: number): Promise<void> => {
      for (const deadline = performance.now() + ms; !text.includes(wanted); await pause(50)) {
        if (!isRunning(child)) throw new Error(`ended with ${child.exitCode} before it said "${wanted}":\n${text}`);
        if (performance.now() > deadline) throw new Error(`did not say "${wanted}" in ${ms} ms:\n${text}`);
      }
    };
    return { child, output: () => text, printed, ended };
  }

  /** Runs it to its end. @throws Error with what it said, when it ends with another code than 0. */
  async call(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const running = this.run(program, args, env);
    const code = await running.ended;
    if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}:\n${running.output()}`);
    return running.output();
  }

  /** Sends a signal to the processes whose command matches, and to none below them. */
  signal(name: 'TERM' | 'KILL', pattern: RegExp): void {
    const inside = [`--target=${this.#first}`, '--mount', '--pid', '--'];
    const list = execFileSync('nsenter', [...inside, 'ps', '-eo', 'pid=,args='], { encoding: 'utf8' });
    const pids = list.split('\n').flatMap((line) => {
      const [, pid, words] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
      return pid !== undefined && words !== undefined && pattern.test(words) ? [pid] : [];
    });
    // A process that has already ended is not a failure.
    if (pids.length > 0) spawnSync('nsenter', [...inside, 'kill', `-${name}`, ...pids]);
  }

  /** Power off: every process dies at once, and what is mounted goes. Boot it again, on the same disk. */
  async kill(): Promise<void> {
    const child = this.#namespaces;
    if (child === undefined) return;
    this.#namespaces = undefined;
    child.kill('SIGKILL');
    for (
      const deadline = performance.now() + 20_000;
      existsSync(`/proc/${this.#first}/ns/mnt`) || isRunning(child);
      await pause(20)
    )
      if (performance.now() > deadline) throw new Error('the machine does not die');
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
