/** Resolves if healthy; rejects with the reason. */
export type HealthCheck = () => Promise<void>;
/** By name. */
export type HealthChecks = Readonly<Record<string, HealthCheck>>;

/** A check without a result after this time is down. */
const CHECK_TIMEOUT_MS = 2_000;

export const areUp = (results: Readonly<Record<string, string>>): boolean =>
  Object.values(results).every((result) => result === 'UP');

/** `UP`, or `DOWN` with the reason, of each check. */
export const runAll = async (checks: HealthChecks): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await run(check)] as const)),
  );

async function run(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return 'UP';
  } catch (error) {
    return `DOWN: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
