import { CloudError } from '../../kernel/errors.ts';

/** The secret service's own codes and their HTTP status. */
export const SECRET_ERRORS = {
  /** No version of the secret is the one that is asked for: it was created without a value, or has no such stage or version. */
  SECRET_HAS_NO_VALUE: 404,
  /** Another value was stored under this version id. */
  SECRET_VERSION_EXISTS: 409,
} as const;

const secretError = (code: keyof typeof SECRET_ERRORS, message: string): CloudError =>
  new CloudError(code, SECRET_ERRORS[code], message);

export const hasNoValue = (name: string, what: string): CloudError =>
  secretError(
    'SECRET_HAS_NO_VALUE',
    `secret '${name}' has no ${what}; see what it has: cloud secrets versions ${name}`,
  );
export const versionExists = (name: string, id: string): CloudError =>
  secretError(
    'SECRET_VERSION_EXISTS',
    `secret '${name}' has a version '${id}' with another value; leave version_id out, or choose another one`,
  );
