import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { CompactModel } from '../src/model/compact.ts';
import { modelOfClient } from '../src/model/from-client.ts';
import type { ServiceSource } from './services.ts';

/** The compact model of one service, from the public exports of its installed SDK client package. */
export async function extractModel(id: string, source: ServiceSource): Promise<CompactModel> {
  const { client, ...rest } = source;
  const name = `@aws-sdk/client-${client}`;
  return modelOfClient((await import(name)) as object, { id, ...rest, client: `${name}@${packageVersion(name)}` });
}

function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(name) + name.length);
  return (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }).version;
}
