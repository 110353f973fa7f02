import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Use } from '../acceptance/instances.ts';
import { ATTACK_SECONDS, attackBeside, type Neighbour } from './neighbour.ts';
import type { Crowd } from './strangers.ts';

const PROGRAM = fileURLToPath(new URL('strangers.ts', import.meta.url));
const HOST = 'HTTP/1.1\r\nHost: 127.0.0.1\r\n';

/** Who has no key, and knows where the platform listens. */
export function describeStranger(use: Use, beside: () => Neighbour): void {
  describe('a stranger', () => {
    test('asks for much on many connections and reads nothing of it', async () => {
      const api = await use().pid('api');
      const before = descriptorsOf(api);
      await attackBeside(beside(), 'pipelined requests that are never read', (ended) =>
        attack(ended, () => expect(descriptorsOf(api)).toBeLessThan(before + 200), {
          ports: [use().apiPort],
          addresses: ['127.0.0.2'],
          connections: 24,
          perSecond: 100,
          texts: [`GET /docs/swagger-ui-bundle.js ${HOST}\r\n`.repeat(1_200)],
        }),
      );
    });

    test('opens connections from five addresses at both doors, and sends no request to its end', async () => {
      const api = await use().pid('api');
      const before = memoryOf(api);
      const look = () => {
        expect(descriptorsOf(api)).toBeLessThan(9_000);
        expect(memoryOf(api) - before).toBeLessThan(400);
      };
      await attackBeside(beside(), 'half-open requests and unfinished bodies', (ended) =>
        attack(ended, look, {
          ports: [use().apiPort, Number(new URL(use().awsAddress).port)],
          addresses: [2, 3, 4, 5, 6].map((last) => `127.0.0.${last}`),
          connections: ATTACK_SECONDS > 5 ? 12_000 : 3_000,
          perSecond: 4_000,
          texts: [
            `GET / ${HOST}X-Slow: `,
            `POST /auth/login ${HOST}Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"email": "`,
            '',
          ],
        }),
      );
    });
  });
}

/** Lets them go on until the signal; looks while they do. */
async function attack(ended: AbortSignal, look: () => void, crowd: Crowd): Promise<void> {
  const child: ChildProcess = fork(PROGRAM, [JSON.stringify(crowd)]);
  try {
    const gone = once(child, 'exit');
    while (!ended.aborted) {
      await pause(200);
      look();
    }
    child.disconnect();
    await gone;
  } finally {
    child.kill('SIGKILL');
  }
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Resident, in MiB. */
const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
