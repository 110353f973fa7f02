/**
 * Extracts the committed models from the installed SDK clients.
 *
 *   node tools/gen.ts           writes models/*.json
 *   node tools/gen.ts --check   writes nothing; exits 1 when an installed client gives another model than the committed one
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extractModel } from './extract.ts';
import { render } from './render.ts';
import { SERVICES } from './services.ts';

const check = process.argv.includes('--check');
const folder = new URL('../models/', import.meta.url);
const stale: string[] = [];
let bytes = 0;
for (const [id, source] of Object.entries(SERVICES)) {
  const text = render(await extractModel(id, source));
  bytes += Buffer.byteLength(text);
  const file = new URL(`${id}.json`, folder);
  const committed = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (committed === text) continue;
  stale.push(id);
  if (!check) writeFileSync(file, text);
}
for (const name of readdirSync(folder)) {
  if (name.endsWith('.json') && !(name.slice(0, -5) in SERVICES)) stale.push(`${name} (no such service)`);
}
console.log(`${Object.keys(SERVICES).length} models, ${(bytes / 1e6).toFixed(2)} MB`);
if (stale.length > 0) {
  console.log(`${check ? 'differ from the installed SDK clients' : 'written'}: ${stale.join(', ')}`);
  if (check) {
    console.log('Run `npm run gen -w packages/aws-protocol`, review the diff and commit it.');
    process.exitCode = 1;
  }
}
