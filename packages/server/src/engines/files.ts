import { access } from 'node:fs/promises';

export const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The first of the paths that exists. */
export async function findFirst(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await fileExists(path)) return path;
  return undefined;
}
