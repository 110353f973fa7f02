import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems.ts';

const refusal = (message: string, status = 400, code = 'INVALID_INPUT') => ({ message, status, code });
const ASKED = [
  { name: 'email', named: /^a user with the email/ },
  { name: 'password', named: /\bpassword is/ },
];

describe('a refusal', () => {
  it('stands whole at the line that it is about, with what to do', () => {
    const easy = 'password is too easy to guess: it has 44 bits and needs 50; make it longer';
    expect(problemsOf(refusal(easy), ASKED)).toEqual({ password: `P${easy.slice(1)}` });
    const taken = "a user with the email 'ada@example.com' already exists; log in instead";
    expect(problemsOf(refusal(taken, 409, 'CONFLICT'), ASKED)).toEqual({ email: `A${taken.slice(1)}` });
  });

  it('of a wrong password is at the password, though it is no invalid input', () => {
    expect(problemsOf(refusal('the password is wrong', 401, 'UNAUTHORIZED'), ASKED)).toEqual({
      password: 'The password is wrong',
    });
  });

  it('of several members is at each of them', () => {
    expect(Object.keys(problemsOf(refusal('email must be an address; password must be longer'), ASKED))).toEqual([
      'email',
      'password',
    ]);
  });

  it('that is about no line, or a failure, is shown whole by the form', () => {
    expect(problemsOf(refusal('registration is closed on this platform', 403, 'FORBIDDEN'), ASKED)).toEqual({});
    expect(problemsOf(refusal('password is unknown to the database', 500, 'INTERNAL'), ASKED)).toEqual({});
  });
});
