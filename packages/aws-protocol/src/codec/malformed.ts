/**
 * The request cannot be read as what it claims to be. Every reader throws it, and nothing else, for a bad request; each
 * protocol answers it in its own words with a 4xx.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  /** `escape`: a `%` of a path, a query or a form is not followed by what UTF-8 makes of a letter. */
  readonly reason: 'malformed' | 'escape';

  constructor(message: string, reason: 'malformed' | 'escape' = 'malformed') {
    super(message);
    this.reason = reason;
  }
}

/** Bounds on what a stranger may make the server build. */
export interface Limits {
  /** Bytes of a body that is held in memory. Streamed bodies are bounded by the handler. Default 16 MiB. */
  readonly bodyBytes: number;
  /** Levels of nested values. Default 64. */
  readonly depth: number;
  /**
   * Parameters of a form, elements of an XML document, items of a CBOR document; ten times as many values of a JSON
   * document. Default 100,000.
   */
  readonly nodes: number;
  /** Characters of the path and query together, and of all header lines together. Default 64 KiB. */
  readonly headerBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 16 << 20,
  depth: 64,
  nodes: 100_000,
  headerBytes: 64 << 10,
};
