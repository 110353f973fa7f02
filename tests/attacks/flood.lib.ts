import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Requests that many clients send at once, each the next one as soon as it has an answer. */
export interface Flood {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Requests at a time. */
  readonly clients: number;
}

/** What came of a flood: how many answers of each status. */
export type Answers = Readonly<Record<string, number>>;

/** Sends floods until the signal, in a process of their own: their work must not be measured as the neighbour's. */
export async function flood(floods: readonly Flood[], ended: AbortSignal): Promise<Answers> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close');
  child.stdin.write(`${JSON.stringify(floods)}\n`);
  if (!ended.aborted) await Promise.race([once(ended, 'abort'), exit]);
  child.stdin.end();
  await exit;
  return JSON.parse(output) as Answers;
}

async function send({ url, method, headers, body }: Flood, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { method, headers, agent, timeout: 30_000 }, (answer) => {
      answer.resume();
      answer.once('close', () => resolve(String(answer.statusCode)));
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve('none'));
    sent.end(body);
  });
}

async function run(floods: readonly Flood[]): Promise<void> {
  // Attackers have machines of their own: the neighbour's client goes first.
  setPriority(10);
  const answers: Record<string, number> = {};
  let isOver = false;
  process.stdin.once('end', () => {
    isOver = true;
    process.stdout.write(JSON.stringify(answers), () => process.exit());
  });
  for (const one of floods) {
    const agent = new Agent({ keepAlive: true, maxSockets: one.clients });
    for (let client = 0; client < one.clients; client++)
      void (async () => {
        while (!isOver) {
          const status = await send(one, agent);
          answers[status] = (answers[status] ?? 0) + 1;
        }
      })();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  createInterface(process.stdin).once('line', (line) => void run(JSON.parse(line) as Flood[]));
}
