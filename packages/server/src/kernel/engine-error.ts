/**
 * Why an engine refused: `unavailable` and `timeout` may pass, `invalid` will not without another spec; `stuck` is what the host cannot end,
 * and took long to find out; `failed` is its own word for the rest.
 */
export type EngineErrorKind = 'unavailable' | 'timeout' | 'not_found' | 'invalid' | 'stuck' | 'failed';

/** What every engine adapter throws. The message is for people: what was tried, on what, and what the engine answered. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind;
  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.kind = kind;
  }
}
