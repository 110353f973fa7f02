import { CloudError } from '../../kernel/errors.ts';

/** A stream cannot go on where it was: what lies between is lost to it. */
export const gone = (why: string): CloudError =>
  new CloudError(
    'EVENTS_EXPIRED',
    410,
    `the stream cannot go on after this id: ${why}; list what you need, then follow without after`,
  );
