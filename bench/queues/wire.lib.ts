import { connect, type Socket } from 'node:net';

export interface WireAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * A keep-alive connection that carries one request at a time, given as bytes. It reads no more of HTTP than the servers of this bench write,
 * because the client shares the cores with what it measures.
 */
export class Wire {
  readonly #socket: Socket;
  #seen: Buffer | undefined;
  #resolve: ((answer: WireAnswer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (part: Buffer) => this.#read(part));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static open(origin: string): Promise<Wire> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Wire(socket));
      });
    });
  }

  ask(request: Buffer): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#socket.destroy();
  }

  #read(part: Buffer): void {
    const seen = this.#seen ? Buffer.concat([this.#seen, part]) : part;
    this.#seen = seen;
    const head = seen.indexOf(HEAD_END);
    if (head < 0) return;
    const text = seen.toString('latin1', 0, head);
    const status = Number(text.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (length === undefined && status !== 204) return this.#fail(new Error(`an answer of unknown length: ${text}`));
    const end = head + HEAD_END.length + Number(length ?? 0);
    if (seen.length < end) return;
    this.#seen = undefined;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.({ status, body: seen.subarray(head + HEAD_END.length, end) });
  }

  #fail(error: Error): void {
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    reject?.(error);
  }
}
