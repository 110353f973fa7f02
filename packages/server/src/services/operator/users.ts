import Type from 'typebox';
import { conflict } from '../../kernel/errors.ts';
import { type Operation, operation } from '../../kernel/operation.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import { type Handlers, type Kind, service } from '../../kernel/service.ts';
import { issuePasswordReset, resetSecondFactor, unlockUser } from '../identity/index.ts';
import { userExamples } from './examples.ts';
import { createPgSessions } from './session-repository.pg.ts';
import { OperatedUser, type OperatedUserRow, presentUser, userStatus } from './user.ts';
import { createPgOperatedUsers } from './user-repository.pg.ts';

const userRef = Type.String({ minLength: 1, maxLength: 255, description: 'Id or e-mail address' });
const byUser = Type.Object({ id: userRef }, { additionalProperties: false });
const target = { kind: 'operated_user', param: 'id' } as const;

/** What the operator does to one user: `POST /operator/users/:id/<path>`. */
const act = <const D extends Partial<Operation>>(path: string, summary: string, more: D) =>
  ({
    summary,
    effect: 'action',
    scope: 'operator',
    http: { method: 'POST', path: `/operator/users/:id/${path}` },
    input: byUser,
    target,
    cli: { args: ['id'] },
    ...more,
  }) as const;
const answersUser = { output: OperatedUser, answers: 'operated_user' } as const;

export const userOperations = {
  list: operation({
    summary: 'List users',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/users' },
    input: Type.Object(
      {
        ...pageInput,
        email: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
        role: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: 'admin: the operators' })),
        status: Type.Optional(userStatus),
      },
      { additionalProperties: false },
    ),
    output: OperatedUser,
    answers: 'operated_user',
    cli: { columns: ['id', 'email', 'name', 'role', 'status', 'created_at'] },
  }),
  get: operation({
    summary: 'Get a user',
    effect: 'read',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/users/:id' },
    input: byUser,
    output: OperatedUser,
    target,
    cli: { args: ['id'] },
  }),
  unlock: operation(
    act('unlock', 'Unlock a user', {
      ...answersUser,
      description: 'Ends the lockout after too many wrong passwords, so that the user can log in immediately.',
    }),
  ),
  suspend: operation({
    ...act('suspend', 'Suspend a user', answersUser),
    description:
      "Every call with one of the user's keys is refused within a second, in all tenants, with the reason. Nothing is deleted.",
    input: Type.Object(
      { id: userRef, reason: Type.String({ minLength: 1, maxLength: 500, description: 'What the user is told' }) },
      { additionalProperties: false },
    ),
  }),
  resume: operation(act('resume', 'Resume a suspended user', answersUser)),
  endSessions: operation(
    act('end-sessions', "End all of a user's sessions", {
      description: 'Session keys stop working within a second; API keys continue.',
      output: Type.Object({ ended: Type.Integer({ description: 'Number of sessions that ended' }) }),
    }),
  ),
  issueReset: operation(
    act('issue-reset', 'Issue a token for a new password', {
      description:
        'For a user who cannot get mail. Pass the token on in a way that you trust; it is valid for one hour, works once, and is shown only now. The user runs: cloud auth reset-password',
      output: Type.Object({ token: Type.String() }),
      shownOnce: ['token'],
    }),
  ),
  resetSecondFactor: operation(
    act('reset-second-factor', "Remove a user's second factor", {
      description: 'For a user who lost the app and the recovery codes: the password alone lets them in again.',
      ...answersUser,
    }),
  ),
  makeOperator: operation(
    act('make-operator', 'Make a user an operator of the platform', {
      ...answersUser,
      description: 'An operator can do everything below `cloud admin`, also to you.',
    }),
  ),
  unmakeOperator: operation(
    act('unmake-operator', 'Take the role of operator from a user', {
      ...answersUser,
      description: 'The last operator keeps the role, because nobody else could run the platform.',
    }),
  ),
};

const handlers: Handlers<typeof userOperations, { operated_user: OperatedUserRow }> = {
  async list({ sql, input }) {
    const page = pageRequest(input);
    return toPage(await createPgOperatedUsers(sql).list(page, input), page.limit, (row) => row.id);
  },

  async get({ sql, target: user }) {
    return { ...presentUser(user), tenants: await createPgOperatedUsers(sql).memberships(user.id) };
  },

  async unlock({ sql, target: user }) {
    await unlockUser(sql, user.id);
    return { ...user, status: user.status === 'locked' ? 'active' : user.status, locked_until: null };
  },

  async suspend({ sql, target: user, input: { reason }, now }) {
    refuseClosed(user);
    if (user.role === 'admin')
      throw conflict(`${user.email} is an operator; first: cloud admin users unmake-operator ${user.email}`);
    if (user.status === 'suspended') throw conflict(`${user.email} is suspended already`);
    await createPgOperatedUsers(sql).setSuspension(user.id, now, reason, now);
    return { ...user, status: 'suspended', suspended_at: now, suspended_reason: reason };
  },

  async resume({ sql, target: user, now }) {
    refuseClosed(user);
    if (user.status !== 'suspended') throw conflict(`${user.email} is not suspended`);
    await createPgOperatedUsers(sql).setSuspension(user.id, null, null, now);
    return { ...user, status: 'active', suspended_at: null, suspended_reason: null };
  },

  async endSessions({ sql, target: user, now }) {
    return { ended: (await createPgSessions(sql).endOfUser(user.id, now)).length };
  },

  async issueReset(call) {
    const token = await issuePasswordReset(call, call.target.id);
    if (token === undefined) throw conflict(`the account of ${call.target.email} is closed`);
    return { token };
  },

  async resetSecondFactor({ sql, target: user }) {
    if (!(await resetSecondFactor(sql, user.id))) throw conflict(`${user.email} has no second factor`);
    return user;
  },

  async makeOperator({ sql, target: user, now }) {
    // Would count as the one who can still run the platform.
    if (user.status === 'suspended')
      throw conflict(`${user.email} is suspended; first: cloud admin users resume ${user.email}`);
    const outcome = await createPgOperatedUsers(sql).setOperator(user.id, true, now);
    if (outcome === 'closed') throw conflict(`the account of ${user.email} is closed; choose another user`);
    if (outcome === 'unchanged') throw conflict(`${user.email} is an operator already`);
    return { ...user, role: 'admin' };
  },

  async unmakeOperator({ sql, target: user, now }) {
    const outcome = await createPgOperatedUsers(sql).setOperator(user.id, false, now);
    if (outcome === 'last')
      throw conflict(
        `${user.email} is the last operator; make another user an operator first: cloud admin users make-operator <user>`,
      );
    if (outcome !== 'done') throw conflict(`${user.email} is not an operator`);
    return { ...user, role: 'developer' };
  },
};

function refuseClosed({ email, status }: OperatedUserRow): void {
  if (status === 'closed') throw conflict(`the account of ${email} is closed`);
}

const operatedUser: Kind<OperatedUserRow> = {
  noun: 'user',
  find: (sql, { ref: given, lock }) => createPgOperatedUsers(sql).find(given, lock),
  id: (row) => row.id,
  name: (row) => row.email,
  present: presentUser,
};

/** All users, for the operator. */
export const createAdminUsersService = () =>
  service({
    name: 'admin-users',
    resource: 'user',
    title: 'Users of the platform',
    operations: userOperations,
    authority: true,
    console: {
      group: 'operator',
      heading: 'Users',
      icon: 'users',
      order: 1,
      summary: 'A user is somebody with an account on this platform.',
      title: 'email',
      columns: ['email', 'name', 'role', 'status', 'created_at'],
    },
    handlers,
    kinds: { operated_user: operatedUser },
    examples: userExamples,
  });
