import { readdir, rm } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { abortable } from '../../kernel/abortable.ts';
import { systemClock } from '../../kernel/clock.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import type {
  ComputeEngine,
  ExecRequest,
  ExecResult,
  HostCapacity,
  ImageState,
  MachineRef,
  MachineSpec,
  MachineUsage,
  SeenMachine,
  Terminal,
  TerminalRequest,
} from '../../services/instances/compute-engine.ts';
import type { Availability } from '../../kernel/availability.ts';
import { findMissing } from '../availability.ts';
import { machineLink, machineName, platformMark, platformNames, projectName } from '../names.ts';
import { runInNamespace } from '../run-command.ts';
import { limitSending, unlimitSending } from './bandwidth.ts';
import { writeGuestFolder } from './guest-init.ts';
import { busyboxImage } from './images/busybox-image.ts';
import { debianImage } from './images/debian-image.ts';
import { ImageStore } from './images/image-store.ts';
import { IncusClient, IncusError, type IncusInstance } from './incus-client.ts';
import { followConsole } from './console-follow.ts';
import { boundStartLog, CONSOLE_FILE, ConsoleLogs } from './console-log.ts';
import { incusDirOf, incusSocketOf } from './incus-daemon.ts';
import { watchInstances } from './incus-events.ts';
import type { CommandPlace } from './incus-command.ts';
import { execInInstance } from './incus-exec.ts';
import { openIncusTerminal } from './incus-terminal.ts';
import { stopInstance } from './instance-processes.ts';
import {
  isDiskless,
  keepBackupOutside,
  liftLimit,
  type MachineDisks,
  removeBackup,
  removeStrayFolder,
} from './machine-disk.ts';
import { commonLines, type MachineFolders, MARKS, machineConfig, variablesConfig } from './machine-config.ts';
import { createUsageReader } from './machine-usage.ts';
import { toSeen } from './seen-machine.ts';
import { findPoolTrouble, measurePool, type PoolMeasure, spaceOf } from './pool-space.ts';
import { waitForProof } from './prove.ts';
import { removeRemains } from './remains.ts';
import { forgetAsked, isRunning, logFolderOf, readRunRecord, runsOf } from './run-record.ts';
import { completeConfig, startInstance, waitUntilDown, waitUntilTidied } from './start-instance.ts';
import { makeTenantProject } from './tenant-project.ts';
import { makeVariablesFolder, removeVariables, writeVariables } from './variables.ts';

export interface IncusComputeEngineOptions {
  /** The platform's data folder: where `startIncusDaemon` put the socket. */
  readonly dataDir: string;
  readonly platformId: string;
}

/** Milliseconds. A first launch unpacks the image. */
const CREATE_TIMEOUT_MS = 120_000;
const GIB = 1024 ** 3;

/** Instances as Incus containers: one project a tenant, unprivileged, each with user ids of its own. Does nothing until it is called. */
export class IncusComputeEngine implements ComputeEngine {
  readonly #platformId: string;
  readonly #cloudNamespace: string;
  readonly #incusDir: string;
  readonly #disks: MachineDisks;
  readonly #guestFolder: string;
  readonly #client: IncusClient;
  readonly #images: ImageStore;
  readonly #consoles = new ConsoleLogs();
  readonly #usage = createUsageReader();
  #guestReady: Promise<void> | undefined;

  constructor(options: IncusComputeEngineOptions) {
    this.#platformId = options.platformId;
    const names = platformNames(options.platformId);
    this.#cloudNamespace = names.cloudNamespace;
    this.#incusDir = incusDirOf(options.dataDir);
    this.#disks = { dataDir: options.dataDir, mountPin: names.mountPin };
    this.#guestFolder = `${options.dataDir}/guest`;
    this.#client = new IncusClient(incusSocketOf(options.dataDir));
    this.#images = new ImageStore(this.#client, `${options.dataDir}/images`, [busyboxImage, debianImage]);
  }

  /** Waits for image builds under way and closes the connections. */
  async close(): Promise<void> {
    await this.#images.settle();
    await this.#client.close();
  }

  async availability(): Promise<Availability> {
    const missing = await findMissing('compute');
    if (missing !== undefined) return { ok: false, missing };
    return this.#client.call('GET', '/1.0', { timeoutMs: 5_000 }).then(
      async (): Promise<Availability> => {
        const trouble = await findPoolTrouble(this.#disks.dataDir);
        return trouble === undefined ? { ok: true } : { ok: false, missing: `Instances wait: ${trouble}.` };
      },
      (error: unknown): Availability => ({
        ok: false,
        missing: `The platform's Incus does not answer at ${this.#client.socketPath}; the supervisor starts it. (${String(error)})`,
      }),
    );
  }

  async capacity(): Promise<HostCapacity> {
    const { promisable, warning } = spaceOf(await this.measureStorage());
    return {
      vcpus: cpus().length,
      memoryMb: Math.floor(totalmem() / 1024 ** 2),
      diskGb: Math.floor(promisable / GIB),
      ...(warning === undefined ? {} : { warning }),
    };
  }

  /** Bytes of the storage pool and of the disk below it. */
  async measureStorage(): Promise<PoolMeasure> {
    const measure = await measurePool(this.#disks);
    if (measure === undefined) throw new EngineError('unavailable', 'the storage pool is not mounted');
    return measure;
  }

  nameOf(instanceId: string): string {
    return machineName(this.#platformId, instanceId);
  }

  images(): Promise<ReadonlyMap<string, ImageState>> {
    return this.#images.states();
  }

  prepareImage(image: string, signal?: AbortSignal): Promise<ImageState> {
    return this.#images.prepare(image, signal);
  }

  async list(): Promise<readonly SeenMachine[]> {
    const instances = await this.#client.list<IncusInstance>('/1.0/instances', {
      query: { 'all-projects': 'true' },
      timeoutMs: 30_000,
    });
    return instances.map(toSeen);
  }

  async inspect(ref: MachineRef, signal?: AbortSignal): Promise<SeenMachine | undefined> {
    const found = await this.#find(ref, signal);
    if (found === undefined) return undefined;
    let record = await readRunRecord(this.#logFolderOf(ref));
    let last = found;
    if (found.status !== 'Stopped' && !(await isRunning(record))) {
      last = await waitUntilDown(found, () => this.#find(ref, signal));
      record = await readRunRecord(this.#logFolderOf(ref));
    }
    const seen = toSeen(last);
    if (seen.state === 'stopped' && (await isDiskless(this.#disks, found))) return { ...seen, state: 'lost' };
    return { ...seen, runs: runsOf(record, seen.state !== 'stopped', systemClock.now()) };
  }

  async define(ref: MachineRef, spec: MachineSpec, signal?: AbortSignal): Promise<void> {
    const name = this.nameOf(ref.instanceId);
    const wanted = machineConfig(this.#platformId, this.#foldersOf(ref), ref, spec);
    if ((await this.#find(ref, signal)) !== undefined) return;
    await this.#prepareGuest();
    const create = () =>
      this.#client.run('POST', '/1.0/instances', {
        project: this.#projectOf(ref),
        body: { name, type: 'container', source: { type: 'image', alias: spec.image }, profiles: [], ...wanted },
        timeoutMs: CREATE_TIMEOUT_MS,
        signal,
      });
    try {
      await create().catch(async (error: unknown) => {
        if (!(error instanceof IncusError) || !/project not found/i.test(error.message)) throw error;
        await makeTenantProject(
          this.#client,
          this.#projectOf(ref),
          `${platformMark(this.#platformId)} tenant ${ref.tenantId}`,
        );
        await create();
      });
    } catch (error) {
      // Another pass was faster.
      if (error instanceof IncusError && /already exists/i.test(error.message)) return;
      throw error;
    }
  }

  async start(ref: MachineRef, signal?: AbortSignal, spec?: Pick<MachineSpec, 'env' | 'command'>): Promise<void> {
    let found = await this.#find(ref, signal);
    if (found === undefined)
      throw new EngineError('not_found', `no such machine to start: ${this.nameOf(ref.instanceId)}`);
    const before = await readRunRecord(this.#logFolderOf(ref));
    // Its last run is still being tidied up: its log may yet get lines.
    if (found.status === 'Running' && before !== undefined && !(await isRunning(before)))
      found = await waitUntilDown(found, () => this.#find(ref, signal));
    // A stop that failed is no longer wanted.
    if (found.status === 'Running' && (await isRunning(before))) return forgetAsked(this.#logFolderOf(ref));
    await this.#prepareGuest();
    if (found.status === 'Stopped') {
      await waitUntilTidied(`${this.#incusDir}/devices/${found.project}_${found.name}`);
      // First: whatever changes a machine writes its backup.yaml.
      await keepBackupOutside(this.#disks, found);
    }
    const given = spec && found.status === 'Stopped' ? variablesConfig(spec) : {};
    await completeConfig(this.#client, found, commonLines(this.#foldersOf(ref)), given, signal);
    await writeVariables(this.#guestFolder, { ...found, config: { ...found.config, ...given } });
    const mbps = Number(found.config[MARKS.mbps] ?? 0);
    if (mbps > 0) await limitSending(this.#cloudNamespace, machineLink(this.#platformId, ref.instanceId), mbps);
    if (found.status === 'Stopped') await this.#consoles.endLine(this.#consoleOf(ref));
    const logFolder = this.#logFolderOf(ref);
    const removeLink = async (): Promise<void> => {
      const link = machineLink(this.#platformId, ref.instanceId);
      await runInNamespace(this.#cloudNamespace, 'ip', ['link', 'delete', 'dev', link], { okCodes: [0, 1] });
    };
    const lift = (): Promise<void> => liftLimit(this.#disks, found, logFolder);
    await startInstance(this.#client, found, { logFolder, before, removeLink, liftLimit: lift }, signal);
    if (found.devices['thecloud'] !== undefined) await waitForProof(await readRunRecord(logFolder), signal);
  }

  async stop(ref: MachineRef, graceMs: number, signal?: AbortSignal): Promise<void> {
    const found = await this.#find(ref, signal);
    if (found === undefined || found.status === 'Stopped') return;
    await stopInstance(this.#client, this.#incusDir, found, graceMs, signal);
  }

  async remove(ref: MachineRef, signal?: AbortSignal): Promise<void> {
    const found = await this.#find(ref, signal);
    // Gone already, maybe by an interrupted removal; still remove what belongs to it.
    if (found === undefined) return this.#removeRest(ref, true);
    if (found.status !== 'Stopped') await stopInstance(this.#client, this.#incusDir, found, 0, signal);
    await this.#remove(ref, found, signal);
  }

  async discard(ref: MachineRef, signal?: AbortSignal): Promise<void> {
    const found = await this.#find(ref, signal);
    if (found === undefined || found.status !== 'Stopped' || !(await isDiskless(this.#disks, found))) return;
    await this.#remove(ref, found, signal);
  }

  /** Incus refuses to delete an instance that was started in between. */
  async #remove(ref: MachineRef, found: IncusInstance, signal: AbortSignal | undefined): Promise<void> {
    const project = this.#projectOf(ref);
    const remove = () =>
      this.#client
        .run('DELETE', `/1.0/instances/${found.name}`, { project, timeoutMs: 60_000, signal })
        .catch((error: unknown) => {
          if (!(error instanceof IncusError) || error.code !== 404) throw error;
        });
    await remove().catch(async (error: unknown) => {
      if (!(error instanceof IncusError) || error.said === undefined) throw error;
      if (!(await removeStrayFolder(this.#disks, found))) throw error;
      await remove();
    });
    await this.#removeRest(ref, found.config[MARKS.mbps] !== undefined);
  }

  /** What lies beside a machine and is not Incus' to remove. */
  async #removeRest(ref: MachineRef, mayBeLimited: boolean): Promise<void> {
    if (mayBeLimited) await unlimitSending(this.#cloudNamespace, machineLink(this.#platformId, ref.instanceId));
    await rm(this.#logFolderOf(ref), { recursive: true, force: true });
    this.#consoles.forget(this.#consoleOf(ref));
    await removeVariables(this.#guestFolder, this.nameOf(ref.instanceId));
    await removeBackup(this.#disks, { project: this.#projectOf(ref), name: this.nameOf(ref.instanceId) });
  }

  async exec(ref: MachineRef, request: ExecRequest, signal?: AbortSignal): Promise<ExecResult> {
    return execInInstance(await this.#placeIn(ref, signal), request, signal);
  }

  async openTerminal(ref: MachineRef, request: TerminalRequest, signal: AbortSignal): Promise<Terminal> {
    return openIncusTerminal(await this.#placeIn(ref, signal), request, signal);
  }

  /** Where a command of a running machine begins. */
  async #placeIn(ref: MachineRef, signal: AbortSignal | undefined): Promise<CommandPlace> {
    const found = await this.#require(ref, signal);
    if (found.status !== 'Running')
      throw new EngineError('unavailable', `the machine ${found.name} is ${found.status.toLowerCase()}, not running`);
    const folder = this.#logFolderOf(ref);
    if (!(await isRunning(await readRunRecord(folder))))
      throw new EngineError('unavailable', `the machine ${found.name} has ended`);
    await boundStartLog(folder);
    await this.#prepareGuest();
    return {
      client: this.#client,
      project: this.#projectOf(ref),
      name: found.name,
      variables: await writeVariables(this.#guestFolder, found),
      logFile: `${folder}/lxc.log`,
    };
  }

  async usage(ref: MachineRef, signal?: AbortSignal): Promise<MachineUsage | undefined> {
    const name = `${this.#projectOf(ref)}_${this.nameOf(ref.instanceId)}`;
    const record = await abortable(signal, readRunRecord(this.#logFolderOf(ref)));
    return record === undefined || record.pid === 0 ? undefined : this.#usage.read({ name, pid: record.pid });
  }

  async logs(ref: MachineRef, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
    await this.#require(ref, signal);
    return (await this.#consoles.readNewest(this.#consoleOf(ref), limit)).bytes;
  }

  async followLogs(ref: MachineRef, limit: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    await this.#require(ref, signal);
    const isThere = async (): Promise<boolean> => (await this.#find(ref)) !== undefined;
    return followConsole(this.#consoles, this.#consoleOf(ref), limit, isThere, signal);
  }

  async trimLogs(): Promise<void> {
    const folder = `${this.#incusDir}/logs`;
    const failures: unknown[] = [];
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Incus never ran here.
      if (error.code !== 'ENOENT') throw error;
      return [];
    });
    for (const name of names) {
      // One that fails must not keep the others long.
      await this.#consoles.trim(`${folder}/${name}/${CONSOLE_FILE}`).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  removeRemains(): Promise<void> {
    return removeRemains(this.#client, platformNames(this.#platformId), this.#incusDir);
  }

  watch(onChange: (name: string) => void, signal: AbortSignal): Promise<void> {
    return watchInstances(this.#client, onChange, signal);
  }

  /** Host ends of the NICs plugged into a bridge: which LinuxNetworkEngine reattaches after it has recreated the bridge. */
  async portsOf(bridge: string): Promise<readonly string[]> {
    const instances = await this.#client.list<IncusInstance>('/1.0/instances', {
      query: { 'all-projects': 'true' },
      timeoutMs: 30_000,
    });
    return instances
      .map((instance) => instance.devices['eth0'])
      .filter((nic) => nic?.['parent'] === bridge)
      .map((nic) => nic?.['host_name'] ?? '')
      .filter((name) => name !== '');
  }

  #foldersOf(ref: MachineRef): MachineFolders {
    return { guest: this.#guestFolder, logs: this.#logFolderOf(ref) };
  }

  #consoleOf(ref: MachineRef): string {
    return `${this.#logFolderOf(ref)}/${CONSOLE_FILE}`;
  }

  #logFolderOf(ref: MachineRef): string {
    return logFolderOf(this.#incusDir, this.#projectOf(ref), this.nameOf(ref.instanceId));
  }

  #projectOf(ref: MachineRef): string {
    return projectName(this.#platformId, ref.tenantId);
  }

  async #find(ref: MachineRef, signal?: AbortSignal): Promise<IncusInstance | undefined> {
    const path = `/1.0/instances/${this.nameOf(ref.instanceId)}`;
    const options = { project: this.#projectOf(ref), signal };
    return this.#client.call<IncusInstance>('GET', path, options).catch((error: unknown) => {
      if (error instanceof IncusError && error.code === 404) return undefined;
      throw error;
    });
  }

  async #require(ref: MachineRef, signal: AbortSignal | undefined): Promise<IncusInstance> {
    const found = await this.#find(ref, signal);
    if (found === undefined) throw new EngineError('not_found', `no such machine: ${this.nameOf(ref.instanceId)}`);
    return found;
  }

  /** Once a process: instances with a command see this folder, and all have their runs recorded by the hook in it. */
  #prepareGuest(): Promise<void> {
    const make = async (): Promise<void> => {
      await writeGuestFolder(this.#guestFolder);
      await makeVariablesFolder(this.#guestFolder);
    };
    this.#guestReady ??= make().catch((error: unknown) => {
      this.#guestReady = undefined;
      throw error;
    });
    return this.#guestReady;
  }
}
