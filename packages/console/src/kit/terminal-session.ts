import type { SocketTarget } from '@thecloud/sdk';

/** Where a terminal is: `ended` by the program, `lost` by the connection. */
export type TerminalState =
  | { readonly name: 'connecting' | 'open' }
  | { readonly name: 'ended'; readonly code: number }
  | { readonly name: 'lost'; readonly reason: string; readonly again: number | undefined };

export interface TerminalOptions {
  /** Where the socket is, for a terminal of this size. */
  readonly target: (size: Size) => SocketTarget;
  readonly command: readonly string[];
  readonly onOutput: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly onState: (state: TerminalState) => void;
  readonly open?: (target: SocketTarget) => WebSocket;
}

export interface Size {
  readonly rows: number;
  readonly cols: number;
}

const STDIN = 0;
/** Milliseconds before each try to connect again; after the last, a person decides. */
const DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** Milliseconds after which a connection counts as good, so that the tries begin from the first again. */
const GOOD_MS = 10_000;
/** Most bytes of one message of input: the platform takes 256 KiB. */
const INPUT_PART = 64 * 1024;
/** Most bytes that wait in the browser to be sent; more is a paste that nobody reads. */
const MOST_WAITING = 4 * 1024 * 1024;

const resizeTo = ({ rows, cols }: Size): string => JSON.stringify({ type: 'resize', rows, cols });

const openSocket = ({ url, protocols }: SocketTarget): WebSocket => new WebSocket(url, [...protocols]);

/** The program in an instance that a terminal talks to. It connects again by itself, a few times, if the connection breaks. */
export class TerminalSession {
  private readonly options: TerminalOptions;
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private size: Size;

  constructor(options: TerminalOptions, size: Size) {
    this.options = options;
    this.size = size;
  }

  /** Starts the program; one that runs already is left. */
  connect(): void {
    this.close();
    this.options.onState({ name: 'connecting' });
    const asked = this.size;
    const socket = (this.options.open ?? openSocket)(this.options.target(asked));
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    let end: { code: number } | undefined;
    let refusal: string | undefined;
    let openedAt: number | undefined;
    socket.onopen = () => {
      openedAt = performance.now();
      // Not in the address: proxies log addresses.
      socket.send(JSON.stringify({ type: 'command', command: this.options.command }));
      // It was resized while it was connecting.
      if (this.size !== asked) socket.send(resizeTo(this.size));
      this.options.onState({ name: 'open' });
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== 'string') return this.options.onOutput(new Uint8Array(data, 1));
      const message = JSON.parse(data) as { type: string; code: number; message?: string };
      if (message.type === 'exit') end = message;
      else if (message.type === 'error') refusal = message.message;
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (end) return this.options.onState({ name: 'ended', code: end.code });
      if (openedAt !== undefined && performance.now() - openedAt > GOOD_MS) this.failures = 0;
      this.lose(refusal ?? wordsOf(code, openedAt !== undefined), isWorthAnother(code));
    };
  }

  private lose(reason: string, worthIt: boolean): void {
    const delay = worthIt ? DELAYS_MS[this.failures++] : undefined;
    if (delay !== undefined) this.timer = setTimeout(() => this.connect(), delay);
    this.options.onState({ name: 'lost', reason, again: delay });
  }

  /** A person wants it: the tries begin from the first again. */
  reconnect(): void {
    this.failures = 0;
    this.connect();
  }

  /** Sends what was typed or pasted. Answers whether it was taken. */
  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (socket?.readyState !== 1 || socket.bufferedAmount + bytes.length > MOST_WAITING) return false;
    for (let at = 0; at < bytes.length; at += INPUT_PART) {
      const part = bytes.subarray(at, at + INPUT_PART);
      const message = new Uint8Array(part.length + 1);
      message[0] = STDIN;
      message.set(part, 1);
      socket.send(message);
    }
    return true;
  }

  resize(size: Size): void {
    if (size.rows === this.size.rows && size.cols === this.size.cols) return;
    this.size = size;
    if (this.socket?.readyState === 1) this.socket.send(resizeTo(size));
  }

  /** Leaves; the platform ends the program. */
  close(): void {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
  }
}

/** The platform closes with 4000 plus the HTTP status of a refusal. One that is the caller's own fault comes back as it is. */
const isWorthAnother = (code: number): boolean => code < 4000 || code >= 4500 || code === 4429 || code === 4408;

/** Why a connection ended without a word of the platform. A browser does not tell a page how an attempt was refused. */
function wordsOf(code: number, wasOpen: boolean): string {
  if (!wasOpen) return 'The platform could not be reached, or it refused the terminal';
  if (code === 1001) return 'The platform is restarting';
  if (code >= 4000) return `The platform ended the session (${code - 4000})`;
  return 'The connection was cut off';
}
