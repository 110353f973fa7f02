import { notFound } from '../../kernel/errors.ts';
import { type Call, type Handlers, type Kind, steps } from '../../kernel/service.ts';
import { createPgAccountRepository } from './account-repository.pg.ts';
import type { LoginDeps } from './login-handlers.ts';
import { keyIdOf } from './password-handlers.ts';
import type { sessionOperations } from './session-operations.ts';
import { presentSession, type SessionRow } from './user.ts';

export const sessionKind: Kind<SessionRow> = {
  noun: 'session',
  find: (sql, { userId, ref }) => createPgAccountRepository(sql).findSession(userId, ref),
  id: (row) => row.id,
  present: (row, caller) => presentSession(row, keyIdOf({ caller })),
  list: (sql, { userId }, page) => createPgAccountRepository(sql).listSessions(userId, page),
};

export const createSessionHandlers = ({
  forgetCallers,
}: Pick<LoginDeps, 'forgetCallers'>): Handlers<typeof sessionOperations, { session: SessionRow }> => ({
  end: steps({
    async run({ sql, userId, target, now }: Call<unknown, SessionRow>) {
      if (!(await createPgAccountRepository(sql).endSession(userId, target.id, now)))
        throw notFound('session', target.id);
      return {};
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),
  endOthers: steps({
    async run(call: Call) {
      const { sql, userId, now, about } = call;
      about({ id: userId });
      return { ended: await createPgAccountRepository(sql).endSessions(userId, keyIdOf(call) ?? null, now) };
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),
});
