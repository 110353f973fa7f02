import type { Transport } from '@thecloud/sdk';
import { Failure } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { printResult } from '../output/print.ts';
import { withNames } from '../resolve.ts';
import { connect } from '../run-verb.ts';
import { contextNamed, updateConfig } from '../session/config-file.ts';
import { openSession } from '../session/session.ts';
import { siblingOf } from '../table/verb.ts';
import type { CustomVerb } from '../verb-command.ts';

/**
 * `cloud tenants switch NAME`: makes the tenant the user's default one, and that of the active context too, because a context's tenant, or the
 * tenant of an API key, would override it.
 */
export const switchVerb: CustomVerb = {
  async run(invocation) {
    const transport = connect(invocation);
    await withNames(invocation, transport, (named) => switchTo(named, transport));
  },
};

async function switchTo({ world, verb, verbs, options, input }: Invocation, transport: Transport): Promise<void> {
  const reader = siblingOf(verb, verbs, 'get');
  if (!reader) throw new Failure('this platform has no tenants.get');
  const { id } = await transport.call<{ readonly id: string }>(reader, { id: input.id });
  const answer = await transport.call<unknown>(verb, { ...input, id });
  const session = openSession(world, options);
  updateConfig(world, (config) => {
    const context = contextNamed(config, session.contextName);
    // A key from the environment is no context's.
    if (context?.api_key === undefined || context.api_key !== session.apiKey) return config;
    return { ...config, contexts: { ...config.contexts, [session.contextName]: { ...context, tenant_id: id } } };
  });
  const { env } = world;
  if (options.tenant || env.CLOUD_TENANT_ID)
    world.stderr.write(
      `--tenant or CLOUD_TENANT_ID says '${options.tenant || env.CLOUD_TENANT_ID}', which overrides it\n`,
    );
  await printResult(world, verb, options, answer);
}
