import { conflict, invalidInput } from '../../kernel/errors.ts';
import { LIMITS } from './secret.ts';
import { CURRENT, PREVIOUS, type VersionRow } from './version.ts';

// A stage is a name for one version of a secret: it is at one version at most. Pure: what the stages are afterwards.

type Staged = Pick<VersionRow, 'id' | 'stages'>;

/** Stages by the id of a version. */
export type Stages = ReadonlyMap<string, readonly string[]>;

/** Puts a stage at a version, and takes it from where it was. What was current before becomes the previous one. */
function put(stages: Map<string, readonly string[]>, stage: string, to: string): void {
  const before = [...stages].find(([, names]) => names.includes(stage))?.[0];
  if (before === to) return;
  for (const [id, names] of stages)
    if (names.includes(stage))
      stages.set(
        id,
        names.filter((name) => name !== stage),
      );
  stages.set(to, [...(stages.get(to) ?? []), stage]);
  if (stage === CURRENT && before !== undefined) put(stages, PREVIOUS, before);
  // One version is not both.
  if (stage === CURRENT) take(stages, PREVIOUS, to);
}

function take(stages: Map<string, readonly string[]>, stage: string, from: string): void {
  const names = stages.get(from) ?? [];
  if (names.includes(stage))
    stages.set(
      from,
      names.filter((name) => name !== stage),
    );
}

const stagesOf = (versions: readonly Staged[]): Map<string, readonly string[]> =>
  new Map(versions.map(({ id, stages }) => [id, stages]));

/** With a new version that has these stages. The first version of a secret is its current one. */
export function withVersion(versions: readonly Staged[], id: string, wanted: readonly string[]): Stages {
  const stages = stagesOf(versions);
  stages.set(id, []);
  for (const stage of new Set(versions.length === 0 ? [CURRENT, ...wanted] : wanted)) put(stages, stage, id);
  return checked(stages);
}

/**
 * With a stage moved to a version, or, with null, taken away. `from` is where the caller saw it, null for nowhere: throws INVALID_INPUT if it is
 * somewhere else, so that nobody moves what somebody else has just moved.
 */
export function withMove(
  versions: readonly Staged[],
  stage: string,
  { from, to }: { readonly from?: string | null | undefined; readonly to: string | null },
): Stages {
  const stages = stagesOf(versions);
  for (const id of [from, to])
    if (typeof id === 'string' && !stages.has(id))
      throw invalidInput(`the secret has no version '${id}'; name one of GET /secrets/:id/versions`);
  const holder = [...stages].find(([, names]) => names.includes(stage))?.[0];
  const seen = from === undefined ? holder : (from ?? undefined);
  if (holder !== seen && holder !== to)
    throw invalidInput(
      holder === undefined
        ? `the stage '${stage}' is at no version; leave remove_from out`
        : `the stage '${stage}' is at version '${holder}'; to move it, name that version in remove_from`,
    );
  if (to !== null) put(stages, stage, to);
  else if (stage === CURRENT)
    throw invalidInput(`the stage ${CURRENT} can be moved and not be taken away; name a version in move_to`);
  else if (holder !== undefined) take(stages, stage, holder);
  return checked(stages);
}

function checked(stages: Stages): Stages {
  for (const [id, names] of stages)
    if (names.length > LIMITS.stagesOfVersion)
      throw conflict(
        `version '${id}' would have ${names.length} stages, and ${LIMITS.stagesOfVersion} is the most; take some away first`,
      );
  return stages;
}

/** Those whose stages differ. */
export const changed = (versions: readonly Staged[], stages: Stages): readonly Staged[] =>
  versions.flatMap(({ id, stages: before }) => {
    const after = stages.get(id) ?? [];
    return before.length === after.length && before.every((name) => after.includes(name))
      ? []
      : [{ id, stages: after }];
  });
