import { EngineError } from '../../kernel/engine-error.ts';
import { runCommand, runInNamespace } from '../run-command.ts';
import type { Ruleset } from './rules.ts';

export interface Link {
  readonly name: string;
  /** Set up, and so is its other end. */
  readonly up: boolean;
  readonly master: string | undefined;
  /** IPv4 addresses with prefix length. */
  readonly addresses: readonly string[];
}

interface IpLink {
  readonly ifname?: string;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

/** All links of a namespace in one look; undefined where there is no such namespace. */
export async function readLinks(namespace: string): Promise<ReadonlyMap<string, Link> | undefined> {
  const { code, stdout, stderr } = await runCommand('ip', ['-n', namespace, '-j', 'addr', 'show'], {
    okCodes: [0, 1, 255],
  });
  if (code !== 0) {
    if (/No such file|Invalid argument/.test(stderr)) return undefined;
    throw new EngineError('failed', `the links of ${namespace} cannot be read: ${stderr.trim().slice(0, 300)}`);
  }
  const links = new Map<string, Link>();
  for (const link of JSON.parse(stdout || '[]') as IpLink[]) {
    if (link.ifname === undefined) continue;
    const flags = new Set(link.flags);
    links.set(link.ifname, {
      name: link.ifname,
      up: flags.has('UP') && !flags.has('NO-CARRIER') && !flags.has('M-DOWN'),
      master: link.master,
      addresses: (link.addr_info ?? [])
        .filter((info) => info.family === 'inet')
        .map((info) => `${info.local}/${info.prefixlen}`),
    });
  }
  return links;
}

/** Lines for `ip -batch`, in a namespace or, without one, in the root namespace. Nothing is run for no lines. */
export async function runBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const target = namespace === undefined ? [] : ['-n', namespace];
  await runCommand('ip', [...target, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Like runBatch, but goes on after a line that fails: to take away what may be gone already. */
export async function runBatchLoosely(namespace: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await runCommand('ip', ['-n', namespace, '-force', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    okCodes: [0, 1, 255],
  });
}

/** Whether a namespace's firewall is the wanted one. Without a namespace: the root namespace's. */
export async function hasRules(namespace: string | undefined, rules: Ruleset): Promise<boolean> {
  const args = ['list', 'chain', 'ip', rules.table, rules.generation];
  const result = await (namespace === undefined
    ? runCommand('nft', args, { okCodes: [0, 1] })
    : runInNamespace(namespace, 'nft', args, { okCodes: [0, 1] }));
  return result.code === 0;
}

/** Whether a namespace has a table of ours at all. */
export async function hasTable(namespace: string, table: string): Promise<boolean> {
  const { code } = await runInNamespace(namespace, 'nft', ['-t', 'list', 'table', 'ip', table], { okCodes: [0, 1] });
  return code === 0;
}
