// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Transport } from '../call.ts';
import type { User } from './models.ts';

export interface AuthRegisterInput {
  /** An e-mail address */
  readonly email: string;
  readonly password: string;
  readonly name: string;
}

export interface AuthLoginInput {
  /** An e-mail address */
  readonly email: string;
  readonly password: string;
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

export interface Auth {
  /**
   * Register a user.
   * Creates the user and a personal tenant that the user owns. The first user is the operator of the platform.
   * POST /auth/register · scope public · errors FORBIDDEN
   */
  register(input: AuthRegisterInput, options?: CallOptions): Promise<User>;
  /**
   * Log in.
   * Returns a session key that expires. Five wrong passwords lock the user for 15 minutes.
   * POST /auth/login · scope public · errors UNAUTHORIZED
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
  me(options?: CallOptions): Promise<User>;
}

const SPECS = {
  register: {"name":"auth.register","method":"POST","path":"/auth/register"},
  login: {"name":"auth.login","method":"POST","path":"/auth/login"},
  logout: {"name":"auth.logout","method":"POST","path":"/auth/logout"},
  me: {"name":"auth.me","method":"GET","path":"/auth/me"},
} as const;

export function createAuth(transport: Transport): Auth {
  return {
    register: (input, options) => transport.call(SPECS.register, { ...input }, options),
    login: (input, options) => transport.call(SPECS.login, { ...input }, options),
    logout: (input, options) => transport.call(SPECS.logout, { ...input }, options),
    me: (options) => transport.call(SPECS.me, {}, options),
  };
}
