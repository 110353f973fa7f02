// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Transport } from '../call.ts';
import type { Me, User } from './models.ts';

export interface AuthRegisterInput {
  /** An e-mail address */
  readonly email: string;
  /** Needs about 50 bits of entropy: long, or of several kinds of characters */
  readonly password: string;
  readonly name: string;
}

export interface AuthLoginInput {
  /** An e-mail address */
  readonly email: string;
  readonly password: string;
  /** Code of the authenticator app, or a recovery code */
  readonly code?: string | undefined;
}

export interface AuthLoginOutput {
  readonly user: User;
  readonly api_key: string;
  readonly expires_at: string;
}

export interface AuthLogoutInput {
  /** Session key that the login returned */
  readonly api_key: string;
}

export interface AuthLogoutOutput {
  /** Id of the session */
  readonly id: string;
}

export interface AuthUpdateInput {
  readonly name?: string | undefined;
  /** An e-mail address */
  readonly email?: string | undefined;
  readonly password?: string | undefined;
}

export interface AuthChangePasswordInput {
  readonly old_password: string;
  /** Needs about 50 bits of entropy: long, or of several kinds of characters */
  readonly new_password: string;
}

export interface AuthForgotPasswordInput {
  /** An e-mail address */
  readonly email: string;
}

export interface AuthForgotPasswordOutput {
  readonly message: string;
}

export interface AuthResetPasswordInput {
  readonly token: string;
  /** Needs about 50 bits of entropy: long, or of several kinds of characters */
  readonly new_password: string;
}

export interface AuthResetPasswordOutput {
  readonly message: string;
}

export interface AuthCloseInput {
  readonly password: string;
  /** Your e-mail address */
  readonly confirm: string;
}

export interface AuthCloseOutput {
  readonly id: string;
  readonly message: string;
}

export interface Auth {
  /**
   * Register a user.
   * Creates the user and a personal tenant that the user owns. The first user is the operator of the platform.
   * POST /auth/register · scope public · errors FORBIDDEN
   */
  register(input: AuthRegisterInput, options?: CallOptions): Promise<User>;
  /**
   * Log in.
   * Returns a session key that expires. A user with a second factor also sends a code. Five wrong passwords or codes lock the user for 15 minutes for the address that they came from.
   * POST /auth/login · scope public · errors UNAUTHORIZED, FORBIDDEN, SECOND_FACTOR_REQUIRED
   */
  login(input: AuthLoginInput, options?: CallOptions): Promise<AuthLoginOutput>;
  /**
   * Log out.
   * Ends the session with this key immediately. The session must be yours; your other sessions continue.
   * POST /auth/logout · scope user · errors NOT_FOUND
   */
  logout(input: AuthLogoutInput, options?: CallOptions): Promise<AuthLogoutOutput>;
  /**
   * Get the current user.
   * GET /auth/me · scope user
   */
  me(options?: CallOptions): Promise<Me>;
  /**
   * Change your name or e-mail address.
   * A new e-mail address needs your password.
   * PATCH /auth/me · scope user · errors CONFLICT
   */
  update(input?: AuthUpdateInput, options?: CallOptions): Promise<User>;
  /**
   * Change your password.
   * Ends your other sessions. API keys continue to work.
   * POST /auth/change-password · scope user
   */
  changePassword(input: AuthChangePasswordInput, options?: CallOptions): Promise<User>;
  /**
   * Ask for a password reset.
   * Sends a token to the e-mail address if a user has it. The token is valid for one hour. The answer is always the same. A user gets at most 3 tokens an hour.
   * POST /auth/forgot-password · scope public
   */
  forgotPassword(input: AuthForgotPasswordInput, options?: CallOptions): Promise<AuthForgotPasswordOutput>;
  /**
   * Reset a password.
   * Sets a new password with a token that was sent by mail, and ends all sessions. A token works once.
   * POST /auth/reset-password · scope public
   */
  resetPassword(input: AuthResetPasswordInput, options?: CallOptions): Promise<AuthResetPasswordOutput>;
  /**
   * Close your account.
   * Cannot be undone. Erases your name, e-mail address, password and second factor, revokes your keys and removes you from your tenants. Your tenants without other members are closed too. Refused while you are the only owner of a tenant that has other members or resources.
   * POST /auth/close · scope user · errors CONFLICT
   */
  close(input: AuthCloseInput, options?: CallOptions): Promise<AuthCloseOutput>;
}

const SPECS = {
  register: {"name":"auth.register","method":"POST","path":"/auth/register"},
  login: {"name":"auth.login","method":"POST","path":"/auth/login"},
  logout: {"name":"auth.logout","method":"POST","path":"/auth/logout"},
  me: {"name":"auth.me","method":"GET","path":"/auth/me"},
  update: {"name":"auth.update","method":"PATCH","path":"/auth/me"},
  changePassword: {"name":"auth.changePassword","method":"POST","path":"/auth/change-password"},
  forgotPassword: {"name":"auth.forgotPassword","method":"POST","path":"/auth/forgot-password"},
  resetPassword: {"name":"auth.resetPassword","method":"POST","path":"/auth/reset-password"},
  close: {"name":"auth.close","method":"POST","path":"/auth/close"},
} as const;

export function createAuth(transport: Transport): Auth {
  return {
    register: (input, options) => transport.call(SPECS.register, { ...input }, options),
    login: (input, options) => transport.call(SPECS.login, { ...input }, options),
    logout: (input, options) => transport.call(SPECS.logout, { ...input }, options),
    me: (options) => transport.call(SPECS.me, {}, options),
    update: (input, options) => transport.call(SPECS.update, { ...input }, options),
    changePassword: (input, options) => transport.call(SPECS.changePassword, { ...input }, options),
    forgotPassword: (input, options) => transport.call(SPECS.forgotPassword, { ...input }, options),
    resetPassword: (input, options) => transport.call(SPECS.resetPassword, { ...input }, options),
    close: (input, options) => transport.call(SPECS.close, { ...input }, options),
  };
}
