/** What a run of the tests could leave on the machine. Looked at before and after: a difference is a leftover. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './progress.mjs';

/** Programs that the platform starts. Others' editors and shells come and go while tests run. */
const OUR_PROGRAMS =
  /^(postgres|incusd|dnsmasq|haproxy|forkexec|lxc|\[lxc monitor\]|thecloud|unsquashfs|mksquashfs|mmdebstrap|nsenter|unshare|chromium)/;
const OUR_TEMPORARY = /^(tc-|cloud-|thecloud|playwright)/;

/**
 * One line for each thing there is now.
 * @returns {Promise<Set<string>>}
 */
export async function lookAround() {
  if (process.platform !== 'linux') return new Set();
  return new Set([
    ...processes(),
    ...mounts(),
    ...named('network namespace', '/run/netns', () => true),
    ...named('link', '/sys/class/net', () => true),
    ...loops(),
    ...named('temporary folder', '/tmp', (name) => OUR_TEMPORARY.test(name)),
    ...named('slot', '/run/thecloud/slots', () => true),
    ...(await tables()),
  ]);
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        const isZombie = stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return isZombie || !(OUR_PROGRAMS.test(name) || OUR_PROGRAMS.test(words))
          ? []
          : [`process ${pid}: ${words.slice(0, 120)}`];
      } catch {
        // Gone while we looked.
        return [];
      }
    });
}

function mounts() {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => `mount ${line.split(' ')[1]}`);
}

/** @param {string} kind @param {string} folder @param {(name: string) => boolean} isOurs */
function named(kind, folder, isOurs) {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter(isOurs)
        .map((name) => `${kind} ${name}`)
    : [];
}

function loops() {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      const file = join('/sys/block', name, 'loop', 'backing_file');
      return existsSync(file) ? [`loop device of ${readFileSync(file, 'utf8').trim()}`] : [];
    });
}

async function tables() {
  const { code, output } = await run('nft', ['list', 'tables']);
  return code === 0 ? output.split('\n').filter(Boolean) : [];
}

/**
 * Differences that stay: what is ending is given its time.
 * @param {Set<string>} before
 * @param {number} [patienceMs]
 */
export async function findLeftovers(before, patienceMs = 10_000) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const left = [...(await lookAround())].filter((thing) => !before.has(thing));
    if (left.length === 0 || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
