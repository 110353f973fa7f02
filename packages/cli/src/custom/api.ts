import { readFileSync } from 'node:fs';

import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { usage } from '../failure.ts';
import { type GlobalOptions, openSession, transportOf } from '../session/session.ts';
import { globalOptions, OUTPUT, type VerbDeps } from '../verb-command.ts';
import { toJson } from '../output/cell.ts';
import type { World } from '../world.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Longer than the longest `?wait=` and command. */
const TIMEOUT_MS = 330_000;

interface ApiOptions extends Omit<GlobalOptions, 'header'> {
  readonly data?: string;
  readonly header?: readonly string[];
}

/** `cloud api GET /instances`: sends any request and prints the answer unchanged. */
export function addApi(program: Command, deps: VerbDeps): void {
  const command = program
    .command('api')
    .summary('Send any request')
    .description(
      'Send a request to the REST API with your key and print the answer. The platform lists all requests at /docs.',
    )
    .addArgument(new Argument('<method>').choices(METHODS).argParser(readMethod))
    .addArgument(new Argument('<path>', 'path with its query, for example /instances?limit=5'))
    .addOption(new Option('-d, --data <json>', 'request body; @FILE reads it from a file, @- from standard input'))
    .addOption(
      new Option('-H, --header <name:value>', 'request header; may be repeated').argParser(
        (text, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    );
  for (const option of globalOptions().filter((one) => !OUTPUT.includes(one.long!))) command.addOption(option);
  command.usage('<method> <path> [options]');
  command.action((method: string, path: string) =>
    deps.act(async () => {
      const { header: lines = [], ...given } = command.opts<ApiOptions>();
      const options = { ...deps.before(), ...given };
      if (!path.startsWith('/')) throw usage(`the path '${path}' must begin with /`);
      // URLs read \ as /; what stands behind ? names no folders.
      if (/[/\\](\.|%2e){1,2}([/\\]|$)/i.test(path.split(/[?#]/, 1)[0]!))
        throw usage(`the path '${path}' contains . or .. as a segment; write the full path without it`);
      if (method === 'GET' && options.data !== undefined)
        throw usage('GET takes no body; remove --data or use another method');
      const body = options.data === undefined ? undefined : await readBody(deps.world, options.data);
      const transport = transportOf(openSession(deps.world, options), deps.verbs);
      const answer = await transport.send({
        method,
        path,
        body,
        headers: readHeaders(lines),
        timeoutMs: TIMEOUT_MS,
        retries: 0,
      });
      deps.world.stdout.write(pretty(answer.text));
    }),
  );
}

function readMethod(given: string): string {
  const method = given.toUpperCase();
  if (METHODS.includes(method)) return method;
  throw new InvalidArgumentError(`Allowed choices are ${METHODS.join(', ')}.`);
}

async function readBody(world: World, data: string): Promise<unknown> {
  const text = data === '@-' ? await readAll(world) : data.startsWith('@') ? readFile(data.slice(1)) : data;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage(`--data is not valid JSON: ${(error as Error).message}`);
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage((error as Error).message);
  }
}

async function readAll(world: World): Promise<string> {
  let text = '';
  for await (const chunk of world.stdin.setEncoding('utf8')) text += chunk as string;
  return text;
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const cut = line.indexOf(':');
      if (cut < 1) throw usage(`the header '${line}' must have the form name:value`);
      const [name, value] = [line.slice(0, cut).trim(), line.slice(cut + 1).trim()];
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw usage(`'${name}' is not a valid header name`);
      if (!/^[\t\x20-\x7e\xa0-\xff]*$/.test(value))
        throw usage(`the header ${name} contains characters that are not allowed in a header`);
      return [name, value];
    }),
  );
}

function pretty(text: string): string {
  try {
    return `${toJson(JSON.parse(text))}\n`;
  } catch (error) {
    // Logs and pages are not JSON; print them unchanged.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
