import type { AllOptions, CallOptions, CallSpec, Input, Page, Transport } from './call.ts';

/** Every item of a list, page by page as they are asked for. */
export async function* listAll<T>(
  transport: Transport,
  spec: CallSpec,
  input: Input,
  options?: CallOptions,
): AsyncGenerator<T, void, undefined> {
  let cursor = input.cursor as string | undefined;
  do {
    const page: Page<T> = await transport.page<T>(spec, { ...input, cursor }, options as AllOptions);
    yield* page.items;
    if (page.nextCursor !== undefined && page.nextCursor === cursor)
      throw new Error(`${spec.name}: the server returned the same cursor twice`);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
