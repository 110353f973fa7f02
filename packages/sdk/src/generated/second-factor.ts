// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Transport } from '../call.ts';

export interface SecondFactorGetOutput {
  readonly enabled: boolean;
  readonly confirmed_at?: string;
  readonly recovery_codes_left: number;
}

export interface SecondFactorEnrolInput {
  readonly password: string;
}

export interface SecondFactorEnrolOutput {
  /** In base32, to type into the app */
  readonly secret: string;
  /** The same as an otpauth:// URI, for a QR code */
  readonly uri: string;
}

export interface SecondFactorConfirmInput {
  /** Code of the authenticator app, or a recovery code */
  readonly code: string;
}

export interface SecondFactorConfirmOutput {
  /** Ten codes that each replace one code of the app, shown only now */
  readonly recovery_codes: readonly string[];
}

export interface SecondFactorRecoveryCodesInput {
  /** Code of the authenticator app, or a recovery code */
  readonly code: string;
}

export interface SecondFactorRecoveryCodesOutput {
  /** Ten codes that each replace one code of the app, shown only now */
  readonly recovery_codes: readonly string[];
}

export interface SecondFactorDisableInput {
  /** Code of the authenticator app, or a recovery code */
  readonly code: string;
}

export interface SecondFactorDisableOutput {
  readonly enabled: boolean;
}

export interface SecondFactor {
  /**
   * Show whether you have a second factor.
   * GET /auth/second-factor · scope user
   */
  get(options?: CallOptions): Promise<SecondFactorGetOutput>;
  /**
   * Enrol a second factor.
   * Returns the secret for an authenticator app (TOTP: SHA-1, 6 digits, 30 s). Logins ask for codes once you have confirmed one.
   * POST /auth/second-factor · scope user · errors CONFLICT
   */
  enrol(input: SecondFactorEnrolInput, options?: CallOptions): Promise<SecondFactorEnrolOutput>;
  /**
   * Confirm a second factor.
   * Takes the first code of your app. From then on, logins ask for a code. Returns recovery codes.
   * POST /auth/second-factor/confirm · scope user · errors CONFLICT
   */
  confirm(input: SecondFactorConfirmInput, options?: CallOptions): Promise<SecondFactorConfirmOutput>;
  /**
   * Replace your recovery codes.
   * Returns ten new codes. The old ones stop working.
   * POST /auth/second-factor/recovery-codes · scope user · errors CONFLICT
   */
  recoveryCodes(input: SecondFactorRecoveryCodesInput, options?: CallOptions): Promise<SecondFactorRecoveryCodesOutput>;
  /**
   * Remove your second factor.
   * Logins need only your password again.
   * POST /auth/second-factor/disable · scope user · errors CONFLICT
   */
  disable(input: SecondFactorDisableInput, options?: CallOptions): Promise<SecondFactorDisableOutput>;
}

const SPECS = {
  get: {"name":"second-factor.get","method":"GET","path":"/auth/second-factor"},
  enrol: {"name":"second-factor.enrol","method":"POST","path":"/auth/second-factor"},
  confirm: {"name":"second-factor.confirm","method":"POST","path":"/auth/second-factor/confirm"},
  recoveryCodes: {"name":"second-factor.recoveryCodes","method":"POST","path":"/auth/second-factor/recovery-codes"},
  disable: {"name":"second-factor.disable","method":"POST","path":"/auth/second-factor/disable"},
} as const;

export function createSecondFactor(transport: Transport): SecondFactor {
  return {
    get: (options) => transport.call(SPECS.get, {}, options),
    enrol: (input, options) => transport.call(SPECS.enrol, { ...input }, options),
    confirm: (input, options) => transport.call(SPECS.confirm, { ...input }, options),
    recoveryCodes: (input, options) => transport.call(SPECS.recoveryCodes, { ...input }, options),
    disable: (input, options) => transport.call(SPECS.disable, { ...input }, options),
  };
}
