import { mkdir, mkdtemp, readdir, readFile, rename } from 'node:fs/promises';
import { EngineError } from '../../../kernel/engine-error.ts';
import { listProcesses, readArguments, sendSignal, waitUntil } from '../../processes.ts';
import { runCommand } from '../../run-command.ts';
import { mountsBelow } from '../mount-namespace.ts';
import { type ImageRecipe, writeMetadata } from './image-recipe.ts';

/**
 * Builds a recipe's image into `file`, in a folder of its own below `folder`. What an earlier build of it that was killed has left is
 * removed first; one process at a time may build in a folder.
 */
export async function packImage(
  recipe: ImageRecipe,
  folder: string,
  file: string,
  onProgress: (line: string) => void,
): Promise<void> {
  const prefix = `.${recipe.name.replaceAll('/', '-')}.`;
  for (const name of await readdir(folder)) if (name.startsWith(prefix)) await removeBuild(`${folder}/${name}`);
  const build = await mkdtemp(`${folder}/${prefix}`);
  try {
    await mkdir(`${build}/image/rootfs`, { recursive: true });
    await recipe.buildRoot(`${build}/image/rootfs`, onProgress);
    await runCommand('chmod', ['755', `${build}/image/rootfs`]);
    await writeMetadata(`${build}/image`, recipe);
    onProgress('packing');
    // zstd, the default, takes ten times as long; the file is read once.
    const options = ['-comp', 'gzip', '-Xcompression-level', '1', '-noappend', '-no-progress', '-quiet'];
    await runCommand('mksquashfs', [`${build}/image`, `${build}/packed`, ...options], { timeoutMs: recipe.timeoutMs });
    await rename(`${build}/packed`, file);
  } finally {
    await removeBuild(build);
  }
}

/** Ends what works in the folder, takes away what is mounted below it, and removes it: never what lies on another file system. */
async function removeBuild(build: string): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    const pids = await findProcessesOf(build);
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    return pids.length === 0;
  };
  if (!(await waitUntil(isDone, 10_000))) throw new EngineError('failed', `processes in ${build} do not end`);
  for (const path of mountsBelow(await readFile('/proc/self/mounts', 'utf8'), build))
    await runCommand('umount', [path]);
  await runCommand('rm', ['-rf', '--one-file-system', '--', build], { timeoutMs: 120_000 });
}

/** By their arguments: each program of a build is given a path in its folder. */
async function findProcessesOf(build: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await listProcesses()) {
    if (pid !== process.pid && (await readArguments(pid)).some((word) => word.startsWith(`${build}/`))) found.push(pid);
  }
  return found;
}
