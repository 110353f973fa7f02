import type { SecretAction } from './action.ts';

export const getRandomPassword: SecretAction<'GetRandomPassword'> = async (input, context) => {
  const wanted = {
    length: input.PasswordLength,
    exclude_characters: input.ExcludeCharacters || undefined,
    exclude_lowercase: input.ExcludeLowercase,
    exclude_uppercase: input.ExcludeUppercase,
    exclude_numbers: input.ExcludeNumbers,
    exclude_punctuation: input.ExcludePunctuation,
    include_space: input.IncludeSpace,
    require_each_type: input.RequireEachIncludedType,
  };
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const { password } = (await context.execute('secrets.randomPassword', given)) as { readonly password: string };
  return { RandomPassword: password };
};
