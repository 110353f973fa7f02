import { afterEach, beforeEach } from 'vitest';
import {
  type FakeAnswer,
  type FakeServer,
  type SeenRequest,
  startFakeServer,
} from '../../../sdk/src/testing/fake-server.ts';
import { openShell, type TestShell } from './test-world.ts';

export const KEY = `thecloud_${'a'.repeat(32)}`;
export const WEB = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'web',
  status: 'RUNNING',
  image: 'busybox',
  instance_type: 'basic-2',
  private_ip: '10.0.0.2',
  labels: { tier: 'front' },
  version: 2,
  created_at: '2026-01-02T03:04:05.678Z',
};
export const DB = {
  ...WEB,
  id: '01900000-0000-7000-8000-000000000002',
  name: 'database',
  status: 'STARTING',
  private_ip: undefined,
};
export const NOT_FOUND: FakeAnswer = {
  status: 404,
  error: { code: 'NOT_FOUND', message: "instance 'wbe' does not exist" },
};

/** A logged-in shell and a server whose answers a test says; fresh for each test of the file that calls this. */
export interface CloudAgainst {
  answer: (request: SeenRequest, nth: number) => FakeAnswer | Promise<FakeAnswer>;
  readonly cloud: TestShell['cloud'];
  readonly seen: readonly SeenRequest[];
  readonly endpoint: string;
  readonly homeDir: string;
}

export function cloudAgainstFakeServer(): CloudAgainst {
  let shell: TestShell;
  let server: FakeServer;
  const against: CloudAgainst = {
    answer: () => ({ data: WEB }),
    cloud: (argv, options) => shell.cloud(argv, options),
    get seen() {
      return server.seen;
    },
    get endpoint() {
      return server.endpoint;
    },
    get homeDir() {
      return shell.homeDir;
    },
  };
  beforeEach(async () => {
    against.answer = () => ({ data: WEB });
    server = await startFakeServer((request, nth) => against.answer(request, nth));
    shell = openShell({ CLOUD_ENDPOINT: server.endpoint, CLOUD_API_KEY: KEY });
  });
  afterEach(async () => {
    shell.remove();
    await server.stop();
  });
  return against;
}

export const words = (line: string): string[] => line.split(' ');
