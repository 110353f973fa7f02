import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Use } from '../acceptance/instances.ts';
import { attackBeside, type Neighbour } from './neighbour.ts';

/** Who has no key, and knows where the platform listens. */
export function describeStranger(use: Use, beside: () => Neighbour): void {
  describe('a stranger', () => {
    test('asks for much on many connections and reads nothing of it', async () => {
      const request = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
      const api = await use().pid('api');
      const before = readdirSync(`/proc/${api}/fd`).length;
      await attackBeside(beside(), 'pipelined requests that are never read', async (ended) => {
        const sockets = await Promise.all(Array.from({ length: 24 }, () => open(use().apiPort)));
        for (const socket of sockets) socket.pause().write(request.repeat(1_200));
        await pause(2_000);
        expect(readdirSync(`/proc/${api}/fd`).length).toBeLessThan(before + 200);
        if (!ended.aborted) await once(ended, 'abort');
        for (const socket of sockets) socket.destroy();
      });
    });
  });
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
