import { CloudApiError, CloudConnectionError, listAll } from '@thecloud/sdk';
import type { Command } from 'commander';
import { printResult } from '../output/print.ts';
import { configPath, contextNamed, readConfig, updateConfig } from '../session/config-file.ts';
import { type GlobalOptions, openSession, contextNameOf, requireKey, transportOf } from '../session/session.ts';
import { globalOptions, type VerbDeps } from '../verb-command.ts';
import { verbNamed } from './login.ts';

interface QuotaUsage {
  readonly resource: string;
  readonly used: number;
  readonly max: number;
  readonly unit: string;
}

/** `cloud logout`: revokes the session key and removes it from the config file. */
export function addLogout(program: Command, deps: VerbDeps): void {
  const command = program
    .command('logout')
    .summary('Log out')
    .description('Revoke the session key and remove it from your config file.')
    .addOption(globalOptions().find((option) => option.long === '--context')!);
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<GlobalOptions>() };
      const config = readConfig(world);
      const name = contextNameOf(world, options, config);
      const context = contextNamed(config, name);
      if (context?.api_key === undefined) {
        world.stderr.write(`The context '${name}' is not logged in.\n`);
        return;
      }
      const revoked = await revoke(deps, context.endpoint, context.api_key);
      updateConfig(world, (now) => {
        // A login by another command in between has another key.
        if (contextNamed(now, name)?.api_key !== context.api_key) return now;
        const { api_key: _, expires_at: __, ...rest } = context;
        return { ...now, contexts: { ...now.contexts, [name]: rest } };
      });
      world.stderr.write(
        revoked === true
          ? `Logged out of ${context.endpoint}.\n`
          : `Removed the key from ${configPath(world)}, but could not revoke it (${revoked}). It works until ${context.expires_at ?? 'it is revoked'}.\n`,
      );
    }),
  );
}

/** True, or why the key could not be revoked. The config file loses the key either way. */
async function revoke(deps: VerbDeps, endpoint: string, apiKey: string): Promise<true | string> {
  const transport = transportOf(
    { endpoint, apiKey, tenantId: undefined, contextName: '', noKeyBecause: undefined },
    deps.verbs,
    { retries: 0 },
  );
  try {
    await transport.call(verbNamed(deps, 'auth.logout'), { api_key: apiKey });
    return true;
  } catch (error) {
    if (error instanceof CloudApiError && error.status === 401) return true;
    if (error instanceof CloudApiError || error instanceof CloudConnectionError) return error.message;
    throw error;
  }
}

/** `cloud whoami` */
export function addWhoami(program: Command, deps: VerbDeps): void {
  const command = program
    .command('whoami')
    .summary('Show your user, tenant and quotas')
    .description('Show your user, your tenant with its quotas, and the platform that commands go to.');
  for (const option of globalOptions()) command.addOption(option);
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<GlobalOptions>() };
      const session = openSession(world, options);
      requireKey(session);
      const me = verbNamed(deps, 'auth.me');
      const transport = transportOf(session, deps.verbs);
      const user = await transport.call<{ readonly tenant_id?: string }>(me, {});
      const used: QuotaUsage[] = [];
      for await (const one of listAll<QuotaUsage>(transport, verbNamed(deps, 'quotas.list'), {})) used.push(one);
      const isTable = (options.output ?? 'table') === 'table';
      const quotas = isTable ? used.map(({ resource, ...one }) => `${resource} ${one.used} of ${one.max}`) : used;
      const shown = { ...user, quotas, endpoint: session.endpoint, context: session.contextName };
      await printResult(world, { ...me, columns: [...me.columns, 'quotas', 'endpoint', 'context'] }, options, shown);
    }),
  );
}
