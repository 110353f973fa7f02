import type { Ask } from '../form/ask-form.tsx';

export const EMAIL: Ask = { name: 'email', label: 'E-mail address', type: 'email', autoComplete: 'username' };

/** A password that is chosen, with the rules said beforehand. */
export const newPassword = (name: string, label: string): Ask => ({
  name,
  label,
  type: 'password',
  autoComplete: 'new-password',
  minLength: 8,
  help: 'Hard to guess: three or four words that do not belong together, or 10 characters of several kinds. At most 72.',
  named: /\bpassword (has|is too|must)|new_password/,
});

/** The code of the second step. */
export const CODE: Ask = {
  name: 'code',
  label: 'Code',
  autoComplete: 'one-time-code',
  help: 'Six digits from your authenticator app, or one of your recovery codes',
  named: /\bcode\b/,
  focus: true,
};
