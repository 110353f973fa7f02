import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Found by the package's name and not beside this file: code that went into a bundle finds its models too, where the package (its
 * package.json, models/ and overlay/ are enough) is installed beside the bundle.
 */
const root = dirname(createRequire(import.meta.url).resolve('@thecloud/aws-protocol/package.json'));

/** Parses one of the package's data files, `models/sqs.json`. Undefined: there is no such file. */
export function readDataFile(name: string): unknown {
  const path = join(root, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
