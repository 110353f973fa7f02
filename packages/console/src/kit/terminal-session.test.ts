import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TerminalSession, type TerminalState } from './terminal-session.ts';

/** The browser's side of a socket, whose other side is the test. */
class Peer {
  binaryType = '';
  readyState = 0;
  bufferedAmount = 0;
  readonly sent: (string | number[])[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  onclose?: (event: { code: number }) => void;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  send(data: string | Uint8Array) {
    this.sent.push(typeof data === 'string' ? data : [...data]);
  }
  close() {
    this.readyState = 3;
  }
  opens() {
    this.readyState = 1;
    this.onopen?.();
  }
  says(data: unknown) {
    this.onmessage?.({ data: typeof data === 'object' && data instanceof ArrayBuffer ? data : JSON.stringify(data) });
  }
  ends(code: number) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

describe('a terminal session', () => {
  let peers: Peer[];
  let states: TerminalState[];
  let output: number[];
  let session: TerminalSession;
  beforeEach(() => {
    vi.useFakeTimers();
    [peers, states, output] = [[], [], []];
    session = new TerminalSession(
      {
        target: ({ rows, cols }) => ({ url: `ws://here/?rows=${rows}&cols=${cols}`, protocols: [] }),
        command: ['sh'],
        onOutput: (bytes) => output.push(...bytes),
        onState: (state) => states.push(state),
        open: ({ url }) => {
          const peer = new Peer(url);
          peers.push(peer);
          return peer as unknown as WebSocket;
        },
      },
      { rows: 24, cols: 80 },
    );
    session.connect();
  });
  afterEach(() => {
    session.close();
    vi.useRealTimers();
  });
  const last = () => peers.at(-1)!;

  it('has the size that the page has when it opens, though it was resized while it was connecting', () => {
    session.resize({ rows: 30, cols: 100 });
    expect(last().sent).toEqual([]);
    last().opens();
    expect(last().sent.slice(1)).toEqual(['{"type":"resize","rows":30,"cols":100}']);
  });

  it('sends the command first, then what is typed, and shows what comes', () => {
    expect(session.write(new Uint8Array([104]))).toBe(false);
    last().opens();
    expect(session.write(new Uint8Array([104, 105]))).toBe(true);
    last().says(new Uint8Array([1, 7, 8]).buffer);
    expect(last().sent).toEqual(['{"type":"command","command":["sh"]}', [0, 104, 105]]);
    expect(output).toEqual([7, 8]);
  });

  it('sends a long paste in parts that the platform takes, and refuses one that nobody reads', () => {
    last().opens();
    session.write(new Uint8Array(150_000));
    expect(
      last()
        .sent.slice(1)
        .map(({ length }) => length),
    ).toEqual([65_537, 65_537, 18_929]);
    last().bufferedAmount = 4 * 1024 * 1024;
    expect(session.write(new Uint8Array(1))).toBe(false);
  });

  it('tells the size when it changes, and connects again with the last one', () => {
    last().opens();
    session.resize({ rows: 24, cols: 80 });
    session.resize({ rows: 50, cols: 120 });
    expect(last().sent.slice(1)).toEqual(['{"type":"resize","rows":50,"cols":120}']);
    last().ends(1006);
    vi.advanceTimersByTime(500);
    expect(last().url).toBe('ws://here/?rows=50&cols=120');
  });

  it('ends with the exit code of the program, and stays so', () => {
    last().opens();
    last().says({ type: 'exit', code: 3 });
    last().ends(1000);
    vi.advanceTimersByTime(60_000);
    expect(states.at(-1)).toEqual({ name: 'ended', code: 3 });
    expect(peers.length).toBe(1);
  });

  it('connects again five times, then leaves it to a person', () => {
    for (let tries = 0; tries < 20; tries++) {
      last().ends(1006);
      vi.advanceTimersByTime(60_000);
    }
    expect(peers.length).toBe(6);
    expect(states.at(-1)).toMatchObject({ name: 'lost', again: undefined });
    session.reconnect();
    last().ends(1006);
    expect(states.at(-1)).toMatchObject({ name: 'lost', again: 500 });
  });

  it('says the reason of the platform, and does not come back where it was refused', () => {
    last().opens();
    last().says({ type: 'error', code: 'FORBIDDEN', message: 'the key was revoked' });
    last().ends(4403);
    vi.advanceTimersByTime(60_000);
    expect(states.at(-1)).toEqual({ name: 'lost', reason: 'the key was revoked', again: undefined });
    expect(peers.length).toBe(1);
  });

  it('says nothing more after it was closed', () => {
    last().opens();
    const before = states.length;
    session.close();
    last().ends(1000);
    expect(states.length).toBe(before);
  });
});
