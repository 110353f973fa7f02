/**
 * Test mode: every call of an engine throws while a transaction is open in the same chain of calls. Decide, commit, act, commit: an
 * engine may take minutes, and a transaction that long holds locks, a connection, and the vacuum.
 */
export function guardEngine<Engine extends object>(engine: Engine, openTransactions: () => number): Engine {
  return new Proxy(engine, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        if (openTransactions() > 0)
          throw new Error(`${String(property)}() of an engine was called inside a transaction`);
        return (value as (...given: unknown[]) => unknown).apply(target, parameters);
      };
    },
  });
}
