import { CloudError, type ErrorTable } from '../../kernel/errors.ts';

/** Codes of the trail, with their HTTP status. */
export const AUDIT_ERRORS = { AUDIT_NOT_COVERED: 409 } as const satisfies ErrorTable;

export const notCovered = (detail: string): CloudError =>
  new CloudError('AUDIT_NOT_COVERED', AUDIT_ERRORS.AUDIT_NOT_COVERED, detail);
