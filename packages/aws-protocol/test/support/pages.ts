import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';

/** A page of documentation: its files, and its blocks of commands, a list of lines each. */
export interface Page {
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly (readonly string[])[];
}

/** Throws for a fence that is neither a whole file nor commands: nobody could run it. */
export function readPage(markdown: string): Page {
  const files = new Map<string, string>();
  const commands: string[][] = [];
  for (const [, info = '', text = ''] of markdown.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    const [language, name] = info.split(' ');
    if (language === 'sh') commands.push(text.trim().split('\n'));
    else if (language === 'ts' && name) files.set(name, text);
    else throw new Error(`a block that cannot be run: \`\`\`${info}`);
  }
  return { files, commands };
}

const SERVER_READY = /^.* at http:\/\/127\.0\.0\.1:\d+$/m;
const DEADLINE_MS = 60_000;

/**
 * Runs the lines of a block in order, in `folder`. One that says where it serves goes on beside the others until the block's end; every other
 * must end with 0. Returns what each wrote. `npm install` is passed over: what it would fetch is there.
 */
export async function runBlock(lines: readonly string[], folder: string): Promise<Record<string, string>> {
  const written: Record<string, string> = {};
  const servers: ChildProcess[] = [];
  try {
    for (const line of lines) {
      if (line.startsWith('npm install ')) continue;
      if (!/^(node|curl|cp) /.test(line)) throw new Error(`a command that this test does not run: ${line}`);
      const child = spawn('bash', ['-c', `exec ${line}`], {
        cwd: folder,
        env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      written[line] = '';
      if (await settles(child, (text) => (written[line] += text))) servers.push(child);
      else if (child.exitCode !== 0) throw new Error(`${line}\nended with ${child.exitCode}\n${written[line]}`);
    }
  } finally {
    for (const server of servers) server.kill();
    const running = servers.filter((server) => server.exitCode === null && server.signalCode === null);
    await Promise.all(running.map((server) => once(server, 'exit')));
  }
  return written;
}

/** True: it serves. False: it has ended. */
async function settles(child: ChildProcess, write: (text: string) => string): Promise<boolean> {
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  try {
    return await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => SERVER_READY.test(write(chunk.toString())) && resolve(true));
      child.once('close', () => resolve(false));
      child.once('error', reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
